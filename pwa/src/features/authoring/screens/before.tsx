/** What stood in a lesson before a change, beside what stands there now; brought back as a draft of one's own. */

import { useEffect, useState } from "preact/hooks";
import { accessToken } from "../../../app/auth.ts";
import { sayError } from "../../../app/errors.tsx";
import { Refused, request } from "../../../app/http.ts";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import type { Lesson, LessonText } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { Empty, Icon, Notice } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import { type Block, readBlocks } from "../../catalog/blocks.ts";
import { differenceOf, type Line } from "../differing.ts";
import { excerptOf, KIND_NAMES } from "../editing.ts";
import { staffBucket } from "../staff.ts";
import { keepWork, lessonsWithWork } from "../work.ts";

const SHOWN_LENGTH_MAX = 400;

interface Before {
  readonly lesson_id: string;
  readonly number: number;
  readonly blocks: readonly unknown[];
}

export function BeforeScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", revisionId = "" } = params;
  const { userId } = useEngine();
  const [before, setBefore] = useState<Before>();
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    void read(userId, courseId, revisionId).then(setBefore, (error: unknown) => setProblem(sayError(error)));
  }, [userId, courseId, revisionId]);

  return (
    <Page
      title={t("authoring.before")}
      lead={before && t("authoring.before_lead", { n: before.number })}
      back={`/teach/${courseId}/history`}
    >
      {problem && <Notice tone="bad">{problem}</Notice>}
      {before && <Difference before={before} courseId={courseId} />}
    </Page>
  );
}

async function read(userId: string, courseId: string, revisionId: string): Promise<Before> {
  const token = await accessToken(userId);
  if (token === null) throw new Refused("network.offline", "");
  const headers = { authorization: `Bearer ${token}` };
  return request<Before>("GET", `/api/v1/courses/${courseId}/revisions/${revisionId}/before`, { headers });
}

function Difference({ before, courseId }: { before: Before; courseId: string }) {
  const { userId } = useEngine();
  const bucket = staffBucket(courseId);
  const lesson = useRow<Lesson>("catalog.lessons", before.lesson_id, bucket);
  const text = useRow<LessonText>("catalog.lesson_texts", before.lesson_id, bucket);
  const [isHalfWritten, setHalfWritten] = useState<boolean>();
  const [problem, setProblem] = useState<string>();
  const editor = `/teach/${courseId}/edit/${before.lesson_id}`;

  useEffect(() => {
    void lessonsWithWork(userId).then((ids) => setHalfWritten(ids.has(before.lesson_id)));
  }, [userId, before.lesson_id]);

  if (!lesson.row || !text.row) {
    if (lesson.isLoading || text.isLoading) return null;
    return (
      <Empty icon="cloud-off" title={t("authoring.not_here")}>
        <p>{t("authoring.before_gone")}</p>
      </Empty>
    );
  }
  const now = readBlocks(text.row.blocks);
  const then = readBlocks(before.blocks);
  const lines = differenceOf(now, then);
  const isSame = lines.every((line) => line.kind === "same");

  async function bringBack(): Promise<void> {
    try {
      await keepWork(userId, before.lesson_id, { base: now, blocks: then, at: Date.now(), settles: [] });
    } catch (error) {
      setProblem(sayError(error));
      return;
    }
    go(editor);
  }

  return (
    <>
      <h2>{lesson.row.title}</h2>
      {isSame ? (
        <p>{t("authoring.before_same")}</p>
      ) : (
        <ol class="stack tight plain card">
          {lines.map((line, index) => (
            <li key={index}>
              <Shown line={line} />
            </li>
          ))}
        </ol>
      )}
      {problem && <Notice tone="bad">{problem}</Notice>}
      {isHalfWritten && (
        <Notice tone="bad">
          <p>{t("authoring.before_half")}</p>
          <a class="button" href={editor}>
            {t("authoring.back_to_edit")}
          </a>
        </Notice>
      )}
      {!isSame && isHalfWritten === false && (
        <>
          <p class="soft">{t("authoring.before_hint")}</p>
          <button type="button" class="button main wide" onClick={() => void bringBack()}>
            <Icon name="refresh-cw" />
            {t("authoring.bring_back")}
          </button>
        </>
      )}
    </>
  );
}

function Shown({ line }: { line: Line }) {
  if (line.kind === "same") return <p class="soft small">{tn("authoring.before_stays", line.count)}</p>;
  const words = said(line.block);
  return <p>{line.kind === "gone" ? <del>{words}</del> : <ins>{words}</ins>}</p>;
}

const said = (block: Block): string => excerptOf(block, SHOWN_LENGTH_MAX) || `(${t(KIND_NAMES[block.type])})`;
