/** After a move the row is another element of the list, or stands elsewhere in it: the focus goes with it. */
export function refocus(id: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(id)?.focus()));
}
