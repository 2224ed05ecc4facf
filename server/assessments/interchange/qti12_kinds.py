"""What a QTI 1.2 item asks for, and what its rules say is right."""

import re

from server.assessments.interchange.document import (
    ANSWERS_MAX,
    FULL_PPM,
    GAPS_MAX,
    PROMPT_LENGTH_MAX,
    Body,
    Choice,
    ChoiceBody,
    ClozeBody,
    Gap,
    MatchBody,
    NumericBody,
    NumericRange,
    OpenBody,
    OrderBody,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.qti12_items import Item, Rule, in_order, labels, metadata, responses, texts
from server.assessments.interchange.reading import Fault, Skipped, number
from server.assessments.interchange.xml import Element, attribute, name, within

KINDS = {
    "cc.multiple_choice.v0p1": "mcq",
    "multiple_choice_question": "mcq",
    "cc.multiple_response.v0p1": "multi",
    "multiple_answers_question": "multi",
    "cc.true_false.v0p1": "true_false",
    "true_false_question": "true_false",
    "cc.fib.v0p1": "short",
    "short_answer_question": "short",
    "cc.pattern_match.v0p1": "short",
    "cc.essay.v0p1": "essay",
    "essay_question": "essay",
    "numerical_question": "numeric",
    "matching_question": "match",
    "multiple_dropdowns_question": "menus",
    "fill_in_multiple_blanks_question": "gaps",
    "text_only_question": "text",
    "file_upload_question": "upload",
    "calculated_question": "drawn",
    "categorization_question": "sorting",
    "hot_spot_question": "pointing",
    # Blackboard
    "multiple choice": "mcq",
    "multiple answer": "multi",
    "true/false": "true_false",
    "either/or": "mcq",
    "essay": "essay",
    "short response": "essay",
    "fill in the blank": "short",
    "fill in the blank plus": "gaps",
    "numeric": "numeric",
    "calculated": "drawn",
    "file upload": "upload",
    "hot spot": "pointing",
    "opinion scale": "mcq",
    # Desire2Learn
    "multi-select": "multi",
    "long answer": "essay",
    "short answer": "short",
    "multi-short answer": "gaps",
    "arithmetic": "drawn",
    "significant figures": "drawn",
}
_WHY_NOT = {
    "text": "a text without answers is not a question",
    "upload": "answers that are files are not taken",
    "drawn": "numbers that are drawn by chance are not taken",
    "sorting": "sorting things into groups is not taken",
    "pointing": "pointing at pictures and dragging are not taken",
}
_STRAY_GAP = re.compile(r"\[\[(\d{1,2})\]\]")


def kind_of_item(item: Item) -> str:
    """As the file names it; empty where it does not, or by a name we do not know."""
    named = metadata(
        item.element, "cc_profile", "question_type", "bbmd_questiontype", "qmd_questiontype", "qmd_itemtype"
    )
    return KINDS.get(named.lower(), "")


def asked_of(item: Item, presentation: Element, prompt: str) -> tuple[str, Body]:
    """The prompt, with its gaps if it has some, and the answers. Raises Fault, Skipped."""
    kind = kind_of_item(item)
    if kind in _WHY_NOT:
        raise Skipped(_WHY_NOT[kind])
    if within(presentation, "response_xy", "render_hotspot"):
        raise Skipped(_WHY_NOT["pointing"])
    asked = responses(presentation)
    lists = [one for one in asked if name(one) in ("response_lid", "response_grp")]
    typed = [one for one in asked if one not in lists]
    if kind == "essay" or (not lists and typed and not any(rule.wanted or rule.bounds for rule in item.rules)):
        return prompt, OpenBody("essay")
    if kind in ("menus", "gaps") or (len(lists) > 1 and not typed and _names_of_gaps(lists, prompt)):
        return _gapped(item, presentation, prompt, asked, is_menu=kind != "gaps")
    if len(typed) > 1 and not lists:
        return _gapped(item, presentation, prompt, typed, is_menu=False)
    if len(lists) > 1 and not typed:
        return prompt, _match(item, lists)
    if len(lists) == 1 and not typed:
        return prompt, _choice(item, lists[0], kind)
    if len(typed) == 1 and not lists:
        return prompt, _typed(item, kind)
    raise Skipped("questions of several parts are not taken" if asked else "it asks for nothing that we know")


# --- choices ----------------------------------------------------------------------------------------------------------


def _choice(item: Item, response: Element, kind: str) -> Body:
    found = labels(item, response)
    cardinality = attribute(response, "rcardinality").lower()
    if cardinality == "ordered":
        best = max(item.rules, key=item.share, default=None)
        order = [found[ident] for _, ident in best.wanted if ident in found] if best else []
        if len(order) != len(found):
            raise Fault("its right order does not name each of its answers once")
        return OrderBody(tuple(order))
    is_multi = cardinality == "multiple" or kind == "multi"
    scores = _scores_multi(item, found) if is_multi else _scores_single(item, found)
    if not is_multi and {text.strip().lower() for text in found.values()} == {"true", "false"} and len(found) == 2:
        truth = {text.strip().lower(): ident for ident, text in found.items()}
        is_true = scores[truth["true"]] > scores[truth["false"]]
        right, wrong = (truth["true"], truth["false"]) if is_true else (truth["false"], truth["true"])
        if scores[right] <= 0:
            raise Fault("no answer is right")
        return TrueFalseBody(is_true, item.feedback_of(wrong), item.feedback_of(right))
    shuffles = {attribute(one, "shuffle").lower() for one in within(response, "render_choice")}
    item.notes.is_in_order = shuffles == {"no"} and len(found) > 2
    choices = tuple(Choice(text, scores[ident], item.feedback_of(ident)) for ident, text in found.items())
    return ChoiceBody(choices, is_multi=is_multi)


def _scores_single(item: Item, found: dict[str, str]) -> dict[str, int]:
    scores = dict.fromkeys(found, 0)
    for rule in item.rules:
        if rule.score is not None:
            for _, ident in rule.wanted:
                if ident in scores:
                    scores[ident] = max(scores[ident], item.share(rule), key=abs)
    return scores


def _scores_multi(item: Item, found: dict[str, str]) -> dict[str, int]:
    """All or nothing becomes equal shares; a file that scores each answer keeps its marks."""
    scored = [rule for rule in item.rules if rule.score is not None and rule.wanted]
    single = [rule for rule in scored if len(rule.wanted) == 1 and not rule.unwanted]
    whole = [rule for rule in scored if (len(rule.wanted) > 1 or rule.unwanted) and item.share(rule) > 0]
    if not whole:
        return _scores_single(item, found) if single else dict.fromkeys(found, 0)
    best = max(whole, key=item.share)
    right = [ident for _, ident in best.wanted if ident in found]
    if len(right) != len(best.wanted) or any(ident not in found for ident in best.unwanted):
        raise Fault("what is right names an answer that the question does not have")
    if len(right) > 1:
        item.notes.lose("all or nothing became a part of the mark for each right answer")
    share = FULL_PPM // max(len(right), 1)
    over = FULL_PPM - share * len(right)
    return {ident: (share + (over if ident == right[0] else 0) if ident in right else 0) for ident in found}


# --- matches ----------------------------------------------------------------------------------------------------------


def _match(item: Item, lists: list[Element]) -> Body:
    pairs: list[tuple[str, str]] = []
    offered: dict[str, None] = {}
    for response in lists:
        found = labels(item, response)
        offered |= dict.fromkeys(found.values())
        left = _own_text(item, response)
        right = _right_of(item, response, found)
        if right is None:
            raise Fault(f"it does not say what belongs to “{left[:40]}”")
        pairs.append((left, found[right]))
    rights = {right for _, right in pairs}
    return MatchBody(tuple(pairs), tuple(text for text in offered if text not in rights))


def _own_text(item: Item, response: Element, *, shows: bool = True) -> str:
    inside = {
        one for part in within(response, "render_choice", "render_fib", "render_extension") for one in part.iter()
    }
    found = [one for one in within(response, "material") if one not in inside]
    return "\n".join(part for part in (texts(one, item.notes, 2_000, shows=shows) for one in found) if part).strip()


def _right_of(item: Item, response: Element, found: dict[str, str]) -> str | None:
    ident = attribute(response, "ident")
    hits = [rule for rule in item.rules if any(given == ident and answer in found for given, answer in rule.wanted)]
    best = max(hits, key=lambda rule: rule.score or 0.0, default=None)
    if best is None or not best.score or best.score <= 0:
        return None
    return next(answer for given, answer in best.wanted if given == ident and answer in found)


# --- gaps -------------------------------------------------------------------------------------------------------------


def _gap_name(response: Element) -> str:
    return attribute(response, "ident").removeprefix("response_")


def _names_of_gaps(lists: list[Element], prompt: str) -> bool:
    """Whether the text names each of them in brackets: `[colour]`."""
    return all(f"[{_gap_name(one)}]" in prompt for one in lists)


def _gapped(item: Item, presentation: Element, prompt: str, asked: list[Element], *, is_menu: bool) -> tuple[str, Body]:
    if len(asked) > GAPS_MAX:
        raise Fault(f"it has {len(asked)} gaps; at most {GAPS_MAX} are taken")
    if _STRAY_GAP.search(prompt):
        raise Fault("its text holds [[1]], which is how gaps are written here")
    if _names_of_gaps(asked, prompt):
        places = sorted(asked, key=lambda one: prompt.index(f"[{_gap_name(one)}]"))
        for place, one in enumerate(places, start=1):
            prompt = _put(prompt, _gap_name(one), place)
    else:
        places = [one for one in in_order(presentation) if one in asked]
        if len(places) != len(asked):
            raise Skipped("questions of several parts are not taken")
        prompt = _laid_out(item, presentation, places)
    gaps = tuple(_gap(item, one, is_menu=is_menu) for one in places)
    shares = [sum(rule.score or 0 for rule in item.rules if _is_of(rule, one)) for one in places]
    if len({round(share, 1) for share in shares if share}) > 1:
        item.notes.lose("gaps count alike here")
    return prompt, ClozeBody(gaps)


def _put(prompt: str, gap: str, place: int) -> str:
    """Canvas lets a gap's brackets stand more than once: later ones show the number alone."""
    before, _, after = prompt.partition(f"[{gap}]")
    return f"{before}[[{place}]]{after.replace(f'[{gap}]', f'({place})')}"


def _laid_out(item: Item, presentation: Element, places: list[Element]) -> str:
    """Texts and gaps as they follow one another."""
    parts = []
    for one in in_order(presentation):
        if one in places:
            own = _own_text(item, one)
            parts.append(f"{own} [[{places.index(one) + 1}]]".strip())
        elif name(one) == "material":
            parts.append(texts(one, item.notes, PROMPT_LENGTH_MAX, shows=True))
    return " ".join(part for part in parts if part)


def _is_of(rule: Rule, response: Element) -> bool:
    idents = {attribute(response, "ident"), *(attribute(one, "ident") for one in within(response, "response_label"))}
    return any(given in idents for given, _ in rule.wanted)


def _gap(item: Item, response: Element, *, is_menu: bool) -> Gap:
    if name(response) in ("response_lid", "response_grp"):
        found = labels(item, response, shows=False)
        right = _right_of(item, response, found)
        if any(item.feedback_of(ident) for ident in found):
            item.notes.lose("the feedback of gaps was left out")
        if is_menu:
            if right is None:
                raise Fault(f"it does not say what is right in the gap “{_gap_name(response)[:40]}”")
            return Gap(tuple(ShortAnswer(text, FULL_PPM if one == right else 0) for one, text in found.items()), True)
        _note_patterns(item, response)
        texts_ = dict.fromkeys(text.replace("*", "\\*") for text in found.values() if text)
        return Gap(tuple(ShortAnswer(text, FULL_PPM) for text in texts_))
    answers: dict[str, ShortAnswer] = {}
    for rule in item.rules:
        if rule.score is not None and rule.score > 0 and _is_of(rule, response):
            _note_strict(item, rule)
            idents = {attribute(response, "ident")} | {
                attribute(one, "ident") for one in within(response, "response_label")
            }
            for given, words in rule.wanted:
                if given in idents:
                    text = item.notes.plain(words).replace("*", "\\*")
                    answers.setdefault(text, ShortAnswer(text, FULL_PPM))
    return Gap(tuple(answers.values())[:ANSWERS_MAX])


def _note_patterns(item: Item, response: Element) -> None:
    ways = {attribute(one, "scoring_algorithm") for one in within(response, "response_label")}
    if ways - {"", "TextEquivalence", "Equivalence", "TextInChoices"}:
        item.notes.lose("close matches and patterns for a gap were left out: only the words themselves count")


# --- what is typed ----------------------------------------------------------------------------------------------------


def _note_strict(item: Item, rule: Rule) -> None:
    if rule.is_strict:
        item.notes.lose("capitals and small letters count the same here")


def _typed(item: Item, kind: str) -> Body:
    scored = [rule for rule in item.rules if rule.score is not None and item.share(rule) > 0]
    if any(rule.bounds for rule in scored) or (kind == "numeric" and scored):
        return NumericBody(tuple(_range(item, rule) for rule in scored))
    answers: dict[str, ShortAnswer] = {}
    for rule in scored:
        _note_strict(item, rule)
        for _, words in rule.wanted:
            escaped = item.notes.plain(words).replace("*", "\\*")
            text = f"*{escaped}*" if rule.is_substring else escaped
            answers.setdefault(text, ShortAnswer(text, item.share(rule), item.feedback_of(words)))
    return ShortBody(tuple(answers.values())[:ANSWERS_MAX])


def _range(item: Item, rule: Rule) -> NumericRange:
    low, high = rule.bounds.get("vargte", rule.bounds.get("vargt")), rule.bounds.get("varlte", rule.bounds.get("varlt"))
    if rule.wanted and low is None and high is None:
        low = high = rule.wanted[0][1]
    if low is None or high is None:
        raise Fault("a range of numbers has one end only")
    if "vargt" in rule.bounds or "varlt" in rule.bounds:
        item.notes.lose("the ends of a range belong to it here")
    feedback = item.feedback_of(rule.wanted[0][1]) if len(rule.wanted) == 1 else None
    return NumericRange(number(low), number(high), item.share(rule), feedback)
