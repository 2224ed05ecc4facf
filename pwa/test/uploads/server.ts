/** The server's half of the uploads' protocol, in memory. */

import { sha256Of } from "../../src/uploads/ids.ts";
import type { Answer, Link } from "../../src/uploads/sender.ts";

export const MB = 1_048_576;

interface Held {
  readonly bytes: number;
  readonly sha256: string;
  readonly parts: Map<number, Uint8Array[]>;
  state: string;
}

export class FakeServer implements Link {
  readonly held = new Map<string, Held>();
  bytesUp = 0;
  refusal: Answer | null = null;
  isOffline = false;
  isStill = false; // Takes nothing, and does not say so.
  /** How many bytes of the next PUT come through; null: all, and the answer too. */
  luck: () => number | null = () => null;

  async json(method: string, path: string, body?: unknown): Promise<Answer | null> {
    if (this.isOffline) return null;
    if (this.refusal) return this.refusal;
    if (method === "DELETE") {
      const held = this.held.get(path.split("/").at(-1) ?? "");
      if (held) held.state = "cancelled";
      return answer(204);
    }
    if (path.endsWith("/complete")) {
      const held = this.held.get(path.split("/").at(-2) ?? "");
      if (!held) return answer(404, "upload.unknown");
      held.state = "received";
      return answer(202, "", { state: "received" });
    }
    const { id, bytes, sha256 } = body as { id: string; bytes: number; sha256: string };
    const held = this.held.get(id) ?? { bytes, sha256, parts: new Map(), state: "receiving" };
    this.held.set(id, held);
    return answer(201, "", this.sessionOf(id, held));
  }

  async put(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array<ArrayBuffer>,
    onSent: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Answer | null> {
    if (this.isOffline || signal.aborted) return null;
    if (this.isStill) return await new Promise((resolve) => signal.addEventListener("abort", () => resolve(null)));
    const [, , id = "", number = ""] = path.split("/");
    const held = this.held.get(id);
    if (!held) return answer(404, "upload.unknown");
    const n = Number(number);
    const kept = held.parts.get(n) ?? [];
    const have = kept.reduce((sum, piece) => sum + piece.length, 0);
    if (Number(headers["upload-offset"]) !== have) return answer(409, "upload.offset", null, { offset: String(have) });
    const luck = this.luck();
    const came = body.slice(0, luck ?? body.length);
    this.bytesUp += came.length;
    onSent(came.length);
    held.parts.set(n, [...kept, came]);
    if (luck !== null) return null;
    const part = joined(held.parts.get(n) ?? []);
    if ((await sha256Of(part)) !== headers["part-sha256"]) {
      held.parts.delete(n);
      return answer(422, "upload.part_damaged");
    }
    return answer(204);
  }

  wholeOf(id: string): Promise<string> {
    const held = this.held.get(id);
    const numbers = [...(held?.parts.keys() ?? [])].sort((a, b) => a - b);
    return sha256Of(joined(numbers.flatMap((n) => held?.parts.get(n) ?? [])));
  }

  private sessionOf(id: string, held: Held): unknown {
    const count = Math.ceil(held.bytes / MB);
    const whole: number[] = [];
    const partial: Record<string, number> = {};
    for (const [n, pieces] of held.parts) {
      const have = pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (have === Math.min(MB, held.bytes - n * MB)) whole.push(n);
      else if (have > 0) partial[n] = have;
    }
    return {
      state: held.state,
      part_bytes: MB,
      parts_count: count,
      path: held.state === "receiving" ? `/uploads/${id}/` : null,
      have: { whole: whole.join(","), partial },
      reason_code: null,
      reason: null,
    };
  }
}

export function answer(status: number, code = "", data: unknown = null, fields: Record<string, string> = {}): Answer {
  return { status, code, message: `because of ${code}`, fields, retryAfterS: null, data };
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
