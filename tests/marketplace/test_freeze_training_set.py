"""The command that freezes a training set, for those who run a month on real services."""

import pytest
from django.core.management import CommandError, call_command

from marketplace.models import Contributor, TrainingSet
from tests.builders import make_asset


def test_all_consenting_assets_are_frozen_under_the_name(ana: Contributor, capsys: pytest.CaptureFixture[str]) -> None:
    make_asset(ana)
    make_asset(ana)
    call_command("freeze_training_set", "catalogue", "2026-11")
    frozen = TrainingSet.objects.get(name="catalogue", version="2026-11")
    assert frozen.frozen_at
    assert frozen.members.count() == 2
    assert capsys.readouterr().out == "Training set catalogue 2026-11: 2 assets, frozen.\n"


def test_a_name_and_version_that_exist_are_refused_in_plain_words(ana: Contributor) -> None:
    make_asset(ana)
    call_command("freeze_training_set", "catalogue", "1")
    make_asset(ana)
    with pytest.raises(CommandError, match="catalogue 1 exists and is final: give another version"):
        call_command("freeze_training_set", "catalogue", "1")
    assert TrainingSet.objects.get().members.count() == 1


def test_an_empty_set_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="no asset has training consent"):
        call_command("freeze_training_set", "catalogue", "1")
    assert not TrainingSet.objects.exists()
