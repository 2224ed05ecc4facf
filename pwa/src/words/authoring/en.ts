/** Writing courses and lessons. English declares the words and their order. */
export const en = {
  "authoring.title": "Edit the course",
} as const;
