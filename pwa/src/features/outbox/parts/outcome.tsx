/** Where a wish is, with the ticks that people know from their messages. */

import type { Outcome } from "#sync";
import { engine } from "../../../app/session.ts";
import type { IconName } from "../../../ui/icon-names.ts";
import { Chip, type Tone } from "../../../ui/parts.tsx";
import { t, type Word, word } from "../../../words/index.ts";

const LOOKS: Readonly<Record<Outcome, { word: Word; icon: IconName; tone: Tone }>> = {
  saved: { word: word("outcome.saved"), icon: "smartphone", tone: "plain" },
  sending: { word: word("outcome.sending"), icon: "send", tone: "plain" },
  sent: { word: word("outcome.sent"), icon: "check", tone: "brand" },
  received: { word: word("outcome.received"), icon: "check-check", tone: "good" },
  waiting: { word: word("outcome.waiting"), icon: "clock", tone: "plain" },
  not_accepted: { word: word("outcome.not_accepted"), icon: "circle-alert", tone: "bad" },
};

/** Without a network nothing is on its way: what waits for its answer is still safe here, and that is what is said. */
export function OutcomeChip({ state }: { state: Outcome }) {
  const isOffline = engine.value?.status.value.link === "offline";
  const look = LOOKS[isOffline && state === "sending" ? "saved" : state];
  return (
    <Chip tone={look.tone} icon={look.icon}>
      {t(look.word)}
    </Chip>
  );
}
