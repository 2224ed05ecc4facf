/** A set's base files, as a server cuts them. */

export interface Base {
  readonly position: number;
  readonly path: string;
  readonly files: ReadonlyMap<string, { readonly bytes: Uint8Array<ArrayBuffer>; readonly rows: number }>;
}

export async function cutBase(
  rows: readonly { readonly collection: string; readonly line: string }[],
  position: number,
  rowsAFile: number,
  path: string,
): Promise<Base> {
  const files = new Map<string, { bytes: Uint8Array<ArrayBuffer>; rows: number }>();
  for (let i = 0; i < rows.length; i += rowsAFile) {
    const some = rows.slice(i, i + rowsAFile);
    let collection = "";
    const lines = some.flatMap((row) => {
      const heading = row.collection === collection ? [] : [JSON.stringify({ collection: row.collection })];
      collection = row.collection;
      return [...heading, row.line];
    });
    const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
    files.set(await nameOf(bytes), { bytes, rows: some.length });
  }
  return { position, path, files };
}

async function nameOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const A_LINE = 2;

/** The `files` lines: as many as needed, a few names each. */
export function filesLines(bucket: string, tier: number, base: Base, from = 0): string[] {
  const chunks = [...base.files].map(([sha, { bytes, rows }]) => [sha, bytes.length, rows]);
  const head = { bucket, tier, base: base.position, path: base.path, count: chunks.length };
  const lines: string[] = [];
  for (let first = from; first < chunks.length; first += A_LINE)
    lines.push(JSON.stringify({ files: [{ ...head, first, chunks: chunks.slice(first, first + A_LINE) }] }));
  return lines;
}
