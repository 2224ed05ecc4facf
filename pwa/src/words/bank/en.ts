/** Questions and tests, written and kept. English declares the words and their order. */
export const en = {
  "bank.title": "Question bank",
} as const;
