/** The language of the app, said in each language's own name. */

import { keepLanguage } from "../../../app/session.ts";
import { Icon } from "../../../ui/parts.tsx";
import { LANGUAGES, type Language, language, speak, t } from "../../../words/index.ts";

export function LanguageChoice() {
  async function choose(wanted: Language): Promise<void> {
    await speak(wanted);
    await keepLanguage(wanted);
  }
  return (
    <label class="row">
      <Icon name="languages" />
      <span class="hidden">{t("profile.language")}</span>
      <select
        class="grow"
        value={language.value}
        onChange={(event) => void choose(event.currentTarget.value as Language)} // Its options are the languages.
      >
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
