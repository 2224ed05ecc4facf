import { expect, test } from "vitest";
import type { MediaFile } from "../../src/app/rows.ts";
import { choose, type Quality, type Traits } from "../../src/media/quality.ts";
import cases from "./quality.json" with { type: "json" };

interface Case {
  readonly name: string;
  readonly file: MediaFile;
  readonly quality: Quality;
  readonly phone: Traits;
  readonly chosen: readonly string[];
}

test.each(cases as unknown as Case[])("as the server chooses: $name", ({ file, quality, phone, chosen }) => {
  expect(choose(file, quality, phone).map((one) => one.name)).toEqual(chosen);
});
