import { expect, test, vi } from "vitest";

test("files that a list names are rows as the course's own would be, each with what was chosen of it alone", async () => {
  vi.stubGlobal("document", { cookie: "" });
  const { asRows } = await import("../../src/features/catalog/weighing.ts");
  const one = (file_id: string, name: string, mime: string, bytes: number) => ({
    file_id,
    name,
    mime,
    bytes,
    sha256: name,
  });
  const rows = asRows([
    { ...one("picture", "w480", "image/webp", 10), attribution: "Amina" },
    one("film", "v360", "video/mp4", 20),
    one("film", "thumb", "image/webp", 1),
    one("film", "captions.uz", "text/vtt", 2),
    one("sound", "opus", "audio/ogg", 3),
    one("words", "captions.en", "text/vtt", 4),
    one("paper", "pdf", "application/pdf", 5),
    one("course", "package", "application/zip", 6),
  ]);
  expect([...rows.values()].map((row) => [row.id, row.kind, row.variants.length, row.renditions?.length])).toEqual([
    ["picture", "image", 1, 0],
    ["film", "video", 0, 3],
    ["sound", "audio", 0, 1],
    ["words", "captions", 0, 1],
    ["paper", "document", 0, 1],
    ["course", "package", 0, 1],
  ]);
  expect(rows.get("picture")).toMatchObject({ attribution: "Amina", variants: [{ sha256: "w480", bytes: 10 }] });
});
