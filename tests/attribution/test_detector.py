"""An operator's detector holds and never rejects, and its card says what it does with pictures it has not seen."""

from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from PIL import Image
from pytest_django import Settings

from attribution.checks import check_detector, check_detectors_encoder
from attribution.detector import Detector, write
from attribution.embed import current_encoder
from attribution.look_alikes import find_look_alikes
from attribution.management.commands import train_detector
from attribution.models import Encoder
from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, Contributor
from marketplace.sample_catalogue import STYLES, draw_work
from tests.builders import CLOSED_AT, embed_asset, make_asset, unit_vector


@pytest.fixture
def encoder(db: None, settings: Settings) -> Encoder:
    """The current encoder; the tests give its vectors, so that no model is loaded."""
    settings.ENCODER_RECIPE = "compact"
    return current_encoder(CLOSED_AT)


def _detector(file: Path, fingerprint: str) -> str:
    """One that points at pictures whose first number is above a half."""
    weights = np.zeros(513)
    weights[0] = 1
    write(Detector(fingerprint, weights, 0.5), file)
    return str(file)


def _folder(place: Path, works: range, *, blue: bool) -> Path:
    for number in works:
        image = draw_work(STYLES[number % len(STYLES)], number, 64).image
        if blue:
            image = Image.merge("RGB", (image.getchannel("B"), image.getchannel("G"), Image.new("L", image.size, 250)))
        file = place / "somebody" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file)
    return place


def test_what_the_detector_points_at_waits_for_a_reviewer(
    ana: Contributor, encoder: Encoder, settings: Settings, tmp_path: Path
) -> None:
    settings.DETECTOR = _detector(tmp_path / "d.npz", encoder.fingerprint)
    pointed_at, other = make_asset(ana), make_asset(ana)
    embed_asset(pointed_at, encoder, unit_vector(1))
    embed_asset(other, encoder, unit_vector(0, 1))
    assert find_look_alikes(CLOSED_AT) == 2
    verdicts = dict(Asset.objects.values_list("pk", "submission__verdict"))
    assert verdicts == {pointed_at.pk: Verdict.HOLD, other.pk: Verdict.ACCEPT}
    result = pointed_at.submission.screening_results.latest("pk")
    assert result.reasons == ["detector_points_at_it"]
    assert result.signals[-1]["evidence"]["tool"] == f"detector on encoder {encoder}"


def test_a_detector_of_another_encoder_is_refused_and_nothing_is_held(
    ana: Contributor, encoder: Encoder, settings: Settings, tmp_path: Path
) -> None:
    settings.DETECTOR = _detector(tmp_path / "d.npz", "another")
    embed_asset(make_asset(ana), encoder, unit_vector(1))
    with pytest.raises(ValueError, match="trained with another encoder"):
        find_look_alikes(CLOSED_AT)
    assert Asset.objects.get().submission.verdict == Verdict.ACCEPT
    assert [message.id for message in check_detectors_encoder(None)] == ["tributary.E112"]
    settings.DETECTOR = _detector(tmp_path / "own.npz", encoder.fingerprint)
    assert check_detectors_encoder(None) == []


def test_train_detector_writes_a_detector_and_a_card_with_its_curve(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENCODER_RECIPE = "compact"
    monkeypatch.setattr(train_detector, "FEWEST", 60)
    genuine = _folder(tmp_path / "genuine", range(64), blue=False)
    generated = _folder(tmp_path / "generated", range(64), blue=True)
    output = tmp_path / "out" / "detector.npz"
    call_command("train_detector", str(genuine), str(generated), output=output)
    with np.load(output) as stored:
        assert stored["weights"].shape == (513,)
    card = output.with_suffix(".md").read_text()
    assert "| genuine |" in card
    assert "| generated |" in card
    area = float(card.split("area ")[1].split(":")[0])
    assert area > 0.9
    with pytest.raises(CommandError, match="must be a new file"):
        call_command("train_detector", str(genuine), str(generated), output=output)


def test_a_detector_that_is_not_there_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    assert check_detector(None) == []
    for place, data in (("missing.npz", None), ("other.npz", b"no detector")):
        if data:
            (tmp_path / place).write_bytes(data)
        settings.DETECTOR = str(tmp_path / place)
        assert [message.id for message in check_detector(None)] == ["tributary.E110"]
    settings.DETECTOR = _detector(tmp_path / "d.npz", "any")
    assert check_detector(None) == []


def test_too_few_pictures_are_refused(settings: Settings, tmp_path: Path) -> None:
    settings.ENCODER_RECIPE = "compact"
    folder = _folder(tmp_path / "few", range(2), blue=False)
    with pytest.raises(CommandError, match="holds 2 pictures: give at least 400"):
        call_command("train_detector", str(folder), str(folder), output=tmp_path / "d.npz")
    assert not (tmp_path / "d.npz").exists()
