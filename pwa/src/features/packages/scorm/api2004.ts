/** `window.API_1484_11`: the run-time environment of SCORM 2004. Its sequencing is not followed; requests to move are told. */

import { ELEMENTS_2004 } from "./elements.ts";
import type { Wrong } from "./model.ts";
import { Session, type Visit } from "./session.ts";
import { isoOf } from "./times.ts";

const ERRORS: Readonly<Record<string, string>> = {
  "0": "No Error",
  "101": "General Exception",
  "103": "Already Initialized",
  "104": "Content Instance Terminated",
  "112": "Termination Before Initialization",
  "113": "Termination After Termination",
  "122": "Retrieve Data Before Initialization",
  "123": "Retrieve Data After Termination",
  "132": "Store Data Before Initialization",
  "133": "Store Data After Termination",
  "142": "Commit Before Initialization",
  "143": "Commit After Termination",
  "201": "General Argument Error",
  "301": "General Get Failure",
  "351": "General Set Failure",
  "401": "Undefined Data Model Element",
  "402": "Unimplemented Data Model Element",
  "403": "Data Model Element Value Not Initialized",
  "404": "Data Model Element Is Read Only",
  "405": "Data Model Element Is Write Only",
  "406": "Data Model Element Type Mismatch",
  "407": "Data Model Element Value Out Of Range",
  "408": "Data Model Dependency Not Established",
};
const GET: Readonly<Partial<Record<Wrong, string>>> = { undefined: "401", write_only: "405", unset: "403" };
const SET: Readonly<Partial<Record<Wrong, string>>> = {
  undefined: "401",
  keyword: "404",
  read_only: "404",
  type: "406",
  range: "407",
  dependency: "408",
};

export interface Api2004 {
  Initialize(parameter: unknown): "true" | "false";
  Terminate(parameter: unknown): "true" | "false";
  GetValue(name: unknown): string;
  SetValue(name: unknown, value: unknown): "true" | "false";
  Commit(parameter: unknown): "true" | "false";
  GetLastError(): string;
  GetErrorString(code: unknown): string;
  GetDiagnostic(code: unknown): string;
  readonly version: string;
}

export function makeApi2004(visit: Visit): Api2004 {
  const session = new Session(ELEMENTS_2004, visit, { session: "cmi.session_time", exit: "cmi.exit" }, true);
  let error = "0";
  const say = (code: string): "true" | "false" => {
    error = code;
    return code === "0" ? "true" : "false";
  };
  /** "0" while it runs, else the code of before or after. */
  const outside = (before: string, after: string) =>
    session.run === "open" ? "0" : session.run === "ended" ? after : before;
  tellOfLearner(session);

  return {
    version: "1.0",
    Initialize(parameter) {
      if (parameter !== "") return say("201");
      if (session.run !== "none") return say(session.run === "open" ? "103" : "104");
      session.begin();
      return say("0");
    },
    Terminate(parameter) {
      if (parameter !== "") return say("201");
      const code = outside("112", "113");
      if (code !== "0") return say(code);
      judge(session);
      session.end();
      return say("0");
    },
    GetValue(name) {
      const code = outside("122", "123");
      if (code !== "0") return say(code) && "";
      if (name === "") return say("301") && "";
      judge(session);
      const got = session.model.get(String(name));
      error = "wrong" in got ? (GET[got.wrong] ?? "301") : "0";
      return "wrong" in got ? "" : got.value;
    },
    SetValue(name, value) {
      const code = outside("132", "133");
      if (code !== "0") return say(code);
      if (name === "") return say("351");
      const wrong = session.model.set(String(name), String(value ?? ""));
      if (!wrong) session.tell();
      return say(wrong ? (SET[wrong] ?? "351") : "0");
    },
    Commit(parameter) {
      if (parameter !== "") return say("201");
      const code = outside("142", "143");
      if (code === "0") session.tell();
      return say(code);
    },
    GetLastError: () => error,
    GetErrorString: (code) => ERRORS[String(code)] ?? "",
    GetDiagnostic: (code) => ERRORS[code === "" || code === undefined ? error : String(code)] ?? "",
  };
}

function tellOfLearner(session: Session): void {
  const { item, learner } = session.visit;
  const { model } = session;
  model.put("cmi.learner_id", learner.id);
  model.put("cmi.learner_name", learner.name);
  model.put("cmi.entry", session.entry);
  model.put("cmi.total_time", isoOf(session.total));
  if (item.data) model.put("cmi.launch_data", item.data);
  if (item.mastery) model.put("cmi.scaled_passing_score", item.mastery);
  if (item.timeMax) model.put("cmi.max_time_allowed", item.timeMax);
  if (item.timeAction) model.put("cmi.time_limit_action", item.timeAction);
}

/** With a passing score the platform says who passed, whatever the package says. */
function judge(session: Session): void {
  const scaled = session.model.values["cmi.score.scaled"];
  const { mastery } = session.visit.item;
  if (mastery === undefined || scaled === undefined) return;
  session.model.put("cmi.success_status", Number(scaled) >= Number(mastery) ? "passed" : "failed");
}
