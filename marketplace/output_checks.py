"""Checks of generations before their sale, and reviewers' decisions of what the checks found."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, OuterRef, QuerySet, Subquery

from marketplace.core.release import WHY_NOT_FOR_SALE, Decision, Outcome, SaleState, sale_state
from marketplace.models import Generation, OutputCheck, OutputDecision, User
from marketplace.permissions import is_reviewer


class NotForSale(ValueError):
    """A generation that is not checked, or held, or refused; the message says which, for the customer."""


class NotAReviewer(ValueError):
    """A decision by somebody who is no reviewer, or who is also a customer."""


def record_output_check(generation: Generation, outcome: Outcome, evidence: str, at: datetime) -> OutputCheck:
    """Record what a check found; from now on it counts, and an earlier decision about the generation does not."""
    return OutputCheck.objects.create(generation=generation, outcome=outcome, evidence=evidence, checked_at=at)


def decide_output(
    output_check: OutputCheck, decision: Decision, reason: str, decided_by: User, at: datetime
) -> OutputDecision:
    """Record a reviewer's decision; a later one replaces it. Raises `NotAReviewer`, or ValueError without a reason."""
    if not is_reviewer(decided_by):
        raise NotAReviewer(f"{decided_by} cannot decide this: reviewers are in the group `reviewer` and buy nothing.")
    if not reason.strip():
        raise ValueError("A decision needs a reason: say what you saw.")
    return OutputDecision.objects.create(
        output_check=output_check, decision=decision, reason=reason.strip(), decided_by=decided_by, decided_at=at
    )


def sale_states(generations: Iterable[Generation]) -> dict[int, SaleState]:
    """The sale state of each generation, by its id."""
    ids = [generation.pk for generation in generations]
    found = (
        OutputCheck.objects.filter(generation__in=ids)
        .order_by("pk", F("decisions__pk").asc(nulls_first=True))  # of a generation's rows the last one counts
        .values_list("generation_id", "outcome", "decisions__decision")
    )
    states = dict.fromkeys(ids, SaleState.UNCHECKED)
    for generation_id, outcome, decision in found:
        states[generation_id] = sale_state(Outcome(outcome), Decision(decision) if decision else None)
    return states


def require_for_sale(generation: Generation) -> None:
    """Raise `NotForSale` unless the generation is checked and nothing stands in the way."""
    state = sale_states([generation])[generation.pk]
    if state is not SaleState.FOR_SALE:
        raise NotForSale(f"Generation {generation.pk} cannot be licensed. {WHY_NOT_FOR_SALE[state]}")


def waiting_for_review() -> QuerySet[OutputCheck]:
    """Findings that no reviewer has decided of yet: those that block a sale before others, then the oldest first."""
    return _newest().filter(decisions__isnull=True).exclude(outcome=Outcome.CLEAR).order_by("outcome", "pk")


def copy_incidents() -> QuerySet[OutputCheck]:
    """Findings that a reviewer upheld, the newest first: these generations replicate a training image."""
    newest = OutputDecision.objects.filter(output_check=OuterRef("pk")).order_by("-pk").values("decision")[:1]
    return _newest().alias(decision=Subquery(newest)).filter(decision=Decision.UPHELD).order_by("-pk")


def _newest() -> QuerySet[OutputCheck]:
    """The one check of each generation that counts."""
    newest = OutputCheck.objects.filter(generation=OuterRef("generation")).order_by("-pk").values("pk")[:1]
    return OutputCheck.objects.filter(pk=Subquery(newest)).select_related("generation__generator_model")
