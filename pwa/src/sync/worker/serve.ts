/** The worker's end of the wire: calls in, answers and news out. Runs in a worker, or beside the page in tests. */

import type { CallName, Calls, OpenRequest, Port, ToPage, ToWorker } from "../messages.js";
import { Core } from "./core.js";
import type { Env } from "./env.js";

const TOKEN_MS = 10_000; // A page that is frozen does not answer: then we are signed out for now.

export function serve(env: Env, port: Port<ToPage, ToWorker>): void {
  const host = new Host(env, port);
  port.listen((message) => host.hear(message));
}

class Host {
  private core: Core | null = null;
  private readonly tokenAsked = new Set<(token: string | null) => void>();

  constructor(
    private readonly env: Env,
    private readonly port: Port<ToPage, ToWorker>,
  ) {}

  hear(message: ToWorker): void {
    if ("call" in message) void this.answer(message.id, message.call, message.args);
    else if ("watch" in message) this.core?.watch(message.watch);
    else if ("unwatch" in message) this.core?.unwatch(message.unwatch);
    else if ("token" in message) for (const resolve of this.tokenAsked) resolve(message.token);
    else if (message.tell === "sync") this.core?.sync();
    else this.core?.pause(message.tell === "pause");
  }

  private async answer(id: number, call: CallName, args: Parameters<Calls[CallName]>): Promise<void> {
    try {
      this.port.post({ answer: id, value: await this.run(call, args) });
    } catch (error) {
      const { name, message, code } = error as { name?: string; message?: string; code?: unknown };
      const said = { name: name ?? "Error", message: message ?? String(error) };
      this.port.post({ answer: id, error: typeof code === "string" ? { ...said, code } : said });
    }
  }

  private async run(call: CallName, args: Parameters<Calls[CallName]>): Promise<unknown> {
    if (call === "open") return await this.open(args[0] as OpenRequest); // The union of all calls' arguments, by its name.
    if (this.core === null) throw new Error("The engine is not open.");
    const method = this.core[call] as (...args: unknown[]) => Promise<unknown>;
    return await method.apply(this.core, args);
  }

  private async open(request: OpenRequest): Promise<unknown> {
    this.core = await Core.open(
      this.env,
      request,
      (message) => this.port.post(message),
      () => this.token(),
    );
    return this.core.opened;
  }

  private token(): Promise<string | null> {
    return new Promise((resolve) => {
      const answer = (token: string | null) => {
        clearTimeout(timer);
        this.tokenAsked.delete(answer);
        resolve(token);
      };
      const timer = setTimeout(() => answer(null), TOKEN_MS);
      this.tokenAsked.add(answer);
      this.port.post({ askToken: true });
    });
  }
}
