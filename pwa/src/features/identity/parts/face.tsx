/** A person's initial in a colour of their own. */

import { hueOf } from "../../../ui/cover.tsx";
import "./face.css";

export function Face({ name }: { name: string }) {
  return (
    <span class={`face hue-${hueOf(name)}`} aria-hidden="true">
      {[...name.trim()][0]?.toUpperCase() ?? "?"}
    </span>
  );
}
