/** The library. English declares the words and their order. */
export const en = {
  "library.title": "Library",
} as const;
