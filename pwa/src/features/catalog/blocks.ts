/** A lesson's content as it crosses the wire: `docs/reference/blocks.md`. Fields at their default are left out. */

export interface ListItem {
  readonly html?: string;
  readonly blocks?: readonly Block[];
}
export interface Cell {
  readonly html?: string;
  readonly across?: number;
  readonly down?: number;
}
export type TableRow = readonly Cell[];

export type Block =
  | { readonly type: "heading"; readonly level: 2 | 3 | 4; readonly text: string; readonly id: string }
  | { readonly type: "paragraph"; readonly html: string }
  | { readonly type: "list"; readonly ordered: boolean; readonly items: readonly ListItem[] }
  | {
      readonly type: "table";
      readonly rows: readonly TableRow[];
      readonly head?: readonly TableRow[];
      readonly caption?: string;
    }
  | ImageBlock
  | VideoBlock
  | { readonly type: "audio"; readonly file_id: string; readonly title: string }
  | { readonly type: "document"; readonly file_id: string; readonly title: string }
  | { readonly type: "package"; readonly package_id: string; readonly title: string }
  | MathBlock
  | NoteBlock
  | { readonly type: "quote"; readonly blocks: readonly Block[]; readonly source?: string }
  | { readonly type: "code"; readonly text: string; readonly language?: string }
  | { readonly type: "definition"; readonly term: string; readonly html: string }
  | { readonly type: "exercise"; readonly prompt?: string; readonly assessment_id?: string };

export interface ImageBlock {
  readonly type: "image";
  readonly file_id: string;
  readonly alt: string;
  readonly width: number;
  readonly height: number;
  readonly caption?: string;
  readonly attribution?: string;
}

export interface VideoBlock {
  readonly type: "video";
  readonly file_id: string;
  readonly title: string;
  readonly captions?: boolean; // Shown from the start.
  readonly captions_ids?: readonly string[]; // Files of captions, one a language.
}

export interface MathBlock {
  readonly type: "math";
  readonly mathml: string; // Empty where nothing could be made of `latex`: then `alt` is shown.
  readonly alt: string;
  readonly display?: "block" | "inline";
  readonly latex?: string;
}

export interface NoteBlock {
  readonly type: "note";
  readonly kind: "info" | "example" | "solution" | "exercise" | "teacher" | "tip" | "warning";
  readonly blocks: readonly Block[];
  readonly title?: string;
  readonly folded?: boolean;
}

/** Blocks travel as JSON or as text of JSON; a row that holds neither is a lesson without content. */
export function readBlocks(value: unknown): readonly Block[] {
  const read: unknown = typeof value === "string" ? JSON.parse(value) : value;
  return Array.isArray(read) ? (read as Block[]) : []; // The server checked each block against the same declaration.
}
