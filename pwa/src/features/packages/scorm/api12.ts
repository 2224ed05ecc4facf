/** `window.API`: the run-time environment of SCORM 1.2. */

import { ELEMENTS_12 } from "./elements.ts";
import type { Wrong } from "./model.ts";
import { Session, type Visit } from "./session.ts";
import { clockOf } from "./times.ts";

const ERRORS: Readonly<Record<string, string>> = {
  "0": "No error",
  "101": "General exception",
  "201": "Invalid argument error",
  "202": "Element cannot have children",
  "203": "Element not an array. Cannot have count",
  "301": "Not initialized",
  "401": "Not implemented error",
  "402": "Invalid set value, element is a keyword",
  "403": "Element is read only",
  "404": "Element is write only",
  "405": "Incorrect Data Type",
};
const CODES: Readonly<Record<Wrong, string>> = {
  undefined: "201",
  no_children: "202",
  no_count: "203",
  keyword: "402",
  read_only: "403",
  write_only: "404",
  unset: "0",
  type: "405",
  range: "405",
  gap: "201",
  beyond: "201",
  dependency: "201",
};
const STATUS = "cmi.core.lesson_status";

export interface Api12 {
  LMSInitialize(parameter: unknown): "true" | "false";
  LMSFinish(parameter: unknown): "true" | "false";
  LMSGetValue(name: unknown): string;
  LMSSetValue(name: unknown, value: unknown): "true" | "false";
  LMSCommit(parameter: unknown): "true" | "false";
  LMSGetLastError(): string;
  LMSGetErrorString(code: unknown): string;
  LMSGetDiagnostic(code: unknown): string;
}

export function makeApi12(visit: Visit): Api12 {
  const session = new Session(ELEMENTS_12, visit, { session: "cmi.core.session_time", exit: "cmi.core.exit" }, false);
  let error = "0";
  const say = (code: string): "true" | "false" => {
    error = code;
    return code === "0" ? "true" : "false";
  };
  const isEmpty = (parameter: unknown) => parameter === "" || parameter === undefined || parameter === null;
  const value = (name: string) => session.model.values[name] ?? "";
  tellOfLearner(session);

  return {
    LMSInitialize(parameter) {
      if (!isEmpty(parameter)) return say("201");
      if (session.run === "open") return say("101");
      session.begin();
      return say("0");
    },
    LMSFinish(parameter) {
      if (!isEmpty(parameter)) return say("201");
      if (session.run !== "open") return say("301");
      judge(session, value);
      session.end();
      tellOfLearner(session);
      return say("0");
    },
    LMSGetValue(name) {
      if (session.run !== "open") return say("301") && "";
      const got = session.model.get(String(name));
      error = "wrong" in got ? CODES[got.wrong] : "0";
      return "wrong" in got ? "" : got.value;
    },
    LMSSetValue(name, given) {
      if (session.run !== "open") return say("301");
      const element = String(name);
      const text = element === "cmi.comments" ? value(element) + String(given) : String(given ?? "");
      const wrong = session.model.set(element, text);
      if (!wrong) session.tell();
      return say(wrong ? CODES[wrong] : "0");
    },
    LMSCommit(parameter) {
      if (!isEmpty(parameter)) return say("201");
      if (session.run !== "open") return say("301");
      session.tell();
      return say("0");
    },
    LMSGetLastError: () => error,
    LMSGetErrorString: (code) => ERRORS[String(code)] ?? "",
    LMSGetDiagnostic: (code) => ERRORS[isEmpty(code) ? error : String(code)] ?? "",
  };
}

function tellOfLearner(session: Session): void {
  const { item, learner } = session.visit;
  const { model } = session;
  model.put("cmi.core.student_id", learner.id);
  model.put("cmi.core.student_name", learner.name);
  model.put("cmi.core.entry", session.entry);
  model.put("cmi.core.total_time", clockOf(session.total));
  model.put("cmi.launch_data", item.data ?? "");
  model.put("cmi.student_data.mastery_score", item.mastery ?? "");
  model.put("cmi.student_data.max_time_allowed", item.timeMax ?? "");
  model.put("cmi.student_data.time_limit_action", item.timeAction ?? "");
}

/** With a mastery score the platform says who passed; who says nothing of a status has completed by ending. */
function judge(session: Session, value: (name: string) => string): void {
  const raw = value("cmi.core.score.raw");
  const { mastery } = session.visit.item;
  if (mastery !== undefined && raw !== "")
    session.model.put(STATUS, Number(raw) >= Number(mastery) ? "passed" : "failed");
  else if (value(STATUS) === "") session.model.put(STATUS, "completed");
}
