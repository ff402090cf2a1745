"""What may be generated: the outcome of a prompt's check by what was found in it, and what people then decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from marketplace.core.prompt_text import Span


class PromptOutcome(StrEnum):
    """What follows from a finding, from the mildest to the gravest."""

    ALLOW = "allow"
    WARN = "warn"
    ASK = "ask"
    REFUSE = "refuse"


class EntryKind(StrEnum):
    """What an entry of the register is about."""

    STYLE = "style opt-out"
    TRADE_MARK = "trade mark"
    PERSON = "person"
    POLICY = "platform policy"


class HarmClass(StrEnum):
    """Classes of harmful content."""

    MINORS = "sexual content involving minors"
    SEXUAL = "sexual content"
    VIOLENCE = "graphic violence"
    HATE = "hate"
    SELF_HARM = "self-harm"
    WEAPONS = "weapons instructions"
    IMPERSONATION = "deceptive impersonation"


class PromptDecision(StrEnum):
    """What a reviewer decided of a prompt: it may be generated, or not."""

    CLEARED = "cleared"
    UPHELD = "upheld"


class PromptState(StrEnum):
    """Where a prompt stands, for whoever asked and for reviewers."""

    ALLOWED = "allowed"
    WARNED = "allowed with a warning"
    WAITING = "waiting for a reviewer"
    REFUSED = "refused"
    CONTESTED = "contested"
    CLEARED = "cleared by a reviewer"
    REFUSED_FOR_GOOD = "refused for good"


OUTCOME_OF_KIND = {
    EntryKind.STYLE: PromptOutcome.REFUSE,
    EntryKind.TRADE_MARK: PromptOutcome.WARN,
    EntryKind.PERSON: PromptOutcome.ASK,
    EntryKind.POLICY: PromptOutcome.REFUSE,
}
MAY_GENERATE = frozenset({PromptState.ALLOWED, PromptState.WARNED, PromptState.CLEARED})
WAITS = frozenset({PromptState.WAITING, PromptState.CONTESTED})
_GRAVITY = list(PromptOutcome)
_UNDECIDED = {
    PromptOutcome.ALLOW: PromptState.ALLOWED,
    PromptOutcome.WARN: PromptState.WARNED,
    PromptOutcome.ASK: PromptState.WAITING,
    PromptOutcome.REFUSE: PromptState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source found in a prompt: a kind or a class, and by which characters (none: the prompt as a whole).

    `entry_id` and `term` are those of the register, where it is the source. The prompt's text is not part of it.
    """

    source: str
    about: str
    outcome: PromptOutcome
    spans: tuple[Span, ...] = ()
    entry_id: int | None = None
    term: str = ""


def gravest(findings: Iterable[Finding]) -> PromptOutcome:
    """The outcome of all findings together: that of the gravest, and allow without any."""
    return max((each.outcome for each in findings), key=_GRAVITY.index, default=PromptOutcome.ALLOW)


def prompt_state(
    outcome: PromptOutcome, decision: PromptDecision | None, *, is_contested: bool, is_contest_decided: bool
) -> PromptState:
    """The state by the check's outcome, the newest decision and what became of a contest."""
    if is_contested and not is_contest_decided:
        return PromptState.CONTESTED
    if decision is PromptDecision.CLEARED:
        return PromptState.CLEARED
    if decision is PromptDecision.UPHELD:
        return PromptState.REFUSED_FOR_GOOD if is_contest_decided else PromptState.REFUSED
    return _UNDECIDED[outcome]


def pieces(prompt: str, spans: Sequence[Span]) -> list[tuple[str, bool]]:
    """The prompt cut at the spans, in order; each piece with whether it was found."""
    found = [False] * len(prompt)
    for span in spans:
        found[span.start : span.end] = [True] * len(found[span.start : span.end])
    cuts = [0, *(place for place in range(1, len(prompt)) if found[place] != found[place - 1]), len(prompt)]
    return [(prompt[start:end], found[start]) for start, end in pairwise(cuts) if start < end]
