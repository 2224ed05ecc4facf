/** What is in a package, as its first file says it. */

export interface Item {
  readonly id: string;
  readonly title: string;
  readonly path?: string; // Without one it is a heading over others.
  readonly query?: string;
  readonly sco?: boolean;
  readonly mastery?: string;
  readonly data?: string;
  readonly timeMax?: string;
  readonly timeAction?: string;
  readonly items?: readonly Item[];
}

export interface Outline {
  readonly edition: "1.2" | "2004";
  readonly title: string;
  readonly items: readonly Item[];
}

export interface Opened {
  readonly outline: Outline;
  readonly files: ReadonlyMap<string, Blob>;
}

/** What can be opened, in the order of the contents. */
export function openable(items: readonly Item[]): readonly Item[] {
  return items.flatMap((item) => [...(item.path ? [item] : []), ...openable(item.items ?? [])]);
}
