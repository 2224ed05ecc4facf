/** Lists and tables: what has items, rows and cells. */

import { useRef, useState } from "preact/hooks";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import type { Block, TableRow } from "../../catalog/blocks.ts";
import { BlockView } from "../../catalog/parts/blocks.tsx";
import { inserted, isPlainTable, withCell, withColumn, withItem, withoutColumn } from "../editing.ts";
import type { EditorProps } from "./fields.tsx";
import { RichInput } from "./rich-input.tsx";

export function ListEditor({ block, courseId, onChange }: EditorProps<Extract<Block, { type: "list" }>>) {
  const { items } = block;
  const [focused, setFocused] = useState(0);
  const keys = useRef<number[]>([]);
  const last = useRef(0);
  while (keys.current.length < items.length) keys.current.push(++last.current); // Items have no ids; fields need them.

  function add(index: number, html: string, before?: string): void {
    const kept = before === undefined ? items : withItem(items, index - 1, before);
    keys.current.splice(index, 0, ++last.current);
    setFocused(index);
    onChange({ ...block, items: inserted(kept, index, { html }) }, true);
  }

  function remove(index: number): void {
    if (items.length === 1) return;
    keys.current.splice(index, 1);
    setFocused(Math.max(0, index - 1));
    onChange({ ...block, items: items.filter((_item, at) => at !== index) }, true);
  }

  return (
    <>
      <label class="row">
        <input
          type="checkbox"
          checked={block.ordered}
          onChange={(event) => onChange({ ...block, ordered: event.currentTarget.checked }, true)}
        />
        {t("authoring.numbered")}
      </label>
      <div class="items">
        {items.map((item, index) => (
          <div key={keys.current[index]} class="stack tight">
            <div class="item-row">
              <RichInput
                label={t("authoring.item", { n: index + 1 })}
                html={item.html ?? ""}
                isFirst={index === focused}
                onInput={(html) => onChange({ ...block, items: withItem(items, index, html) })}
                onEnter={(before, behind) => add(index + 1, behind, before)}
                onBack={() => remove(index)}
              />
              {items.length > 1 && (
                <button
                  type="button"
                  class="button quiet round"
                  aria-label={t("authoring.item_less")}
                  onClick={() => remove(index)}
                >
                  <Icon name="trash-2" />
                </button>
              )}
            </div>
            {item.blocks?.map((inner, at) => (
              <div key={at} class="lesson inside">
                <BlockView block={inner} place={{ courseId, isTeacher: true }} />
              </div>
            ))}
          </div>
        ))}
      </div>
      <button type="button" class="button" onClick={() => add(items.length, "")}>
        <Icon name="plus" />
        {t("authoring.item_new")}
      </button>
    </>
  );
}

export function TableEditor({ block, onChange }: EditorProps<Extract<Block, { type: "table" }>>) {
  const head = block.head ?? [];
  const { head: _head, ...headless } = block;
  const isPlain = isPlainTable([...head, ...block.rows]);
  const width = Math.max(1, block.rows[0]?.length ?? 1);
  const { caption: _caption, ...silent } = block;
  const both = (rows: readonly TableRow[], heads: readonly TableRow[]) =>
    heads.length > 0 ? { ...block, rows, head: heads } : { ...headless, rows };
  return (
    <>
      <div class="cells">
        <table>
          <tbody>
            {head.map((row, at) => (
              <Cells
                key={`head-${at}`}
                row={row}
                at={null}
                onCell={(column, html) => onChange(both(block.rows, withCell(head, at, column, html)))}
              />
            ))}
            {block.rows.map((row, at) => (
              <Cells
                key={at}
                row={row}
                at={at}
                onCell={(column, html) => onChange(both(withCell(block.rows, at, column, html), head))}
              />
            ))}
          </tbody>
        </table>
      </div>
      {isPlain && (
        <>
          <label class="row">
            <input
              type="checkbox"
              checked={head.length > 0}
              onChange={(event) =>
                onChange(both(...(event.currentTarget.checked ? raised(block.rows) : lowered(head, block.rows))), true)
              }
            />
            {t("authoring.head")}
          </label>
          <div class="tools">
            <button
              type="button"
              class="button"
              onClick={() => onChange(both([...block.rows, Array.from({ length: width }, () => ({}))], head), true)}
            >
              {t("authoring.row_new")}
            </button>
            <button
              type="button"
              class="button"
              onClick={() => onChange(both(withColumn(block.rows), withColumn(head)), true)}
            >
              {t("authoring.column_new")}
            </button>
            {block.rows.length > 1 && (
              <button type="button" class="button" onClick={() => onChange(both(block.rows.slice(0, -1), head), true)}>
                {t("authoring.row_less")}
              </button>
            )}
            {width > 1 && (
              <button
                type="button"
                class="button"
                onClick={() => onChange(both(withoutColumn(block.rows), withoutColumn(head)), true)}
              >
                {t("authoring.column_less")}
              </button>
            )}
          </div>
        </>
      )}
      <RichInput
        label={t("authoring.caption")}
        html={block.caption ?? ""}
        onInput={(caption) => onChange(caption === "" ? silent : { ...block, caption })}
      />
    </>
  );
}

/** The first row becomes the heading; a table keeps one row below it. */
function raised(rows: readonly TableRow[]): [readonly TableRow[], readonly TableRow[]] {
  const [first = [], ...others] = rows;
  return others.length > 0 ? [others, [first]] : [rows, [first.map(() => ({}))]];
}

const lowered = (head: readonly TableRow[], rows: readonly TableRow[]): [readonly TableRow[], readonly TableRow[]] => [
  [...head, ...rows],
  [],
];

interface CellsProps {
  readonly row: TableRow;
  readonly at: number | null; // Null: a heading.
  readonly onCell: (column: number, html: string) => void;
}

function Cells({ row, at, onCell }: CellsProps) {
  return (
    <tr>
      {row.map((cell, column) => (
        <td key={column} colSpan={cell.across} rowSpan={cell.down}>
          <RichInput
            isPlain
            label={
              at === null
                ? t("authoring.head_cell", { column: column + 1 })
                : t("authoring.cell", { row: at + 1, column: column + 1 })
            }
            html={cell.html ?? ""}
            onInput={(html) => onCell(column, html)}
          />
        </td>
      ))}
    </tr>
  );
}
