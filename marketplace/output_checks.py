"""Checks of generations before their sale, and reviewers' decisions of what the checks found."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from marketplace.core.model_states import ModelState
from marketplace.core.release import WHY_NOT_FOR_SALE, Decision, Outcome, SaleState, sale_state
from marketplace.models import Generation, OutputCheck, OutputDecision, User
from marketplace.permissions import is_reviewer


class NotForSale(ValueError):
    """A generation that is not checked, or held, or refused; the message says which, for the customer."""


class NotAReviewer(ValueError):
    """A decision by somebody who is no reviewer, or who is also a customer."""


def record_output_check(generation: Generation, outcome: Outcome, evidence: str, at: datetime) -> OutputCheck:
    """Record what a check found: from now on it counts, and of earlier decisions only one that upheld."""
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
    """The sale state of each generation, by its id.

    Its newest check counts, and its newest decision where that is of this check; what was upheld stays so after a new
    check, until a reviewer clears it. What is cleared is sold as long as its model is on sale, and, where it must show
    no people, once it was looked at for them.
    """
    ids = [generation.pk for generation in generations]
    checks = OutputCheck.objects.filter(generation__in=ids).order_by("pk").values_list("generation", "pk", "outcome")
    decisions = OutputDecision.objects.filter(output_check__generation__in=ids).order_by("pk")
    newest_check = {generation_id: (pk, Outcome(outcome)) for generation_id, pk, outcome in checks}
    newest_decision = {
        generation_id: (check_id, Decision(decision))
        for generation_id, check_id, decision in decisions.values_list(
            "output_check__generation", "output_check", "decision"
        )
    }
    of_models_on_sale = set(
        Generation.objects.filter(pk__in=ids, generator_model__state=ModelState.ON_SALE).values_list("pk", flat=True)
    )
    not_looked_at = set(
        Generation.objects.filter(pk__in=ids, must_show_no_people=True, people_checks=None).values_list("pk", flat=True)
    )
    states = {pk: _state(newest_check.get(pk), newest_decision.get(pk), pk in of_models_on_sale) for pk in ids}
    waiting = {pk for pk in not_looked_at if states[pk] is SaleState.FOR_SALE}
    return states | dict.fromkeys(waiting, SaleState.UNCHECKED)


def _state(
    check: tuple[int, Outcome] | None, decided: tuple[int, Decision] | None, is_model_on_sale: bool
) -> SaleState:
    if check is None:
        return SaleState.UNCHECKED
    check_id, outcome = check
    counts = decided is not None and (decided[0] == check_id or decided[1] is Decision.UPHELD)
    state = sale_state(outcome, decided[1] if decided and counts else None)
    return SaleState.MODEL_NOT_ON_SALE if state is SaleState.FOR_SALE and not is_model_on_sale else state


def require_for_sale(generation: Generation) -> None:
    """Raise `NotForSale` unless the generation is checked and nothing stands in the way."""
    state = sale_states([generation])[generation.pk]
    if state is not SaleState.FOR_SALE:
        raise NotForSale(f"Generation {generation.pk} cannot be licensed. {WHY_NOT_FOR_SALE[state]}")


def waiting_for_review() -> QuerySet[OutputCheck]:
    """Findings that no reviewer has decided of yet: those that block a sale before others, then the oldest first."""
    return _newest().filter(decisions__isnull=True).exclude(outcome=Outcome.CLEAR).order_by("outcome", "pk")


def copy_incidents() -> QuerySet[OutputDecision]:
    """Decisions by which generations replicate a training image, the newest first."""
    later = OutputDecision.objects.filter(
        output_check__generation=OuterRef("output_check__generation"), pk__gt=OuterRef("pk")
    )
    upheld = OutputDecision.objects.filter(~Exists(later), decision=Decision.UPHELD).order_by("-pk")
    return upheld.select_related("decided_by", "output_check__generation__generator_model")


def _newest() -> QuerySet[OutputCheck]:
    """The one check of each generation that counts."""
    newest = OutputCheck.objects.filter(generation=OuterRef("generation")).order_by("-pk").values("pk")[:1]
    return OutputCheck.objects.filter(pk=Subquery(newest)).select_related("generation__generator_model")
