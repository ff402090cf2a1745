"""The classifier that needs no network: short lists of words for each class, in `rules.json`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from marketplace.core.prompt_text import Folded, Span, find_term, fold
from marketplace.core.prompts import Finding, HarmClass, PromptOutcome


@dataclass(frozen=True)
class Rule:
    """A class is found where a prompt has a word of each list; `unless` are phrases in which they are harmless."""

    about: HarmClass
    outcome: PromptOutcome
    all_of: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]


class RulesClassifier:
    """Finds what is said plainly, however it is spelled; what needs to be understood is for a hosted classifier."""

    name = "rules 1"

    def classify(self, prompt: str) -> Sequence[Finding]:
        """One finding for each rule that applies, with the words that it rests on."""
        folded = fold(prompt)
        found = ((rule, _spans(rule, folded)) for rule in _rules())
        return [Finding(self.name, rule.about, rule.outcome, spans) for rule, spans in found if spans]


def _spans(rule: Rule, prompt: Folded) -> tuple[Span, ...]:
    """The words that the rule rests on; none where one of its lists has no word in the prompt."""
    harmless = [span for phrase in rule.unless for span in find_term(phrase, prompt)]
    lists = [
        [span for word in words for span in find_term(word, prompt) if not _is_within(span, harmless)]
        for words in rule.all_of
    ]
    return tuple(sorted({span for spans in lists for span in spans})) if all(lists) else ()


def _is_within(span: Span, others: Sequence[Span]) -> bool:
    return any(other.start <= span.start and span.end <= other.end for other in others)


@cache
def _rules() -> tuple[Rule, ...]:
    read = json.loads((Path(__file__).parent / "rules.json").read_text(encoding="utf-8"))
    return tuple(
        Rule(
            HarmClass(rule["about"]),
            PromptOutcome(rule["outcome"]),
            tuple(tuple(words) for words in rule["all_of"]),
            tuple(rule.get("unless", ())),
        )
        for rule in read
    )
