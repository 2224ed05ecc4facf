"""What a QTI item asks for, and what its response declarations and processing say is right."""

from dataclasses import dataclass, field
from decimal import Decimal

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
from server.assessments.interchange.reading import Fault, Notes, Skipped, number
from server.assessments.interchange.xml import Element, attribute, child, children, inner_html, name, within

BLOCKS = (
    "choiceInteraction",
    "orderInteraction",
    "matchInteraction",
    "extendedTextInteraction",
    "gapMatchInteraction",
    "sliderInteraction",
)
INLINE = ("textEntryInteraction", "inlineChoiceInteraction")
INTERACTIONS = BLOCKS + INLINE
MARK = "\ue000"  # Of the private use area: stands for a gap while its surroundings are made plain.

_SILENT = frozenset(
    {*BLOCKS, *INLINE, "feedbackInline", "feedbackBlock", "rubricBlock", "templateInline", "templateBlock"}
)


TOOL = "Spark Learning"  # What wrote an item, in its `toolName`.


@dataclass
class Item:
    root: Element
    notes: Notes
    declarations: dict[str, Element]
    used: set[Element] = field(default_factory=set)  # Of the feedback.

    def declaration(self, interaction: Element) -> Element:
        found = self.declarations.get(attribute(interaction, "responseIdentifier"))
        if found is None:
            raise Fault("an interaction names no response that is declared")
        return found

    def correct(self, interaction: Element) -> list[str]:
        values = children(child(self.declaration(interaction), "correctResponse"), "value")
        return [_squashed(one) for one in values]

    def shares(self, interaction: Element) -> dict[str, int]:
        """Answer → its part of the most that the mapping gives; empty where nothing is mapped."""
        mapping = child(self.declaration(interaction), "mapping")
        entries = children(mapping, "mapEntry")
        marks = {
            " ".join(attribute(one, "mapKey").split()): number(attribute(one, "mappedValue") or "0") for one in entries
        }
        if mapping is not None and number(attribute(mapping, "defaultValue") or "0") != 0:
            self.notes.lose("marks for answers that the file does not name were left out")
        if len(marks) > ANSWERS_MAX * 2:
            raise Fault(f"it maps {len(marks)} answers; at most {ANSWERS_MAX} are taken")
        return _as_ppm(marks, self.is_multiple(interaction)) if marks else {}

    def is_multiple(self, interaction: Element) -> bool:
        return attribute(self.declaration(interaction), "cardinality") == "multiple"


def refuse_what_changes(root: Element) -> None:
    """Raises Skipped for what is another question each time."""
    if attribute(root, "adaptive") == "true":
        raise Skipped("a question that changes with each answer is not taken")
    if children(root, "templateDeclaration") or within(root, "printedVariable"):
        raise Skipped("numbers that are drawn by chance are not taken")


def note_losses(item: Item, body: Element) -> None:
    """What stands in the item and nobody read."""
    feedback = [*children(item.root, "modalFeedback"), *within(body, "feedbackInline", "feedbackBlock")]
    if any(one not in item.used and "".join(map(str, one.itertext())).strip() for one in feedback):
        item.notes.lose("feedback for any right or wrong answer was left out")
    if within(body, "include"):
        item.notes.lose("a part of its text that lies in another file was left out")
    processing = child(item.root, "responseProcessing")
    if within(processing, *_OWN_RULES):
        item.notes.lose("its own rules of marking were left out: what it declares as right counts")


_OWN_RULES = (
    "responseElseIf",
    "customOperator",
    "lookupOutcomeValue",
    "random",
    "stringMatch",
    "patternMatch",
    "product",
)


def body_of(item: Item, body: Element, found: list[Element]) -> tuple[str, Body]:
    """The prompt and the answers. Raises Fault, Skipped."""
    for one in within(body, "rubricBlock"):
        if "candidate" in attribute(one, "view").split():
            one.tag = "div"  # Instructions are read before the question.
    blocks = [one for one in found if name(one) in BLOCKS]
    if blocks and len(found) > 1:
        raise Skipped("questions of several parts are not taken")
    if not blocks:
        return _typed(item, body, found)
    [one] = blocks
    if name(one) == "gapMatchInteraction":
        return _gap_match(item, body, one)
    words = [
        item.notes.html(inner_html(body, without=_SILENT), length_max=PROMPT_LENGTH_MAX, shows=True),
        _own_prompt(one, item.notes),
    ]
    return "\n".join(part for part in words if part), _READERS[name(one)](item, one)


def _own_prompt(interaction: Element, notes: Notes) -> str:
    prompt = child(interaction, "prompt")
    return "" if prompt is None else notes.html(inner_html(prompt), length_max=PROMPT_LENGTH_MAX, shows=True)


def _squashed(element: Element) -> str:
    return " ".join("".join(str(part) for part in element.itertext()).split())


def _as_ppm(marks: dict[str, Decimal], is_multiple: bool) -> dict[str, int]:  # noqa: FBT001 - the cardinality itself
    positive = [mark for mark in marks.values() if mark > 0]
    whole = sum(positive, Decimal(0)) if is_multiple else max(positive, default=Decimal(1))
    if whole <= 0:
        return dict.fromkeys(marks, 0)
    shares = {
        key: max(-FULL_PPM, min(FULL_PPM, int((mark / whole * FULL_PPM).to_integral_value())))
        for key, mark in marks.items()
    }
    if is_multiple and positive:  # Thirds make a whole.
        first = next(key for key, mark in marks.items() if mark > 0)
        shares[first] += FULL_PPM - sum(share for share in shares.values() if share > 0)
    return shares


# --- choices --------------------------------------------------------------------------------------------------------


def _labelled(interaction: Element, *wanted: str) -> dict[str, Element]:
    found = {attribute(one, "identifier"): one for one in within(interaction, *wanted)}
    if len(found) > ANSWERS_MAX:
        raise Fault(f"it has {len(found)} answers; at most {ANSWERS_MAX} are taken")
    return found


def _label(item: Item, element: Element, *, shows: bool = True) -> str:
    return item.notes.html(inner_html(element, without=frozenset({"feedbackInline", "feedbackBlock"})), shows=shows)


def _feedback(item: Item, element: Element) -> str | None:
    for one in within(element, "feedbackInline", "feedbackBlock"):
        item.used.add(one)
        return item.notes.html(inner_html(one)) or None
    ident = attribute(element, "identifier")
    for one in children(item.root, "modalFeedback"):
        if attribute(one, "identifier") in (ident, f"feedback_{ident}") and ident:
            item.used.add(one)
            return item.notes.html(inner_html(one)) or None
    return None


def _choice(item: Item, interaction: Element) -> Body:
    labels = _labelled(interaction, "simpleChoice")
    right = [ident for ident in item.correct(interaction) if ident in labels]
    is_multi = item.is_multiple(interaction)
    shares = item.shares(interaction)
    if not shares:
        if is_multi and len(right) > 1:
            item.notes.lose("all or nothing became a part of the mark for each right answer")
        shares = _as_ppm(dict.fromkeys(right, Decimal(1)), is_multi)
    if not is_multi and {ident.lower() for ident in labels} == {"true", "false"}:
        by_truth = {ident.lower() == "true": element for ident, element in labels.items()}
        is_true = right[:1] == [attribute(by_truth[True], "identifier")]
        return TrueFalseBody(is_true, _feedback(item, by_truth[not is_true]), _feedback(item, by_truth[is_true]))
    item.notes.is_in_order = attribute(interaction, "shuffle") == "false" and len(labels) > 2
    return ChoiceBody(
        tuple(Choice(_label(item, one), shares.get(ident, 0), _feedback(item, one)) for ident, one in labels.items()),
        is_multi,
    )


def _order(item: Item, interaction: Element) -> Body:
    labels = _labelled(interaction, "simpleChoice")
    right = item.correct(interaction)
    if sorted(right) != sorted(labels):
        raise Fault("its right order does not name each of its answers once")
    _note_all_or_nothing(item, "place")
    return OrderBody(tuple(_label(item, labels[ident]) for ident in right))


def _note_all_or_nothing(item: Item, what: str) -> None:
    """Here each right part brings its share. What we wrote ourselves was marked so before."""
    if attribute(item.root, "toolName") != TOOL:
        item.notes.lose(f"all or nothing became a part of the mark for each right {what}")


def _match(item: Item, interaction: Element) -> Body:
    sets = children(interaction, "simpleMatchSet")
    if len(sets) != 2:
        raise Fault("a match has two sets")
    lefts, rights = (_labelled(one, "simpleAssociableChoice") for one in sets)
    pairs: dict[str, str] = {}
    for pair in item.correct(interaction):
        first, _, second = pair.partition(" ")
        if first in lefts and second in rights and pairs.setdefault(first, second) != second:
            raise Skipped("something on the left that belongs to several on the right is not taken")
    if set(pairs) != set(lefts):
        raise Fault("it does not say of each on the left what belongs to it")
    if not item.shares(interaction):
        _note_all_or_nothing(item, "pair")
    texts = {ident: _label(item, one) for ident, one in rights.items()}
    free = tuple(text for ident, text in texts.items() if ident not in pairs.values())
    return MatchBody(tuple((_label(item, lefts[left]), texts[right]) for left, right in pairs.items()), free)


def _extended(item: Item, _interaction: Element) -> Body:
    guide = [item.notes.html(inner_html(one), length_max=PROMPT_LENGTH_MAX) for one in within(item.root, "rubricBlock")]
    return OpenBody("essay", "\n".join(part for part in guide if part) or None)


def _slider(item: Item, interaction: Element) -> Body:
    low, high = attribute(interaction, "lowerBound"), attribute(interaction, "upperBound")
    item.notes.lose(f"a slider from {low[:20]} to {high[:20]} became a number to type")
    return NumericBody(_ranges(item, interaction))


def _gap_match(item: Item, body: Element, interaction: Element) -> tuple[str, Body]:
    """Words dragged into a text: a menu in each gap."""
    texts = _labelled(interaction, "gapText")
    gaps = within(interaction, "gap")
    if within(interaction, "gapImg") or not texts:
        raise Skipped("dragging pictures is not taken")
    if len(gaps) > GAPS_MAX:
        raise Fault(f"it has {len(gaps)} gaps; at most {GAPS_MAX} are taken")
    for one in gaps:
        one.tail = f"{MARK}{one.tail or ''}"
    shown = item.notes.html(
        inner_html(body, without=_SILENT - {"gapMatchInteraction"} | {"prompt", "gapText", "gap"}),
        length_max=PROMPT_LENGTH_MAX,
        shows=True,
    )
    pairs = [pair.split(" ") for pair in item.correct(interaction) or item.shares(interaction)]
    right = {pair[1]: pair[0] for pair in pairs if len(pair) == 2}
    labels = {ident: _label(item, one, shows=False) for ident, one in texts.items()}
    menus = []
    for gap in gaps:
        wanted = right.get(attribute(gap, "identifier"))
        if wanted not in labels:
            raise Fault("it does not say what belongs into each gap")
        menus.append(
            Gap(tuple(ShortAnswer(text, FULL_PPM if ident == wanted else 0) for ident, text in labels.items()), True)
        )
    prompt = "\n".join(part for part in (_own_prompt(interaction, item.notes), _numbered(shown)) if part)
    return prompt, ClozeBody(tuple(menus))


def _numbered(text: str) -> str:
    if "[[" in text:
        raise Fault("its text holds [[, which is how gaps are written here")
    parts = text.split(MARK)
    return parts[0] + "".join(f"[[{place}]]{part}" for place, part in enumerate(parts[1:], start=1))


_READERS = {
    "choiceInteraction": _choice,
    "orderInteraction": _order,
    "matchInteraction": _match,
    "extendedTextInteraction": _extended,
    "sliderInteraction": _slider,
}


# --- words and numbers that are typed -------------------------------------------------------------------------------


def _typed(item: Item, body: Element, found: list[Element]) -> tuple[str, Body]:
    if len(found) > GAPS_MAX:
        raise Fault(f"it has {len(found)} gaps; at most {GAPS_MAX} are taken")
    for one in found:
        one.tail = f"{MARK}{one.tail or ''}"
    text = item.notes.html(inner_html(body, without=_SILENT), length_max=PROMPT_LENGTH_MAX, shows=True)
    if len(found) == 1 and name(found[0]) == "textEntryInteraction":
        before, _, after = text.partition(MARK)
        has_gap = bool(after.strip()) or not before.strip()
        prompt = f"{before}_____{after}" if has_gap else before.rstrip()
        return prompt.strip(), _one_entry(item, found[0])
    return _numbered(text), ClozeBody(tuple(_gap(item, one) for one in found))


def _one_entry(item: Item, interaction: Element) -> Body:
    base = attribute(item.declaration(interaction), "baseType")
    if base in ("float", "integer"):
        return NumericBody(_ranges(item, interaction))
    return ShortBody(_accepted(item, interaction))


def _accepted(item: Item, interaction: Element) -> tuple[ShortAnswer, ...]:
    shares = item.shares(interaction) or dict.fromkeys(item.correct(interaction), FULL_PPM)
    if any(attribute(one, "caseSensitive") == "true" for one in within(item.declaration(interaction), "mapEntry")):
        item.notes.lose("capitals and small letters count the same here")
    return tuple(ShortAnswer(item.notes.plain(text).replace("*", "\\*"), share) for text, share in shares.items())


def _gap(item: Item, interaction: Element) -> Gap:
    if name(interaction) == "textEntryInteraction":
        return Gap(_accepted(item, interaction))
    labels = _labelled(interaction, "inlineChoice")
    shares = item.shares(interaction) or dict.fromkeys(item.correct(interaction), FULL_PPM)
    return Gap(
        tuple(ShortAnswer(_label(item, one, shows=False), shares.get(ident, 0)) for ident, one in labels.items()),
        is_menu=True,
    )


def _ranges(item: Item, interaction: Element) -> tuple[NumericRange, ...]:
    """Each right number, with the margin that the processing compares it with."""
    below = above = Decimal(0)
    for one in within(child(item.root, "responseProcessing"), "equal"):
        margins = [abs(number(part)) for part in attribute(one, "tolerance").split()[:2]]
        if margins and attribute(one, "toleranceMode") == "absolute":
            below, above = margins[0], margins[-1]
        elif margins:
            item.notes.lose("a margin in parts of the number was left out")
    shares = item.shares(interaction) or dict.fromkeys(item.correct(interaction), FULL_PPM)
    return tuple(NumericRange(number(text) - below, number(text) + above, share) for text, share in shares.items())
