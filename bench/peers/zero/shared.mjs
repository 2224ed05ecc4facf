// What server and clients agree on: two tables, one query, one mutator.
import { createBuilder, createSchema, defineMutator, defineMutators, defineQueries, defineQuery } from "@rocicorp/zero";
import { number, string, table } from "@rocicorp/zero";

const rows = table("peer_rows").columns({ id: string(), title: string(), words: string() }).primaryKey("id");
const records = table("peer_records")
  .columns({ id: string(), lesson: number(), seen_ppm: number(), seconds: number() })
  .primaryKey("id");

export const schema = createSchema({ tables: [rows, records] });
const zql = createBuilder(schema);
export const queries = defineQueries({ all: defineQuery(() => zql.peer_rows) });
export const mutators = defineMutators({
  add: defineMutator(async ({ tx, args }) => {
    await tx.mutate.peer_records.insert(args);
  }),
});
