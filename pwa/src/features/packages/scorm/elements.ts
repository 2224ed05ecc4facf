/** The data models of SCORM 1.2 and 2004 as tables: each element's access, and what may stand in it. `n` is an index. */

export type Check = (value: string) => "type" | "range" | null;

export interface Rule {
  readonly mode: "ro" | "wo" | "rw";
  readonly check: Check;
  readonly start?: string; // Its value before anybody set it; without one it has none.
}

export type Rules = Readonly<Record<string, Rule>>;

const SUSPENDED_MAX = 64_000; // As 2004 allows; 1.2 says 4,096, which many programs exceed.

const text =
  (max: number): Check =>
  (value) =>
    value.length <= max ? null : "type";
const like =
  (pattern: RegExp): Check =>
  (value) =>
    pattern.test(value) ? null : "type";
const oneOf = (words: string): Check => {
  const known = new Set(words.split(" ").map((word) => (word === "''" ? "" : word)));
  return (value) => (known.has(value) ? null : "type");
};
const number =
  (min: number, max: number, mayBeEmpty = false): Check =>
  (value) => {
    if (mayBeEmpty && value === "") return null;
    if (!/^-?\d{1,10}(\.\d{1,10})?$/.test(value)) return "type";
    return Number(value) >= min && Number(value) <= max ? null : "range";
  };
const whole =
  (min: number, max: number): Check =>
  (value) =>
    /^-?\d{1,5}$/.test(value) ? (Number(value) >= min && Number(value) <= max ? null : "range") : "type";

const none: Check = () => null;
const ro = (start: string): Rule => ({ mode: "ro", check: none, start });
const rw = (check: Check, start?: string): Rule => ({ mode: "rw", check, ...(start === undefined ? {} : { start }) });
const wo = (check: Check): Rule => ({ mode: "wo", check });

const SPAN_12 = like(/^\d{2,4}:\d{2}:\d{2}(\.\d{1,2})?$/);
const TIME_12 = like(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,2})?$/);
const SCORE_12 = number(0, 100, true);
const ID_12 = like(/^\S{1,255}$/);
const STATUS_12 = "passed completed failed incomplete browsed";
const RESULT_12: Check = (value) =>
  /^(correct|wrong|unanticipated|neutral)$/.test(value) ? null : number(-1e9, 1e9)(value) && "type";

export const ELEMENTS_12: Rules = {
  "cmi.core.student_id": ro(""),
  "cmi.core.student_name": ro(""),
  "cmi.core.lesson_location": rw(text(1_000), ""),
  "cmi.core.credit": ro("credit"),
  "cmi.core.lesson_status": rw(oneOf(STATUS_12), "not attempted"),
  "cmi.core.entry": ro("ab-initio"),
  "cmi.core.score.raw": rw(SCORE_12, ""),
  "cmi.core.score.max": rw(SCORE_12, ""),
  "cmi.core.score.min": rw(SCORE_12, ""),
  "cmi.core.total_time": ro("0000:00:00.00"),
  "cmi.core.lesson_mode": ro("normal"),
  "cmi.core.exit": wo(oneOf("time-out suspend logout ''")),
  "cmi.core.session_time": wo(SPAN_12),
  "cmi.suspend_data": rw(text(SUSPENDED_MAX), ""),
  "cmi.launch_data": ro(""),
  "cmi.comments": rw(text(4_096), ""),
  "cmi.comments_from_lms": ro(""),
  "cmi.objectives.n.id": rw(ID_12),
  "cmi.objectives.n.score.raw": rw(SCORE_12, ""),
  "cmi.objectives.n.score.max": rw(SCORE_12, ""),
  "cmi.objectives.n.score.min": rw(SCORE_12, ""),
  "cmi.objectives.n.status": rw(
    (value) => (value === "not attempted" ? null : oneOf(STATUS_12)(value)),
    "not attempted",
  ),
  "cmi.student_data.mastery_score": ro(""),
  "cmi.student_data.max_time_allowed": ro(""),
  "cmi.student_data.time_limit_action": ro(""),
  "cmi.student_preference.audio": rw(whole(-1, 100), "0"),
  "cmi.student_preference.language": rw(text(255), ""),
  "cmi.student_preference.speed": rw(whole(-100, 100), "0"),
  "cmi.student_preference.text": rw(whole(-1, 1), "0"),
  "cmi.interactions.n.id": wo(ID_12),
  "cmi.interactions.n.objectives.n.id": wo(ID_12),
  "cmi.interactions.n.time": wo(TIME_12),
  "cmi.interactions.n.type": wo(oneOf("true-false choice fill-in matching performance sequencing likert numeric")),
  "cmi.interactions.n.correct_responses.n.pattern": wo(text(4_096)),
  "cmi.interactions.n.weighting": wo(number(-1e9, 1e9)),
  "cmi.interactions.n.student_response": wo(text(4_096)),
  "cmi.interactions.n.result": wo(RESULT_12),
  "cmi.interactions.n.latency": wo(SPAN_12),
};

const SPAN_2004 = like(/^P(?=[\dT])(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d{1,2})?S)?)?$/);
const TIME_2004 = like(/^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,2})?(Z|[+-]\d\d(:?\d\d)?)?)?)?)?)?)?$/);
const ANY = number(-1e10, 1e10);
const SCALED = number(-1, 1);
const ID_2004 = like(/^\S[\s\S]{0,3999}$/);
const COMPLETION = oneOf("completed incomplete unknown");
const SUCCESS = oneOf("passed failed unknown");
const RESULT_2004: Check = (value) =>
  /^(correct|incorrect|unanticipated|neutral)$/.test(value) ? null : ANY(value) && "type";
const status: Check = (value) => (value === "not attempted" ? null : COMPLETION(value));

export const ELEMENTS_2004: Rules = {
  "cmi._version": ro("1.0"),
  "cmi.comments_from_learner.n.comment": rw(text(4_250)),
  "cmi.comments_from_learner.n.location": rw(text(250)),
  "cmi.comments_from_learner.n.timestamp": rw(TIME_2004),
  "cmi.comments_from_lms.n.comment": { mode: "ro", check: none },
  "cmi.comments_from_lms.n.location": { mode: "ro", check: none },
  "cmi.comments_from_lms.n.timestamp": { mode: "ro", check: none },
  "cmi.completion_status": rw(status, "unknown"),
  "cmi.completion_threshold": { mode: "ro", check: none },
  "cmi.credit": ro("credit"),
  "cmi.entry": ro("ab-initio"),
  "cmi.exit": wo(oneOf("time-out suspend logout normal ''")),
  "cmi.interactions.n.id": rw(ID_2004),
  "cmi.interactions.n.type": rw(
    oneOf("true-false choice fill-in long-fill-in matching performance sequencing likert numeric other"),
  ),
  "cmi.interactions.n.objectives.n.id": rw(ID_2004),
  "cmi.interactions.n.timestamp": rw(TIME_2004),
  "cmi.interactions.n.correct_responses.n.pattern": rw(text(8_000)),
  "cmi.interactions.n.weighting": rw(ANY),
  "cmi.interactions.n.learner_response": rw(text(8_000)),
  "cmi.interactions.n.result": rw(RESULT_2004),
  "cmi.interactions.n.latency": rw(SPAN_2004),
  "cmi.interactions.n.description": rw(text(500)),
  "cmi.launch_data": { mode: "ro", check: none },
  "cmi.learner_id": ro(""),
  "cmi.learner_name": ro(""),
  "cmi.learner_preference.audio_level": rw(number(0, 1e10), "1"),
  "cmi.learner_preference.language": rw(text(250), ""),
  "cmi.learner_preference.delivery_speed": rw(number(0, 1e10), "1"),
  "cmi.learner_preference.audio_captioning": rw(oneOf("-1 0 1"), "0"),
  "cmi.location": rw(text(1_000)),
  "cmi.max_time_allowed": { mode: "ro", check: none },
  "cmi.mode": ro("normal"),
  "cmi.objectives.n.id": rw(ID_2004),
  "cmi.objectives.n.score.scaled": rw(SCALED),
  "cmi.objectives.n.score.raw": rw(ANY),
  "cmi.objectives.n.score.min": rw(ANY),
  "cmi.objectives.n.score.max": rw(ANY),
  "cmi.objectives.n.success_status": rw(SUCCESS, "unknown"),
  "cmi.objectives.n.completion_status": rw(status, "unknown"),
  "cmi.objectives.n.progress_measure": rw(number(0, 1)),
  "cmi.objectives.n.description": rw(text(250)),
  "cmi.progress_measure": rw(number(0, 1)),
  "cmi.scaled_passing_score": { mode: "ro", check: none },
  "cmi.score.scaled": rw(SCALED),
  "cmi.score.raw": rw(ANY),
  "cmi.score.min": rw(ANY),
  "cmi.score.max": rw(ANY),
  "cmi.session_time": wo(SPAN_2004),
  "cmi.success_status": rw(SUCCESS, "unknown"),
  "cmi.suspend_data": rw(text(SUSPENDED_MAX)),
  "cmi.time_limit_action": ro("continue,no message"),
  "cmi.total_time": ro("PT0S"),
  "adl.nav.request": rw(
    like(
      /^(continue|previous|exit|exitAll|abandon|abandonAll|suspendAll|_none_|\{target=[\s\S]{1,500}\}(choice|jump))$/,
    ),
    "_none_",
  ),
  "adl.nav.request_valid.continue": ro("unknown"),
  "adl.nav.request_valid.previous": ro("unknown"),
};
