"""Generator models from draft to retirement: recorded audits, changes, and who put what on sale."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from marketplace.core.model_states import (
    Audited,
    Candidate,
    ModelRefused,
    ModelState,
    require_transition,
    why_no_current_audit,
    why_not_on_sale,
)
from marketplace.models import GeneratorModel, ModelAudit, ModelStateChange, TrainingSet, User

STATEMENTS = {"data_origin": "data origin", "evaluation": "evaluation", "known_limits": "known limits"}
WHAT_IT_MAKES = ("name", "version", "backend", "parameters", "training_set_id")


@dataclass(frozen=True)
class AuditFindings:
    """What an audit counted among a model's generations, by which method, and the SHA-256 of its report."""

    generations: int
    near_copies: int
    possible_copies: int
    method: str
    report_sha256: str


@transaction.atomic
def record_model_audit(
    model: GeneratorModel, training_set: TrainingSet, found: AuditFindings, at: datetime
) -> ModelAudit:
    """Record an audit of the model with the training set that it was made of; a draft that it speaks for is audited."""
    locked = _locked(model)
    audit = ModelAudit.objects.create(
        generator_model=locked,
        training_set=training_set,
        generations=found.generations,
        near_copies=found.near_copies,
        possible_copies=found.possible_copies,
        method=found.method,
        report_sha256=found.report_sha256,
        audited_at=at,
    )
    if locked.state == ModelState.DRAFT and not why_no_current_audit(_candidate(locked), at, settings.AUDIT_DAYS):
        _move(locked, ModelState.AUDITED, None, at)
    return audit


@transaction.atomic
def put_on_sale(model: GeneratorModel, changed_by: User | None, at: datetime) -> None:
    """Let what the model made and makes be sold. Raises `ModelRefused`."""
    locked = _locked(model)
    if why := why_not_on_sale(_candidate(locked), at, settings.AUDIT_DAYS):
        raise ModelRefused(f"{locked} cannot be put on sale. {why}")
    _move(locked, ModelState.ON_SALE, changed_by, at)


@transaction.atomic
def retire_model(model: GeneratorModel, changed_by: User | None, at: datetime) -> None:
    """End the sale of what the model made, for good; licences that were bought stay. Raises `ModelRefused`."""
    _move(_locked(model), ModelState.RETIRED, changed_by, at)


@transaction.atomic
def save_generator_model(model: GeneratorModel, at: datetime) -> None:
    """Save a new or an edited model; one of which something changed that changes what it makes is a draft again.

    Raises `ModelRefused` for one that is retired.
    """
    before = GeneratorModel.objects.select_for_update().filter(pk=model.pk).first()
    if before is None:
        model.changed_at = at
        model.save()
        return
    if before.state == ModelState.RETIRED:
        raise ModelRefused(f"{before} is retired, and its card is final: make a new version.")
    model.state, model.changed_at = before.state, before.changed_at
    if any(getattr(model, name) != getattr(before, name) for name in WHAT_IT_MAKES):
        model.state, model.changed_at = ModelState.DRAFT, at
    model.save()
    if model.state != before.state:
        _log(model, None, at)


@transaction.atomic
def record_bias_report(model: GeneratorModel, summary: dict[str, str | int], reported_on: date) -> None:
    """Put what a bias report found on the model's card. Raises `ModelRefused` for one that is retired."""
    locked = _locked(model)
    if locked.state == ModelState.RETIRED:
        raise ModelRefused(f"{locked} is retired, and its card is final.")
    locked.bias_report, locked.bias_reported_on = summary, reported_on
    locked.save(update_fields=["bias_report", "bias_reported_on"])


def why_not_sold(model: GeneratorModel, at: datetime) -> str:
    """Why the model cannot be put on sale as it is, in words; empty where it can."""
    return why_not_on_sale(_candidate(model), at, settings.AUDIT_DAYS)


def _candidate(model: GeneratorModel) -> Candidate:
    audit = model.audits.order_by("-pk").first()
    return Candidate(
        training_set_id=model.training_set_id,
        frozen_at=model.training_set.frozen_at if model.training_set else None,
        changed_at=model.changed_at,
        audited=Audited(audit.training_set_id, audit.audited_at) if audit else None,
        missing=tuple(words for name, words in STATEMENTS.items() if not getattr(model, name).strip()),
    )


def _locked(model: GeneratorModel) -> GeneratorModel:
    return (
        GeneratorModel.objects.select_for_update(no_key=True, of=("self",))
        .select_related("training_set")
        .get(pk=model.pk)
    )


def _move(model: GeneratorModel, state: ModelState, changed_by: User | None, at: datetime) -> None:
    require_transition(ModelState(model.state), state)
    model.state = state
    model.save(update_fields=["state"])
    _log(model, changed_by, at)


def _log(model: GeneratorModel, changed_by: User | None, at: datetime) -> None:
    ModelStateChange.objects.create(generator_model=model, state=model.state, changed_by=changed_by, changed_at=at)
