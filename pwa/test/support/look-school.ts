/** A small school for looking at screens: short and long texts, every kind of block, every state of a wish. */

import type { OutboxItem, Row } from "../../src/sync/types.ts";

const now = Date.now();
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const motion = { course_id: "c-motion" };

const LESSONS: [section: string, title: string, minutes: number][] = [
  ["s-1", "Introduction", 2],
  ["s-1", "Relative Motion, Distance, and Displacement", 18],
  ["s-1", "Speed and Velocity", 15],
  ["s-1", "Position vs. Time Graphs", 16],
  ["s-2", "Acceleration", 14],
  ["s-2", "Representing Acceleration with Equations and Graphs", 21],
];

const MATH =
  '<math display="block"><msub><mi>v</mi><mtext>avg</mtext></msub><mo>=</mo><mfrac><mtext>displacement</mtext><mtext>time</mtext></mfrac>' +
  "<mo>=</mo><mfrac><mrow><mo>Δ</mo><mi>d</mi></mrow><mrow><mo>Δ</mo><mi>t</mi></mrow></mfrac></math>";

const BLOCKS = [
  { type: "note", kind: "info", title: "By the end of this section", blocks: [{ type: "list", ordered: false, items: [{ html: "Calculate the <dfn>average speed</dfn> of an object" }, { html: "Relate displacement and average velocity" }] }] },
  { type: "heading", level: 2, text: "Speed", id: "speed" },
  { type: "paragraph", html: "There is more to motion than distance and displacement. Questions such as “How long does a foot race take?” and “What was the runner’s speed?” cannot be answered without an understanding of other concepts. In this section we will look at <dfn>time</dfn>, <dfn>speed</dfn>, and <dfn>velocity</dfn> to expand our understanding of motion." },
  { type: "paragraph", html: 'A description of how fast or slow an object moves is its speed. <strong>Speed</strong> is the rate at which an object changes its location; average speed is <math><msub><mi>v</mi><mtext>avg</mtext></msub><mo>=</mo><mfrac><mi>d</mi><mi>t</mi></mfrac></math>. Read <a href="https://openstax.org">more</a>.' },
  { type: "math", mathml: MATH, alt: "v avg = displacement / time" },
  { type: "image", file_id: "f-1", alt: "A line graph titled Position versus Time. The line rises from zero to five kilometres in ten minutes and falls back to zero in twenty.", width: 960, height: 620, caption: "A graph of position versus time for the drive to and from school." },
  { type: "table", head: [[{ html: "Time (min)" }, { html: "Position (km)" }, { html: "Velocity" }]], rows: [[{ html: "0" }, { html: "0" }, { html: "0.5 km/min" }], [{ html: "10" }, { html: "5" }, { html: "−0.5 km/min" }], [{ html: "20" }, { html: "0" }, { html: "0" }]] },
  { type: "note", kind: "example", title: "Calculating Average Velocity", blocks: [{ type: "paragraph", html: "A student has a displacement of 304 m north in 180 s. What was the student’s average velocity?" }, { type: "note", kind: "solution", folded: true, blocks: [{ type: "paragraph", html: "1.7 m/s north." }] }] },
  { type: "quote", source: "Galileo Galilei", blocks: [{ type: "paragraph", html: "Measure what is measurable, and make measurable what is not so." }] },
  { type: "code", language: "python", text: "speed = distance / time\nprint(speed)" },
  { type: "exercise", prompt: "Walk ten metres and time it. What is your average speed?", assessment_id: "t-1" },
];

const PROMPTS = [
  "Which of these quantities decreases as the inverse square of distance for distances far from the objects producing the fields?",
  "A car travels 90 km in 1.5 h. What is its average speed?",
  "A ball is thrown straight up. What is its acceleration at the highest point?",
  "Two identical capacitors are hooked in parallel to an external circuit. Which of the following quantities must be the same for both capacitors?",
];

const items: Row[] = Array.from({ length: 12 }, (_none, index) => ({
  id: `i-${index}`,
  assessment_id: "t-1",
  revision: 1,
  kind: index === 5 ? "numeric" : "mcq",
  prompt: PROMPTS[index % PROMPTS.length],
  options: index === 5 ? [] : ["The electric field produced by a finite-length charged rod", "60 km/h", "9.8 m/s² downwards", "The charge stored on the capacitor"].map((text, n) => ({ id: `o${index}${n}`, text })),
  points: 1,
  rank: index,
}));

const result = {
  points: 9,
  max: 12,
  correct_count: 9,
  items_count: 12,
  passed: true,
  items: items.map((item, index) => ({
    item_id: item.id,
    correct: index % 4 !== 0,
    points: index % 4 === 0 ? 0 : 1,
    max: 1,
    chosen: `o${index}1`,
    right: `o${index}${index % 4 === 0 ? 2 : 1}`,
    ...(index % 4 === 0 ? { explanation: "Gravity acts at every moment of the flight, also when the velocity is zero." } : {}),
  })),
};

const course = (id: string, title: string, description: string, lessons: number, text: number, media: number): Row => ({
  id,
  slug: id,
  title,
  description,
  language: "en",
  level: null,
  access: "free",
  subject_id: "sub-phys",
  lessons_count: lessons,
  text_bytes: text,
  media_bytes: media,
  licence: "CC BY 4.0",
  attribution: "OpenStax, Rice University: “Physics”",
  source_url: "https://openstax.org/details/books/physics",
});

const cards = [
  course("c-motion", "Motion", "Distance, displacement, speed, velocity, acceleration and Newton’s laws, with pictures, graphs and worked examples.", 13, 322_000, 4_310_000),
  course("c-algebra", "First Steps in Algebra", "Letters for numbers, equations and what they are good for.", 8, 90_000, 640_000),
  course("c-english", "Everyday English A2", "Listen, read, speak: at the market, at the doctor’s, on the road.", 24, 410_000, 18_200_000),
];

const question = (id: string, title: string, minutes: number, answers: number, author = "u-amina"): Row => ({
  id,
  subject_id: "sub-phys",
  lesson_id: "l-2",
  author_id: author,
  author_name: "Amina Y.",
  title,
  body: "In the example the student walks back to the school. I get +1.7 m/s, but the book says −1.7 m/s. Where does the minus come from?",
  visibility: "private",
  state: answers ? "answered" : "open",
  answers_count: answers,
  asked_at: ago(minutes),
});

export const SCHOOL: Record<string, Record<string, Row[]>> = {
  "identity.me": {
    user: [
      { id: "u-amina", email: "amina@school.example", full_name: "Amina Yusupova", display_name: null, role: "student", roles: ["student"], locale: "en" },
      { id: "u-brian", email: "brian@school.example", full_name: "Brian Otieno", display_name: "Mr Brian", role: "mentor", roles: ["mentor", "educator"], locale: "en" },
    ],
  },
  "catalog.subjects": { public: [{ id: "sub-phys", slug: "physics", name: "Physics" }, { id: "sub-math", slug: "mathematics", name: "Mathematics" }] },
  "catalog.courses": { public: cards.filter((card) => card.id !== "c-algebra"), "course-staff:c-motion": cards.slice(0, 1), "course-staff:c-algebra": cards.slice(1, 2) },
  "catalog.sections": { "course:c-motion": [{ id: "s-1", ...motion, title: "Motion in One Dimension", rank: 0 }, { id: "s-2", ...motion, title: "Acceleration", rank: 1 }] },
  "catalog.lessons": { "course:c-motion": LESSONS.map(([section_id, title, minutes], index) => ({ id: `l-${index}`, ...motion, section_id, title, rank: index, minutes, text_bytes: 20_000 })) },
  "catalog.lesson_texts": { "course:c-motion": LESSONS.map((_lesson, index) => ({ id: `l-${index}`, ...motion, blocks: BLOCKS })) },
  "media.files": { "course:c-motion": [{ id: "f-1", sha256: "aa", mime: "image/webp", licence: "CC BY 4.0", attribution: "© OpenStax", variants: [{ name: "w480", width: 480, mime: "image/webp", bytes: 34_000, sha256: "f1small" }, { name: "w960", width: 960, mime: "image/webp", bytes: 88_000, sha256: "f1large" }] }] },
  "catalog.progress": { user: [{ id: "p-0", lesson_id: "l-0", seen_ppm: 1_000_000, seconds: 100, completed_at: ago(9000) }, { id: "p-1", lesson_id: "l-1", seen_ppm: 1_000_000, seconds: 100, completed_at: ago(8000) }, { id: "p-2", lesson_id: "l-2", seen_ppm: 420_000, seconds: 400, completed_at: null }] },
  "assessments.assessments": { "course:c-motion": [{ id: "t-1", ...motion, lesson_id: null, kind: "practice_test", title: "Motion: practice test", revision: 1, items_count: 12, points: 12, pass_ppm: 600_000, attempts_max: null }] },
  "assessments.items": { "course:c-motion": items },
  "assessments.attempts": {
    "user:u-amina": [
      { id: "a-1", assessment_id: "t-1", revision: 1, state: "graded", started_at: ago(3000), submitted_at: ago(2970), score_ppm: 750_000, result },
      { id: "a-2", assessment_id: "t-1", revision: 1, state: "submitted", started_at: ago(60), submitted_at: ago(30), score_ppm: null, result: null },
      { id: "a-3", assessment_id: "t-1", revision: 1, state: "in_progress", started_at: ago(10), submitted_at: null, score_ppm: null, result: null },
    ],
    "course-staff:c-motion": [750, 820, 430, 910, 660, 580, 1000, 710, 300, 840, 770, 690].map((score, index) => ({ id: `sa-${index}`, assessment_id: "t-1", revision: 1, state: "graded", started_at: ago(index * 300), submitted_at: ago(index * 300 - 20), score_ppm: score * 1000, result: null, learner_name: ["Amina Y.", "Brian O.", "Chidi N.", "Dilnoza R."][index % 4] })),
  },
  "assessments.answers": { user: [0, 1, 2, 4, 7].map((n) => ({ id: `an-${n}`, attempt_id: "a-3", item_id: `i-${n}`, value: `o${n}1` })) },
  "questions.questions": { user: [question("q-1", "Why is velocity negative on the way back?", 55, 1), question("q-2", "Is distance ever smaller than displacement?", 12, 0), question("q-3", "How do I read the slope of a curved graph?", 300, 0, "u-other")] },
  "questions.answers": { user: [{ id: "r-1", question_id: "q-1", author_id: "u-brian", author_name: "Mr Brian", body: "Look at the direction first: the way to the school counts as positive here, so the way back is negative.\n\nThe size of the velocity is the same; the sign tells where it points.", is_accepted: false, posted_at: ago(20) }] },
  "notifications.notifications": { user: [{ id: "n-1", kind: "question.answered", title: "Answered", message: "Why is velocity negative on the way back?", reference_type: "question", reference_id: "q-1", priority: "normal", data: null, created_at: ago(20), read_at: null }, { id: "n-2", kind: "attempt.graded", title: "Graded", message: "Motion: practice test", reference_type: "attempt", reference_id: "a-1", priority: "normal", data: { score_ppm: 750_000 }, created_at: ago(2960), read_at: ago(2900) }] },
};

const op = (n: number, name: string, state: OutboxItem["state"], title: string, args: Record<string, unknown> = {}): OutboxItem => ({
  identity: `look-${n}`, n, kind: "command", name, args, state, at: now - n * 60_000, title, bytes: 120,
});

export const OUTBOX: OutboxItem[] = [
  { ...op(40, "questions.question.ask", "not_accepted", "What is a vector?", { title: "What is a vector?", body: "I do not understand the arrows." }), code: "questions.limit" },
  op(20, "assessments.answers", "received", "Motion: practice test"),
  op(9, "assessments.attempt.submit", "sent", "Motion: practice test"),
  op(3, "questions.question.ask", "saved", "Is distance ever smaller than displacement?", { id: "q-2" }),
];
