/** A lesson that is read over the network, its course not on this phone: its pictures at their price. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { insist } from "../../../app/insist.ts";
import type { Lesson, Variant } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { useDownloads } from "../../../media/use.ts";
import { thisScreen } from "../../../media/variants.ts";
import { Icon, Notice } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";
import { type Weighed, weighed } from "../own.ts";
import { weigh } from "../weighing.ts";
import { Price } from "./price.tsx";

const say = (why: unknown) => (why instanceof TypeError ? t("error.offline") : sayError(why));

/** Who saves data is not told what pictures weigh before they ask. */
export function PicturesAtOnce({ lesson }: { lesson: Lesson }) {
  const { userId } = useEngine();
  const downloads = useDownloads();
  const [isAsked, setAsked] = useState(!thisScreen().isSaving);
  const [coming, setComing] = useState<AbortController>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => () => coming?.abort(), [coming]);
  useEffect(() => {
    weighed.value = new Map();
    return () => {
      weighed.value = null;
    };
  }, []);
  useEffect(() => {
    if (!isAsked) return undefined;
    const came = (found: Weighed) => {
      weighed.value = found;
      setProblem(undefined);
    };
    return insist(
      () => weigh(userId, lesson.course_id, lesson.id),
      came,
      (why) => setProblem(say(why)),
    );
  }, [userId, lesson, isAsked]);

  async function load(pictures: readonly Variant[]): Promise<void> {
    const abort = new AbortController();
    setComing(abort);
    setProblem(undefined);
    try {
      for (const picture of pictures) await downloads.fetchOne(lesson.course_id, picture, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) setProblem(say(error));
    }
    setComing(undefined);
  }

  const sizes = [...(weighed.value?.values() ?? [])].flatMap((file) => file.variants);
  const pictures = sizes.filter((one) => !downloads.isKept(one.sha256));
  const bytes = pictures.reduce((all, one) => all + one.bytes, 0);
  return (
    <>
      {problem && <Notice tone="warn">{problem}</Notice>}
      {!isAsked && (
        <button type="button" class="button wide" onClick={() => setAsked(true)}>
          <Icon name="image" />
          {t("lesson.weigh")}
        </button>
      )}
      {pictures.length > 0 && (
        <button type="button" class="button wide" disabled={coming !== undefined} onClick={() => void load(pictures)}>
          <Icon name="image" />
          <span>
            {tn("lesson.pictures", pictures.length, { size: formatBytes(bytes) })}
            <Price userId={userId} bytes={bytes} />
          </span>
        </button>
      )}
    </>
  );
}
