"""A practice test for the demo course: eight questions of our own, one of each kind at least."""

from uuid import UUID

from server.assessments.imports import import_gift
from server.base.tx import Tx

TITLE = "Check what you learned"

QUESTIONS = """
// A small test of our own making: everyday motion, no calculator needed.
$CATEGORY: Demo/Motion

::Bus stop::A bus drives 120 km in 2 hours. What is its average speed? {
    =60 km/h #Distance divided by time: 120 km ÷ 2 h.
    ~240 km/h #That multiplies. Speed is distance divided by time.
    ~122 km/h
    ~30 km/h
    ####Average speed is the whole distance divided by the whole time, stops included.
}

::Speed and velocity::Velocity says how fast something moves and which way; speed says only how fast. {
    TRUE#Think of a wind map: the arrows show more than numbers.#Yes. Velocity has a direction.
    ####60 km/h is a speed. 60 km/h to the north is a velocity.
}

::Vectors::Which of these have a direction? {
    ~%50%velocity
    ~%50%force
    ~mass
    ~temperature
    ####A quantity with a size and a direction is called a vector.
}

::Free fall::A ball is dropped from rest. About how fast is it after 2 seconds, in m/s? Take 9.8 m/s², forget the air. {
    #19.6:0.5
    ####Each second adds 9.8 m/s: \\( v \\= g t \\= 9.8 \\cdot 2 \\= 19.6 \\).
}

::Unit::The unit of force is the {=newton =newtons =N =N.}.

::Match::Match the quantity with its unit. {
    =distance -> metre
    =time -> second
    =speed -> metre per second
    =acceleration -> metre per second squared
    = -> kilogram
    ####Speed is metres in a second; acceleration is how much the speed changes in each second.
}

::Feather::On the Moon a hammer and a feather are dropped together. Which one lands first? {
    =They land together. #There is no air on the Moon to hold the feather back.
    ~The hammer, because it is heavier. #On Earth the air makes it look so. On the Moon there is none.
    ~The feather, because it is lighter.
    ~Neither: on the Moon nothing falls. #The Moon pulls too, about a sixth as strongly as the Earth.
}

::Graph::On a graph of distance against time, a straight horizontal line means that the thing {
    =stands still
    ~moves at a steady speed
    ~speeds up
    ~slows down
    ####Time goes on, the distance stays: it does not move.
}
"""


async def lay_practice_test(tx: Tx, *, course_slug: str, owner_id: UUID) -> None:
    """Lay the demo's practice test, published; a second call changes nothing."""
    await import_gift(
        tx, text=QUESTIONS, course_slug=course_slug, owner_id=owner_id, practice_title=TITLE, publish=True
    )
