/** Where a thing that this person made is: the words and ticks of the outbox, on the thing itself. */

import { sayCode } from "../../../app/errors.tsx";
import { useEngine } from "../../../app/use.ts";
import { OutcomeChip } from "../../outbox/parts/outcome.tsx";

export function Whereabouts({ id }: { id: string }) {
  const item = useEngine().outbox.value.findLast((one) => one.args.id === id || one.args.answer_id === id);
  if (!item || item.state === "received") return null;
  return (
    <p class="row small">
      <OutcomeChip state={item.state} />
      {item.code && <span>{sayCode(item.code, item.message)}</span>}
    </p>
  );
}
