"""SSCD, where its weights are configured: what it is shown, what it adds to a check, and what is wrong with a file."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from django.conf import LazySettings
from PIL import Image
from torch import Tensor, nn

from attribution.checks import check_sscd
from attribution.copies import check_copies, copy_method
from attribution.core.copies import Tier
from attribution.models import CopyCheck
from attribution.sscd import SscdUnavailable, sscd_vector
from marketplace.models import Contributor
from tests.attribution.copying import drawn, make_configured_encoder, make_drawn_assets, make_generation_of
from tests.builders import CLOSED_AT, make_generator_model, make_picture, make_training_set


class Colours(nn.Module):
    """In place of the real one: the mean of each channel, then the height and width of what it was shown."""

    def forward(self, pixels: Tensor) -> Tensor:
        size = torch.tensor([[float(pixels.shape[2]), float(pixels.shape[3])]])
        return torch.cat([pixels.mean(dim=[2, 3]), size * 1e-9], dim=1)


@pytest.fixture
def weights(tmp_path: Path, settings: LazySettings) -> Path:
    path = tmp_path / "colours.torchscript.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out, and SSCD is published as nothing else
        traced = torch.jit.trace(Colours(), torch.zeros(1, 3, 288, 300))  # type: ignore[no-untyped-call]
        torch.jit.save(traced, str(path))
    settings.SSCD_WEIGHTS = str(path)
    return path


def test_a_picture_is_shown_to_it_as_its_authors_say(weights: Path) -> None:
    vector = sscd_vector(Image.new("RGB", (600, 300), (255, 128, 0)))
    assert vector is not None
    assert np.linalg.norm(vector) == pytest.approx(1)
    shown = np.array([(1 - 0.485) / 0.229, (128 / 255 - 0.456) / 0.224, (0 - 0.406) / 0.225])
    assert vector[:3] == pytest.approx(shown / np.linalg.norm(shown), abs=1e-5)


def test_without_weights_there_is_no_vector(settings: LazySettings) -> None:
    settings.SSCD_WEIGHTS = ""
    assert sscd_vector(make_picture()) is None
    assert check_sscd(None) == []


def test_what_it_finds_alike_is_held_even_if_geometry_proves_nothing(
    weights: Path, ana: Contributor, settings: LazySettings
) -> None:
    settings.ENCODER_RECIPE = "compact"
    encoder = make_configured_encoder()
    make_drawn_assets([ana], encoder)
    model = make_generator_model(make_training_set())
    mean = Image.new("RGB", (64, 64), drawn(0).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)))
    make_generation_of(mean, model, encoder)
    assert check_copies(CLOSED_AT) == 1
    check = CopyCheck.objects.get()
    match = check.matches.get()
    assert (check.tier, match.inliers, match.generation_region) == (Tier.NEAR_COPY, 0, [])
    assert match.sscd_similarity is not None
    assert match.sscd_similarity > 0.9
    assert f"SSCD gives {match.sscd_similarity:.2f}" in check.output_check.evidence
    assert len(check.method.parameters["sscd"]) == 12


@pytest.mark.django_db
def test_configuring_it_is_another_method_so_that_everything_is_checked_again(
    weights: Path, settings: LazySettings
) -> None:
    with_it = copy_method()
    settings.SSCD_WEIGHTS = ""
    assert copy_method() != with_it


def test_a_file_that_is_missing_or_no_torchscript_is_named(weights: Path, settings: LazySettings) -> None:
    settings.SSCD_WEIGHTS = str(weights.with_name("elsewhere.pt"))
    with pytest.raises(SscdUnavailable, match="there is no such file"):
        sscd_vector(make_picture())
    (problem,) = check_sscd(None)
    assert problem.id == "tributary.E109"
    weights.write_bytes(b"not weights")
    settings.SSCD_WEIGHTS = f"{weights.parent}/./{weights.name}"
    with pytest.raises(SscdUnavailable, match="is no TorchScript file"):
        sscd_vector(make_picture())
