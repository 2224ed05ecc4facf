/** What the server works on, for staff. English declares the words and their order. */
export const en = {
  "jobs.title": "What our server is doing",
} as const;
