/** Where each thing of a person lies. One database a purpose, so that each can be dropped alone. */

const GENERATION = 1; // Of the rows' shape: a new one is filled beside the old one.

/** How often a password may have been changed elsewhere while unsent work was sealed under an older one. */
export const MINE_MAX = 5;

export const PEOPLE = "spark-people";

export const keyName = (userId: string): string => `spark-key-${userId}`;

/** Place 1 is the usual one; the next ones hold what another storage key of the same person sealed. */
export const mineName = (userId: string, place = 1): string => `spark-mine-${userId}${place === 1 ? "" : `-${place}`}`;

/** Files on their way to the server, sealed like all else. */
export const uploadsName = (userId: string): string => `spark-uploads-${userId}`;

/** Lessons and questions half written: `vault/half-written.ts`. */
export const workName = (userId: string): string => `spark-work-${userId}`;

/** Rows that packs have brought. */
export const packedName = (userId: string, place = 1): string =>
  `spark-packed-${userId}${place === 1 ? "" : `-${place}`}`;

export const rowsName = (userId: string, place = 1): string =>
  `spark-rows-${userId}-${GENERATION}${place === 1 ? "" : `-${place}`}`;
