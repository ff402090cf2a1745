"""What changed between two versions of a training set, and how groups of its members are weighted."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from marketplace.consents import record_consent
from marketplace.core.verdicts import Verdict
from marketplace.model_cards import card_document, card_sections
from marketplace.models import Asset, Contributor, TrainingSet
from marketplace.services import NoTrainingSet, freeze_training_set
from marketplace.training_sets import LeftOut, training_set_difference
from tests.builders import FROZEN_AT, JOINED_AT, SOLD_AT, make_asset, make_draft_model, make_training_set

HOUR = timedelta(hours=1)


def test_a_difference_says_what_came_in_what_went_and_why(ana: Contributor, ben: Contributor) -> None:
    withdrawn, rejected, kept = make_asset(ana), make_asset(ana), make_asset(ben)
    first = make_training_set(version="1")
    record_consent(Asset.objects.filter(pk=withdrawn.pk), False, FROZEN_AT + HOUR, FROZEN_AT + HOUR)
    rejected.submission.verdict = Verdict.REJECT
    rejected.submission.save()
    added = make_asset(ben)
    second = freeze_training_set("catalogue", "2", SOLD_AT)
    found = training_set_difference(first, second)
    assert found.kept == 1
    assert found.added == (added.pk,)
    assert found.removed == (
        LeftOut(withdrawn.pk, "training consent withdrawn from 2026-09-20 09:00 UTC"),
        LeftOut(rejected.pk, "its screening is reject"),
    )
    back = training_set_difference(second, first)
    assert (back.added, back.removed) == (
        (withdrawn.pk, rejected.pk),
        (LeftOut(added.pk, "not taken into this version"),),
    )
    assert training_set_difference(first, first).kept == first.members.count() == 3
    assert kept.pk not in {*found.added, *(one.asset_id for one in found.removed)}


def test_a_set_that_may_still_change_is_not_compared(ana: Contributor) -> None:
    make_asset(ana)
    frozen = make_training_set()
    growing = TrainingSet.objects.create(name="growing", version="1", created_at=JOINED_AT)
    with pytest.raises(ValueError, match="growing 1 is not frozen: what it has may still change"):
        training_set_difference(frozen, growing)


def test_the_command_prints_a_line_for_each_change(ana: Contributor, capsys: pytest.CaptureFixture[str]) -> None:
    gone, _ = make_asset(ana), make_asset(ana)
    make_training_set(version="1")
    record_consent(Asset.objects.filter(pk=gone.pk), False, FROZEN_AT + HOUR, FROZEN_AT + HOUR)
    new = make_asset(ana)
    freeze_training_set("catalogue", "2", SOLD_AT)
    call_command("training_set_difference", "catalogue", "1", "2")
    assert capsys.readouterr().out.splitlines() == [
        f"+ image {new.pk}",
        f"- image {gone.pk}: training consent withdrawn from 2026-09-20 09:00 UTC",
        "From catalogue 1 to catalogue 2: 1 added, 1 removed, 1 kept.",
    ]
    with pytest.raises(CommandError, match=r"There is no training set catalogue 3\. Known: catalogue 1, catalogue 2"):
        call_command("training_set_difference", "catalogue", "1", "3")


def test_weights_of_groups_are_kept_with_the_set_and_shown_on_the_card(ana: Contributor) -> None:
    make_asset(ana)
    call_command("freeze_training_set", "catalogue", "1", "--weight=sample=2.5")
    frozen = TrainingSet.objects.get()
    assert frozen.weights_ppm == {"sample": 2_500_000}
    card = card_document(make_draft_model(frozen))
    assert card["training_set"]["weights"] == [{"keyword": "sample", "weight_ppm": 2_500_000, "images": 1}]
    told = {label: value for _, rows in card_sections(card) for label, value in rows}
    assert told["Weighted group"] == "1 images with the keyword “sample” count 2.5 times in training"
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        TrainingSet.objects.update(weights_ppm={})


@pytest.mark.parametrize("weight", ["sample", "sample=", "=2", "sample=0", "sample=-1", "sample=101", "sample=nan",
                                    "sample=0.0000001"])  # fmt: skip
def test_a_weight_that_is_none_is_refused(ana: Contributor, weight: str) -> None:
    make_asset(ana)
    with pytest.raises(CommandError, match="is no weight"):
        call_command("freeze_training_set", "catalogue", "1", f"--weight={weight}")
    assert not TrainingSet.objects.exists()


def test_a_weight_for_a_group_that_nobody_is_in_is_refused(ana: Contributor) -> None:
    make_asset(ana)
    with pytest.raises(NoTrainingSet, match="No image of catalogue 1 has the keyword 'portrait'"):
        freeze_training_set("catalogue", "1", FROZEN_AT, {"portrait": 2_000_000})
    assert not TrainingSet.objects.exists()
