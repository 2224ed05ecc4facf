/** What is in a package, to choose from in any order. */

import { Chip, Icon } from "../../../ui/parts.tsx";
import { formatPpm } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import type { Item, Outline } from "../outline.ts";
import { type Kept, resultOf } from "../scorm/kept.ts";

interface Props {
  readonly outline: Outline;
  readonly held: ReadonlyMap<string, Kept>;
  readonly onChoose: (item: Item) => void;
}

export function Contents({ outline, held, onChoose }: Props) {
  return (
    <nav aria-label={t("packages.contents")}>
      <Level items={outline.items} outline={outline} held={held} onChoose={onChoose} />
    </nav>
  );
}

function Level({ items, ...props }: Props & { items: readonly Item[] }) {
  return (
    <ul class="list plain">
      {items.map((item) => (
        <li key={item.id}>
          {item.path ? <Line item={item} {...props} /> : <p class="strong">{item.title}</p>}
          {item.items && <Level items={item.items} {...props} />}
        </li>
      ))}
    </ul>
  );
}

function Line({ item, outline, held, onChoose }: Props & { item: Item }) {
  const kept = held.get(item.id);
  const result = kept && resultOf(outline.edition, item, kept);
  return (
    <button type="button" class="line" onClick={() => onChoose(item)}>
      <span class="grow">{item.title}</span>
      {typeof result?.scorePpm === "number" && <Chip>{formatPpm(result.scorePpm)}</Chip>}
      {result?.isCompleted && (
        <Chip tone="good" icon="check">
          {t("packages.completed")}
        </Chip>
      )}
      <Icon name="chevron-right" />
    </button>
  );
}
