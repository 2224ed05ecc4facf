/** Courses in and out. English declares the words and their order. */
export const en = {
  "portable.title": "Take the course elsewhere",
} as const;
