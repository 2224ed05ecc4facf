"""The demo course's words: five short lessons of our own about how things move."""

from server.catalog.blocks import (
    Exercise,
)
from server.catalog.demo import drawings
from server.catalog.demo.words import (
    CHANGE,
    DemoLesson,
    Picture,
    box,
    formula,
    head,
    i,
    means,
    n,
    o,
    over,
    points,
    say,
    small,
    squared,
    table,
    unit,
)

TITLE = "How things move"
DESCRIPTION = (
    "Where is it, how fast is it, and what makes it faster? Five short lessons with pictures, a little arithmetic"
    " and a practice"
    " test. Everything works without a network."
)


WHERE = DemoLesson(
    "Moving along a line",
    "Where is it?",
    [
        say("Amina walks to school. Ask two people how far she went and you may get two answers, both of them right."),
        Picture(
            drawings.walk_to_school,
            "A winding green path leads from a house to a school; below it a straight blue arrow points from the"
            " house to the school.",
            "One walk, two measures.",
        ),
        means("<strong>Distance</strong>", "the length of the whole path, every turn included. It is never negative."),
        means(
            "<strong>Displacement</strong>",
            "how far and <em>which way</em> the end lies from the start, straight across.",
        ),
        head("Putting numbers on a line"),
        say(
            "Choose a point to be zero and a direction to be positive. Now every place on a street, a rail or a"
            " swimming lane"
            " is a number: its <strong>position</strong> <math><mi>x</mi></math>."
        ),
        Picture(
            drawings.number_line,
            "A number line from minus five to four metres. A blue arrow runs from the start at two to the end at"
            " minus three.",
            "From 2 m to −3 m.",
        ),
        formula(
            "displacement Δx = x end − x start = −3 m − 2 m = −5 m",
            CHANGE,
            i("x"),
            o("="),
            small(i("x"), "end"),
            o("−"),
            small(i("x"), "start"),
            o("="),
            n("−3"),
            unit("m"),
            o("−"),
            n("2"),
            unit("m"),
            o("="),
            n("−5"),
            unit("m"),
        ),
        say("The minus sign is not a mistake. It says <em>to the left</em>."),
        box(
            "exercise",
            "Try it",
            say("A cleaner pushes a cart 30 m along a corridor, then 12 m back. What are distance and displacement?"),
            box(
                "solution",
                "Look it up",
                say("Distance: 30 m + 12 m = 42 m. Displacement: 30 m − 12 m = 18 m, forwards."),
            ),
        ),
    ],
)

HOW_FAST = DemoLesson(
    "Moving along a line",
    "How fast is it?",
    [
        say(
            "A bus needs 2 hours for 120 km. It stopped, it waited, it hurried; on the whole it made 60 km in each"
            " hour."
        ),
        means("<strong>Average speed</strong>", "the whole distance divided by the whole time."),
        formula(
            "average speed v = distance d / time t = 120 km / 2 h = 60 km/h",
            small(i("v"), "average"),
            o("="),
            over(i("d"), i("t")),
            o("="),
            over(n("120") + unit("km"), n("2") + unit("h")),
            o("="),
            n("60"),
            unit("km/h"),
        ),
        head("Speed is not velocity"),
        say(
            "Two cars at 60 km/h may be driving towards each other. To tell them apart, say which way: that is"
            " <strong>velocity</strong>."
        ),
        Picture(
            drawings.speed_and_velocity,
            "Two cars on a road. An orange one drives right at plus sixty, a blue one left at minus sixty"
            " kilometres an hour.",
            "The same speed, opposite velocities.",
        ),
        say(
            "A quantity with a size <em>and</em> a direction is a <dfn>vector</dfn>. One with a size alone is a"
            " <dfn>scalar</dfn>."
        ),
        table(
            ["How much?", "How much, and which way?"],
            ["distance: 42 m", "displacement: 18 m forwards"],
            ["speed: 60 km/h", "velocity: 60 km/h to the east"],
            ["mass: 10 kg", "force: 50 N to the right"],
        ),
        head("From km/h to m/s"),
        say("An hour has 3,600 seconds and a kilometre 1,000 metres, so divide by 3.6."),
        formula(
            "72 km/h = 72,000 m / 3,600 s = 20 m/s",
            n("72"),
            unit("km/h"),
            o("="),
            over(n("72,000") + unit("m"), n("3,600") + unit("s")),
            o("="),
            n("20"),
            unit("m/s"),
        ),
        box(
            "tip",
            "A feeling for it",
            say("Walking is about 1.4 m/s, cycling 5 m/s, a city bus 12 m/s, a passenger plane 250 m/s."),
        ),
    ],
)

GRAPHS = DemoLesson(
    "Moving along a line",
    "Reading a graph of motion",
    [
        say(
            "A graph of distance against time tells a whole walk at a glance, if you know where to look: at how"
            " <em>steep</em> it is."
        ),
        Picture(
            drawings.distance_graph,
            "Distance against time: a steep rise to sixty metres in twenty seconds, flat until forty, then a"
            " gentle rise to eighty.",
            "A run, a rest, a stroll.",
        ),
        points(
            "<strong>Steep</strong>: many metres in each second, fast.",
            "<strong>Flat</strong>: time goes by, the distance stays: standing still.",
            "<strong>Gentle</strong>: slow.",
        ),
        say(
            "The steepness has a number, the <strong>slope</strong>: how far up, divided by how far to the right."
            " And that is the speed."
        ),
        formula(
            "speed = slope = 60 m / 20 s = 3 m/s",
            i("v"),
            o("="),
            over(CHANGE + i("d"), CHANGE + i("t")),
            o("="),
            over(n("60") + unit("m"), n("20") + unit("s")),
            o("="),
            n("3"),
            unit("m/s"),
        ),
        box(
            "exercise",
            "Try it",
            say("How fast is the stroll, between 40 s and 60 s?"),
            box("solution", "Look it up", say("It rises from 60 m to 80 m: 20 m in 20 s, so 1 m/s.")),
        ),
    ],
)

FASTER = DemoLesson(
    "Changing speed",
    "Faster and slower",
    [
        say(
            "A train leaves the station. After one second it does 4 m/s, after two 8 m/s, after three 12 m/s: 4"
            " m/s more in every second."
        ),
        means(
            "<strong>Acceleration</strong>",
            "how much the velocity changes in each second. Its unit is m/s²: metres per second, per second.",
        ),
        formula(
            "acceleration a = change of velocity Δv / time Δt = 12 m/s / 3 s = 4 m/s²",
            i("a"),
            o("="),
            over(CHANGE + i("v"), CHANGE + i("t")),
            o("="),
            over(n("12") + unit("m/s"), n("3") + unit("s")),
            o("="),
            n("4"),
            squared("<mtext>m/s</mtext>"),
        ),
        head("What lies under the line"),
        Picture(
            drawings.velocity_graph,
            "Velocity against time: a straight line rising by four metres per second each second. The triangle"
            " below it, up to"
            " four seconds, is shaded and marked thirty-two metres.",
            "The slope is the acceleration, the area is the way.",
        ),
        say(
            "In a graph of <em>velocity</em> against time the slope is the acceleration, and the area below the"
            " line is the displacement."
        ),
        formula(
            "d = 1/2 × 4 s × 16 m/s = 32 m",
            i("d"),
            o("="),
            over(n("1"), n("2")),
            o("×"),
            n("4"),
            unit("s"),
            o("×"),
            n("16"),
            unit("m/s"),
            o("="),
            n("32"),
            unit("m"),
        ),
        box(
            "warning",
            "Careful",
            say("Slowing down is acceleration too: it points against the motion, and its sign is the other one."),
        ),
    ],
)

FALLING = DemoLesson(
    "Changing speed",
    "Falling, and pushing",
    [
        say(
            "Drop a ball. In every second its speed grows by the same 9.8 m/s, and it makes no difference how"
            " heavy it is."
        ),
        Picture(
            drawings.falling_ball,
            "A falling ball drawn every three tenths of a second: the gaps grow from one to the next.",
            "The same ball, five moments.",
        ),
        formula(
            "v = g × t = 9.8 m/s² × 2 s = 19.6 m/s",
            i("v"),
            o("="),
            i("g"),
            i("t"),
            o("="),
            n("9.8"),
            squared("<mtext>m/s</mtext>"),
            o("×"),
            n("2"),
            unit("s"),
            o("="),
            n("19.6"),
            unit("m/s"),
        ),
        box(
            "info",
            "And a feather?",
            say(
                "On Earth the air holds it back. On the Moon there is none: in 1971 an astronaut dropped a hammer"
                " and a feather,"
                " and they landed together."
            ),
        ),
        head("What makes things speed up"),
        say(
            "A <strong>force</strong>: a push or a pull, measured in <em>newton</em> (N). What counts is what is"
            " left over when all forces are added."
        ),
        Picture(
            drawings.push_and_friction,
            "A ten kilogram box. A blue arrow pushes it right with fifty newton, an orange one, friction, holds"
            " back with twenty.",
            "50 N forwards, 20 N back: 30 N are left.",
        ),
        formula(
            "a = F net / m = (50 N − 20 N) / 10 kg = 3 m/s²",
            i("a"),
            o("="),
            over(small(i("F"), "net"), i("m")),
            o("="),
            over(n("50") + unit("N") + o("−") + n("20") + unit("N"), n("10") + unit("kg")),
            o("="),
            n("3"),
            squared("<mtext>m/s</mtext>"),
        ),
        points(
            "No force left over: it stays at rest, or goes on as it was.",
            "Twice the force: twice the acceleration.",
            "Twice the mass: half the acceleration.",
        ),
        Exercise(
            prompt="Now take the practice test of this course. It works offline; your answers are sent when there"
            " is a network."
        ),
    ],
)

LESSONS = (WHERE, HOW_FAST, GRAPHS, FASTER, FALLING)
