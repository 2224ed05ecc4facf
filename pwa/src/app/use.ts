/** How screens read rows: always from the phone, kept current. */

import type { Engine, Row } from "#sync";
import type { Me } from "./rows.ts";
import { engine } from "./session.ts";

/** The open store. Screens are shown only while there is one. */
export function useEngine(): Engine {
  const open = engine.value;
  if (!open) throw new Error("a screen was shown with no store open");
  return open;
}

export function useRows<T extends Row>(
  collection: string,
  bucket?: string,
): { rows: readonly T[]; isLoading: boolean } {
  const { value, state } = useEngine().rows<T>(collection, bucket === undefined ? {} : { bucket }).value;
  return { rows: value, isLoading: state === "loading" };
}

export function useRow<T extends Row>(
  collection: string,
  id: string,
  bucket?: string,
): { row: T | undefined; isLoading: boolean } {
  const { value, state } = useEngine().row<T>(collection, id, bucket === undefined ? {} : { bucket }).value;
  return { row: value, isLoading: state === "loading" };
}

export function useMe(): Me | undefined {
  return useRow<Me>("identity.me", useEngine().userId).row;
}

export function hasRole(me: Me | undefined, ...roles: readonly string[]): boolean {
  return me?.roles.some((role) => roles.includes(role)) ?? false;
}

/** Where a course's rows are: its download, else the staff's own copy, which holds drafts too. */
export function useCourseBucket(courseId: string): string {
  const engine = useEngine();
  const staff = `course-staff:${courseId}`;
  const course = `course:${courseId}`;
  if (engine.wanted.value.includes(course)) return course;
  return engine.buckets.value.some((state) => state.bucket === staff) ? staff : course;
}
