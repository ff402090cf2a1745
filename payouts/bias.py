"""Who is represented in a training set, and who is resembled and paid beside that."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from marketplace.models import GeneratorModel, TrainingSet
from payouts import bias_queries as queries
from payouts.core.inequality import gini_ppm, parts_ppm, top_ppm
from payouts.core.small_groups import groups_shown, whole_percents

MOST_LABELS = 20
NO_LABEL, OTHERS, FOLDED = "not said", "all others", "not said or too few"


class NothingToReport(ValueError):
    """No model or training set of that name, or one that is empty; the message says which there are."""


@dataclass(frozen=True)
class Subject:
    """What is reported on: a generator model with its training set, or a training set alone."""

    training_set: TrainingSet
    model: GeneratorModel | None

    def __str__(self) -> str:
        return f"{self.model or self.training_set}"


def find_subject(name: str) -> Subject:
    """The newest version of the generator model of that name, or else of the training set. Raises `NothingToReport`."""
    model = GeneratorModel.objects.filter(name=name).order_by("-created_at", "-pk").first()
    if model is not None and model.training_set is not None:
        return Subject(model.training_set, model)
    frozen = TrainingSet.objects.filter(name=name, frozen_at__isnull=False).order_by("-frozen_at").first()
    if frozen is not None:
        return Subject(frozen, None)
    models = GeneratorModel.objects.exclude(training_set=None).values_list("name", flat=True)
    known = sorted({*models, *TrainingSet.objects.exclude(frozen_at=None).values_list("name", flat=True)})
    raise NothingToReport(
        f"There is no generator model with a training set and no frozen training set {name!r}. "
        f"Known: {', '.join(known) or 'none'}."
    )


def bias_figures(subject: Subject) -> dict[str, Any]:
    """All figures of the report, ready for JSON: names, counts, and whole parts per million."""
    parameters = {"training_set": subject.training_set.pk, "model": subject.model and subject.model.pk}
    contributed = dict(_rows(queries.CONTRIBUTED, parameters))
    months: dict[str, dict[int, int]] = defaultdict(dict)
    for month, contributor_id, ppm in _rows(queries.BY_MONTH, parameters):
        months[month][contributor_id] = ppm
    attributed: dict[int, int] = defaultdict(int)
    for shares in months.values():
        for contributor_id, ppm in shares.items():
            attributed[contributor_id] += ppm
    earned = dict(_rows(queries.EARNED, {"contributors": list(contributed)}))
    return {
        "subject": str(subject),
        "training_set": {"name": str(subject.training_set), "images": sum(contributed.values())},
        "contributors": len(contributed),
        "skew": {
            "contributed images": _skew(contributed, contributed),
            "attributed shares": _skew(contributed, attributed),
            "earnings": _skew(contributed, earned),
        },
        "labels": {kind: _by_label(kind, parameters) for kind in queries.LABELS},
        "months": {month: _skew(contributed, shares) for month, shares in months.items()},
    }


def _skew(people: Mapping[int, object], amounts: Mapping[int, int]) -> dict[str, int]:
    """Over all contributors of the training set, those with nothing among them."""
    all_amounts = [amounts.get(person, 0) for person in people]
    return {
        "gini_ppm": gini_ppm(all_amounts),
        "top_one_percent_ppm": top_ppm(all_amounts),
        "with_nothing": sum(amount == 0 for amount in all_amounts),
    }


def _by_label(kind: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The most frequent labels of the training set, and the others together, each with its parts of everything.

    Of what contributors say of themselves, groups of a few people are with the others, and parts are whole percents.
    """
    rows = _rows(queries.BY_LABEL.format(labels=queries.LABELS[kind]), parameters)
    columns = {
        name: {label: int(figures[place]) for label, *figures in rows if figures[place]}
        for place, name in enumerate(queries.FIGURES)
    }
    members = columns["training_set_ppm"]
    shown = sorted(members, key=lambda label: (-members[label], label))[:MOST_LABELS]
    if kind not in queries.SELF_DESCRIBED:
        return _parts(columns, shown, OTHERS)
    groups = groups_shown({label: figures[len(columns) :] for label, *figures in rows})
    parts = _parts(columns, [label for label in shown if label in groups], FOLDED)
    return [row | {name: whole_percents(row[name]) for name in columns} for row in parts]


def _parts(columns: Mapping[str, Mapping[str, int]], shown: list[str], others: str) -> list[dict[str, Any]]:
    """A row for each label that is shown, and one for all others where there are any."""
    parts = {name: parts_ppm(_folded(column, shown, others)) for name, column in columns.items()}
    rows = [*shown, *([others] if any(others in column for column in parts.values()) else [])]
    return [
        {"label": label or NO_LABEL, **{name: column.get(label, 0) for name, column in parts.items()}} for label in rows
    ]


def _folded(amounts: Mapping[str, int], shown: list[str], others: str) -> dict[str, int]:
    """The amounts of the shown labels, and those of all others as one."""
    folded: dict[str, int] = defaultdict(int)
    for label, amount in amounts.items():
        folded[label if label in shown else others] += amount
    return folded


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
