/** One lesson over the network, for who follows a link to it before its course is on this phone. */

import { accessToken } from "./auth.ts";
import { Refused, request } from "./http.ts";
import { awaited } from "./quiet.ts";
import type { Lesson } from "./rows.ts";

export type LessonAtOnce = Lesson & { readonly blocks: unknown };

const LESSON = /^\/courses\/[^/]+\/lessons\/([^/]+)$/;

const asked = new Map<string, Promise<LessonAtOnce | null>>();

/** Null: no network, or not for this person. Asked once while it is on its way, and kept until the page is closed. */
export function lessonAtOnce(userId: string, lessonId: string): Promise<LessonAtOnce | null> {
  const key = `${userId} ${lessonId}`;
  const known = asked.get(key);
  if (known) return known;
  const coming = fetchLesson(userId, lessonId).then((lesson) => {
    if (!lesson) asked.delete(key);
    return lesson;
  });
  asked.set(key, coming);
  return coming;
}

/** Begin with what this address will ask for. */
export function readAhead(userId: string, address: string): void {
  const lessonId = LESSON.exec(address)?.[1];
  if (lessonId) void lessonAtOnce(userId, lessonId);
}

async function fetchLesson(userId: string, lessonId: string): Promise<LessonAtOnce | null> {
  awaited.value += 1;
  try {
    const token = await accessToken(userId);
    if (token === null) return null;
    const headers = { authorization: `Bearer ${token}` };
    return await request<LessonAtOnce>("GET", `/api/v1/lessons/${encodeURIComponent(lessonId)}`, { headers });
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  } finally {
    awaited.value -= 1;
  }
}
