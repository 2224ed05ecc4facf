/** The library as the server tells it. It is read online: what it holds is far more than a phone. */

import { useEffect, useState } from "preact/hooks";
import { accessToken } from "../../app/auth.ts";
import { sayError } from "../../app/errors.tsx";
import { Refused, request } from "../../app/http.ts";
import { useEngine } from "../../app/use.ts";
import type { Tone } from "../../ui/parts.tsx";
import { type Word, word } from "../../words/index.ts";

export type Kind = "plan" | "worksheet" | "slides" | "book" | "film" | "sound" | "test" | "other";
export type Status = "draft" | "pending" | "peer_approved" | "published";

interface Described {
  readonly id: string;
  readonly educator_name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: Kind;
  readonly language: string;
  readonly level: string | null;
  readonly subject_id: string;
  readonly topic: string;
  readonly licence: string;
  readonly attribution: string;
  readonly revision: number;
  readonly files: readonly string[];
  readonly bytes: number;
}

export interface Shelved extends Described {
  readonly downloads_count: number;
  readonly ratings_count: number;
  readonly stars_sum: number;
}

export interface Item extends Described {
  readonly educator_id: string;
  readonly status: Status;
  readonly reason: string | null;
}

export interface ItemFile {
  readonly id: string;
  readonly name: string | null;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string | null;
}

export interface ItemAnswer {
  readonly item: Shelved | null;
  readonly draft: Item | null;
  readonly files: readonly ItemFile[];
  readonly own_stars: number | null;
  readonly may_rate: boolean;
  readonly reviews: readonly {
    id: string;
    reviewer_name: string;
    verdict: string;
    comment: string;
    revision: number;
  }[];
}

export const KINDS: Readonly<Record<Kind, Word>> = {
  plan: word("library.plan"),
  worksheet: word("library.worksheet"),
  slides: word("library.slides"),
  book: word("library.book"),
  film: word("library.film"),
  sound: word("library.sound"),
  test: word("library.test"),
  other: word("library.other"),
};

export const STATUSES: Readonly<Record<Status, { name: Word; tone: Tone }>> = {
  draft: { name: word("library.draft"), tone: "plain" },
  pending: { name: word("library.pending"), tone: "brand" },
  peer_approved: { name: word("library.peer_approved"), tone: "brand" },
  published: { name: word("library.published"), tone: "good" },
};

/** Raises Refused. */
export async function ask<T>(userId: string, method: string, path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${await tokenOf(userId)}` };
  return request<T>(method, path, body === undefined ? { headers } : { headers, body });
}

async function tokenOf(userId: string): Promise<string> {
  const token = await accessToken(userId);
  if (token === null) throw new Refused("network.offline", "");
  return token;
}

/** The bytes of a file as the person who is here; the download is counted. Raises Refused. */
export async function fetchFile(userId: string, itemId: string, number: number): Promise<Blob> {
  const headers = { authorization: `Bearer ${await tokenOf(userId)}` };
  try {
    const response = await fetch(`/content/${itemId}/file?number=${number}`, { headers });
    if (!response.ok) throw new Refused("record.not_found", "", response.status);
    return await response.blob();
  } catch (error) {
    throw error instanceof Refused ? error : new Refused("network.offline", "");
  }
}

export interface Asked<T> {
  readonly value: T | null;
  readonly problem: string | null;
  readonly again: () => void;
}

/** What the server says of this address; asked again when it changes. The last answer stays while the next is on its way. */
export function useAsked<T>(path: string): Asked<T> {
  const { userId } = useEngine();
  const [found, setFound] = useState<{ value: T | null; problem: string | null }>({ value: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isHere = true;
    ask<T>(userId, "GET", path)
      .then((value) => isHere && setFound({ value, problem: null }))
      .catch((error: unknown) => isHere && setFound((before) => ({ ...before, problem: sayError(error) })));
    return () => {
      isHere = false;
    };
  }, [userId, path, turn]);
  return { ...found, again: () => setTurn((before) => before + 1) };
}
