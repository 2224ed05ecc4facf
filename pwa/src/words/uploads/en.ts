/** Files on their way to the server. English declares the words and their order. */
export const en = {
  "uploads.title": "Uploads",
} as const;
