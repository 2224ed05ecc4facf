// The app's own server, which Zero's asks what a query means and to carry out what clients wrote.
import { createServer } from "node:http";
import { mustGetMutator, mustGetQuery } from "@rocicorp/zero";
import { handleMutateRequest, handleQueryRequest } from "@rocicorp/zero/server";
import { zeroPostgresJS } from "@rocicorp/zero/server/adapters/postgresjs";
import postgres from "postgres";
import { mutators, queries, schema } from "./shared.mjs";

const database = zeroPostgresJS(schema, postgres(process.env.ZERO_UPSTREAM_DB, { max: 10 }));
const acts = {
  "/query": (asked) =>
    handleQueryRequest({ ...asked, schema, handler: (name, args) => mustGetQuery(queries, name).fn({ args }) }),
  "/mutate": (asked) =>
    handleMutateRequest({
      ...asked,
      dbProvider: database,
      handler: (transact) => transact((tx, name, args) => mustGetMutator(mutators, name).fn({ tx, args })),
    }),
};

createServer(async (request, answer) => {
  const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    const body = parts.length ? JSON.parse(Buffer.concat(parts).toString()) : null;
    const told = acts[pathname] ? await acts[pathname]({ query: searchParams, body, userID: "anybody" }) : {};
    answer.setHeader("content-type", "application/json").end(JSON.stringify(told));
  } catch (problem) {
    console.error(problem);
    answer.writeHead(500).end(String(problem));
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
