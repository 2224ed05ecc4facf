/** A picture of a lesson: from the phone if it is there, else on request, with its size said first. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { MediaFile, Variant } from "../../../app/rows.ts";
import { useCourseBucket, useRow } from "../../../app/use.ts";
import { readFile } from "../../../media/files.ts";
import { useDownloads } from "../../../media/use.ts";
import { chooseVariant, thisScreen } from "../../../media/variants.ts";
import { Icon } from "../../../ui/parts.tsx";
import { Rich } from "../../../ui/rich.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import type { ImageBlock } from "../blocks.ts";
import { ownFiles, weighed } from "../own.ts";
import { Price } from "./price.tsx";

const NARROW_PX = 480; // Pictures smaller than this are not blown up to the column.

export function Picture({ block, courseId }: { block: ImageBlock; courseId: string }) {
  const { row, isLoading } = useRow<MediaFile>("media.files", block.file_id, useCourseBucket(courseId));
  const file = row ?? weighed.value?.get(block.file_id);
  const downloads = useDownloads();
  const isHere = (one: Variant) => downloads.isKept(one.sha256);
  const best = file && chooseVariant(file, thisScreen());
  // A smaller one that is here is better than one that would have to be paid for.
  const variant = best && isHere(best) ? best : (file?.variants.findLast(isHere) ?? best);
  const own = variant && isHere(variant) ? undefined : ownFiles.value.get(block.file_id);
  const attribution = block.attribution || file?.attribution;
  return (
    <figure class={block.width < NARROW_PX ? "narrow" : ""}>
      {own ? (
        <img src={own} alt={block.alt} width={block.width} height={block.height} />
      ) : variant ? (
        <Shown variant={variant} block={block} courseId={courseId} />
      ) : (
        !isLoading && <Hole block={block} words={weighed.value ? undefined : t("picture.gone")} />
      )}
      {(block.caption || attribution) && (
        <figcaption>
          {block.caption && <Rich html={block.caption} />}
          {attribution && <small class="soft"> {attribution}</small>}
        </figcaption>
      )}
    </figure>
  );
}

function Shown({ variant, block, courseId }: { variant: Variant; block: ImageBlock; courseId: string }) {
  const { sha256, bytes } = variant;
  const downloads = useDownloads();
  const { userId } = downloads.engine;
  const isKept = downloads.isKept(sha256);
  const [address, setAddress] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  useEffect(() => {
    let made: string | undefined;
    let isGone = false;
    if (isKept) {
      void readFile(sha256).then((blob) => {
        if (!blob || isGone) return;
        made = URL.createObjectURL(blob);
        setAddress(made);
      });
    }
    return () => {
      isGone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [sha256, isKept]);

  async function load(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await downloads.fetchOne(courseId, variant);
    } catch (error) {
      setProblem(error instanceof TypeError ? t("error.offline") : sayError(error));
    }
    setBusy(false);
  }

  if (isKept) {
    return (
      <img src={address} alt={block.alt} width={block.width} height={block.height} loading="lazy" decoding="async" />
    );
  }
  return (
    <Hole block={block} words={problem}>
      <button type="button" class="button" disabled={isBusy} onClick={() => void load()}>
        <Icon name="image" />
        <span>
          {t("picture.load", { size: formatBytes(bytes) })}
          <Price userId={userId} bytes={bytes} />
        </span>
      </button>
    </Hole>
  );
}

function Hole(props: { block: ImageBlock; words?: string | undefined; children?: preact.ComponentChildren }) {
  return (
    <div class="hole">
      {props.block.alt && <p>{props.block.alt}</p>}
      {props.words && <p class="strong">{props.words}</p>}
      {props.children}
    </div>
  );
}
