"""The replication audit: its figures, its report that needs no other file, and what it refuses to audit."""

import hashlib
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from PIL import ImageOps

from attribution import audit_baseline
from attribution.copies import check_copies
from attribution.models import CopyCheck, Encoder, ReplicationAudit
from attribution.same_picture import stored_picture
from marketplace.core.release import Decision
from marketplace.generator_models import save_generator_model
from marketplace.models import Asset, Contributor, GeneratorModel
from marketplace.output_checks import decide_output
from marketplace.sample_catalogue import STYLES
from tests.attribution.copying import (
    drawn,
    holding,
    make_configured_encoder,
    make_drawn_assets,
    make_generation_of,
)
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    embed_asset,
    jpeg_bytes,
    link_copy,
    make_asset,
    make_generator_model,
    make_training_set,
    make_user,
    submit,
    unit_vector,
)


@pytest.fixture
def encoder(db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Encoder:
    settings.ENCODER_RECIPE = "compact"
    monkeypatch.setattr(audit_baseline, "DRAWN_OF_EACH_STYLE", 1)
    monkeypatch.setattr(audit_baseline, "STYLES", STYLES[7:10])
    return make_configured_encoder()


@pytest.fixture
def assets(ana: Contributor, ben: Contributor, encoder: Encoder) -> list[Asset]:
    return make_drawn_assets([ana, ben], encoder)


@pytest.fixture
def model(assets: list[Asset], encoder: Encoder) -> GeneratorModel:
    """It copied Ana's work mirrored once, and once nothing."""
    model = make_generator_model(make_training_set(), "Painter")
    make_generation_of(holding(ImageOps.mirror(drawn(0))), model, encoder)
    make_generation_of(drawn(5), model, encoder)
    return model


def audit(folder: Path) -> dict[str, Any]:
    call_command("audit_replication", "Painter", out=folder, stdout=StringIO())
    facts: dict[str, Any] = json.loads((folder / "replication-audit.json").read_text())
    return facts


def test_the_audit_says_how_often_what_of_whom_and_how_sure(
    model: GeneratorModel, assets: list[Asset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_copies(CLOSED_AT)
    first = CopyCheck.objects.order_by("pk")[0]
    decide_output(first.output_check, Decision.UPHELD, "A copy.", make_user("rita", "reviewer"), CLOSED_AT)
    facts = audit(tmp_path)
    assert facts["generations"] == 2
    assert facts["tiers"]["near_copy"]["count"] == 1
    assert facts["tiers"]["near_copy"]["low"] == pytest.approx(0.0945, abs=1e-4)
    assert facts["tiers"]["none"]["rate"] == 0.5
    assert facts["training_set"]["images"] == 2
    assert facts["unrelated"]["tiers"]["near_copy"]["count"] == 0
    assert facts["unrelated"]["tiers"]["none"]["n"] == 3
    assert "3 works of 3 styles of the sample catalogue" in facts["unrelated"]["pictures"]
    assert facts["similarity"]["p100"] == pytest.approx(0.8, abs=1e-3)
    assert facts["background_similarity"]["p50"] == pytest.approx(0, abs=1e-3)
    assert facts["images_of_the_same_picture"] == {"matched": 1.0, "all": 1.0}
    (match,) = facts["matches"]
    assert (match["image"], match["owner"], match["is_mirrored"]) == (assets[0].pk, "Ana", True)
    assert (match["tier"], match["verdict"]) == ("near_copy", "upheld")
    assert len(match["image_region"]) > 2
    assert "near copy" in capsys.readouterr().out


def test_the_report_is_one_file_with_both_pictures_and_the_record_has_its_hash(
    model: GeneratorModel, tmp_path: Path
) -> None:
    facts = audit(tmp_path)
    report = (tmp_path / "replication-audit.html").read_bytes()
    text = report.decode()
    assert text.count("data:image/jpeg;base64,") == 2
    assert text.count("<polygon") == 4
    assert text.count("<rect") == 48
    assert "http" not in text
    assert "by Ana" in text
    record = ReplicationAudit.objects.get()
    assert record.report_sha256 == hashlib.sha256(report).hexdigest()
    assert record.generator_model == model
    assert {"made_at": facts["made_at"], **record.figures} == facts


def test_what_was_checked_before_is_not_checked_again(model: GeneratorModel, tmp_path: Path) -> None:
    assert check_copies(CLOSED_AT) == 2
    before = set(CopyCheck.objects.values_list("pk", flat=True))
    audit(tmp_path / "first")
    audit(tmp_path / "second")
    assert set(CopyCheck.objects.values_list("pk", flat=True)) == before
    assert ReplicationAudit.objects.count() == 2


def test_assets_that_were_not_trained_on_are_the_unrelated_pictures_where_there_are_enough(
    ana: Contributor, model: GeneratorModel, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_baseline, "FEWEST", 2)
    for number in (8, 9):
        asset = Asset.objects.get(submission=submit(ana, jpeg_bytes(drawn(number))))
        embed_asset(asset, encoder, unit_vector(0, 0, 1))
    facts = audit(tmp_path)
    assert facts["unrelated"]["pictures"] == "2 images of contributors that are not in the training set"
    assert facts["normalised_similarity"]["p50"] == facts["similarity"]["p50"], "they have nothing in common"


def test_members_of_the_near_duplicate_group_of_what_was_copied_are_counted(
    ana: Contributor, assets: list[Asset], encoder: Encoder, tmp_path: Path
) -> None:
    for number in (11, 12):
        again = Asset.objects.get(submission=submit(ana, jpeg_bytes(drawn(number))))
        embed_asset(again, encoder, unit_vector(1))
        link_copy(again, assets[0], CLOSED_AT)
    model = make_generator_model(make_training_set(), "Painter")
    make_generation_of(holding(drawn(0)), model, encoder)
    assert audit(tmp_path)["images_of_the_same_picture"] == {"matched": 3.0, "all": 2.5}


def test_what_cannot_be_audited_is_refused_with_what_to_do(
    ana: Contributor, assets: list[Asset], encoder: Encoder, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="There is no generator model 'Painter'"):
        audit(tmp_path / "audit")
    model = make_generator_model(None, "Painter")
    with pytest.raises(CommandError, match="has no training set"):
        audit(tmp_path / "audit")
    model.training_set = make_training_set()
    save_generator_model(model, FROZEN_AT + timedelta(seconds=1))
    with pytest.raises(CommandError, match="has generated nothing"):
        audit(tmp_path / "audit")
    made = make_generation_of(drawn(5), model, encoder)
    preview = Path(made.preview.path)
    preview.rename(preview.with_suffix(".away"))
    stored_picture.cache_clear()
    with pytest.raises(CommandError, match="1 generations are not checked"):
        audit(tmp_path / "audit")
    preview.with_suffix(".away").rename(preview)
    make_asset(ana)
    model.training_set = make_training_set(version="2")
    save_generator_model(model, FROZEN_AT + timedelta(seconds=2))
    with pytest.raises(CommandError, match="is not embedded yet: let a worker run"):
        audit(tmp_path / "audit")
    assert not (tmp_path / "audit").exists()
    assert not ReplicationAudit.objects.exists()
