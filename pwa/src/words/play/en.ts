/** What a lesson plays and shows besides text. English declares the words and their order. */
export const en = {
  "play.newer": "A newer version of the app shows this.",
} as const;
