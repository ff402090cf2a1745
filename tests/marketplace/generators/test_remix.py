"""The sample generator's pictures repeat exactly, and their recorded weights are what the pixels show."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from marketplace.generators import GeneratedImage, GenerationFailed, Generator, GeneratorUnavailable
from marketplace.generators.remix import KIND_PERCENT, Remix, Source

EDGE = 128
FLAT_COLOURS = {11: (255, 0, 0), 22: (0, 255, 0), 33: (0, 0, 255), 44: (0, 0, 0)}


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    """Four sources of one colour each: the share of a colour in a picture is the share of its source."""
    folder = tmp_path_factory.mktemp("flat")
    sizes = [(300, 200), (200, 300), (90, 90), (640, 100)]
    for (asset_id, colour), size in zip(FLAT_COLOURS.items(), sizes, strict=True):
        Image.new("RGB", size, colour).save(folder / f"{asset_id}.png")
    return [Source(asset_id, folder / f"{asset_id}.png") for asset_id in FLAT_COLOURS]


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    folder = tmp_path_factory.mktemp("noisy")
    noise = np.random.default_rng(7)
    for asset_id in range(1, 7):
        small = Image.fromarray(noise.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        small.resize((240, 180), Image.Resampling.BICUBIC).save(folder / f"{asset_id}.png")
    return [Source(asset_id, folder / f"{asset_id}.png") for asset_id in range(1, 7)]


def _of_kind(remix: Remix, kind: str, count: int = 6) -> list[GeneratedImage]:
    pictures = (remix.generate("a harbour at dawn", seed) for seed in range(1_000))
    return list(islice((picture for picture in pictures if picture.parameters["kind"] == kind), count))


def _pixels(picture: GeneratedImage) -> NDArray[np.float64]:
    return np.asarray(picture.image, dtype=np.float64)


def _weights(picture: GeneratedImage) -> dict[int, int]:
    assert picture.truth is not None
    return {part.asset_id: part.weight_ppm for part in picture.truth}


def _expected_mean(weights: dict[int, int]) -> NDArray[np.float64]:
    colours = np.array([FLAT_COLOURS[asset_id] for asset_id in weights], dtype=np.float64)
    return colours.T @ np.array(list(weights.values()), dtype=np.float64) / 1e6


def test_the_same_prompt_seed_and_sources_give_the_same_remix(noisy: list[Source]) -> None:
    first, again = Remix(noisy, EDGE), Remix(list(reversed(noisy)), EDGE)
    for seed in range(12):
        one, two = first.generate("harbour", seed), again.generate("harbour", seed)
        assert one.image.tobytes() == two.image.tobytes()
        assert (one.truth, one.parameters) == (two.truth, two.parameters)


def test_another_seed_or_prompt_gives_another_remix(noisy: list[Source]) -> None:
    remix = Remix(noisy, EDGE)
    pictures = [remix.generate(prompt, seed) for prompt in ("harbour", "forest") for seed in range(30)]
    assert len({picture.image.tobytes() for picture in pictures}) == len(pictures)


def test_true_weights_sum_to_one_million_and_name_each_source_once(noisy: list[Source]) -> None:
    remix = Remix(noisy, 32)
    for seed in range(80):
        truth = remix.generate("harbour", seed).truth
        assert truth is not None
        assert sum(part.weight_ppm for part in truth) == 1_000_000
        assert all(part.weight_ppm > 0 for part in truth)
        assert len({part.asset_id for part in truth}) == len(truth)


def test_the_kinds_of_remix_come_in_the_promised_mix(noisy: list[Source]) -> None:
    remix = Remix(noisy, 16)
    kinds = [remix.generate("harbour", seed).parameters["kind"] for seed in range(500)]
    for kind, percent in KIND_PERCENT.items():
        assert kinds.count(kind) / 5 == pytest.approx(percent, abs=6)


def test_a_collage_weighs_each_source_by_the_area_it_fills(flat: list[Source]) -> None:
    collages = _of_kind(Remix(flat, EDGE), "collage", count=12)
    assert {len(_weights(collage)) for collage in collages} == {2, 3, 4}
    for collage in collages:
        pixels, weights = _pixels(collage), _weights(collage)
        assert pixels.mean(axis=(0, 1)) == pytest.approx(_expected_mean(weights), abs=0.1)
        for asset_id, weight_ppm in weights.items():
            area = np.mean(np.abs(pixels - FLAT_COLOURS[asset_id]).max(axis=2) < 128)
            assert area == pytest.approx(weight_ppm / 1e6, abs=0.02)


def test_a_collage_shows_every_source_in_a_fair_region(flat: list[Source]) -> None:
    for collage in _of_kind(Remix(flat, EDGE), "collage", count=12):
        assert min(_weights(collage).values()) > 100_000


def test_a_blend_mixes_every_pixel_by_the_recorded_weights(flat: list[Source]) -> None:
    blends = _of_kind(Remix(flat, EDGE), "blend", count=12)
    assert {len(_weights(blend)) for blend in blends} == {2, 3}
    for blend in blends:
        assert np.abs(_pixels(blend) - _expected_mean(_weights(blend))).max() <= 1


@pytest.mark.parametrize("kind", ["crop", "restyle"])
def test_a_crop_or_a_restyle_is_wholly_of_one_source(noisy: list[Source], kind: str) -> None:
    for picture in _of_kind(Remix(noisy, EDGE), kind):
        assert list(_weights(picture).values()) == [1_000_000]


def test_a_crop_shows_its_source_unaltered(flat: list[Source]) -> None:
    for crop in _of_kind(Remix(flat, EDGE), "crop"):
        (asset_id,) = _weights(crop)
        assert np.all(_pixels(crop) == FLAT_COLOURS[asset_id])


def test_a_restyle_changes_how_its_source_looks(noisy: list[Source]) -> None:
    for picture in _of_kind(Remix(noisy, EDGE), "restyle", count=10):
        (asset_id,) = _weights(picture)
        source = Image.open(next(s.path for s in noisy if s.asset_id == asset_id)).resize((EDGE, EDGE))
        assert np.abs(_pixels(picture) - np.asarray(source)).mean() > 20


def test_a_remix_is_a_square_rgb_picture(noisy: list[Source]) -> None:
    remix: Generator = Remix(noisy, EDGE)
    for seed in range(12):
        image = remix.generate("harbour", seed).image
        assert (image.size, image.mode) == ((EDGE, EDGE), "RGB")


def test_what_attribution_may_see_of_a_remix_does_not_name_its_sources(flat: list[Source]) -> None:
    for seed in range(12):
        picture = Remix(flat, EDGE).generate("harbour", seed)
        assert set(picture.parameters) == {"kind", "edge", "seed"}
        assert picture.image.info == {}


def test_remix_asks_for_a_catalogue_when_there_is_next_to_none(flat: list[Source]) -> None:
    with pytest.raises(GeneratorUnavailable, match="up to 4 catalogue images and has 3: import some"):
        Remix(flat[:3])


def test_remix_names_the_source_that_it_cannot_read(tmp_path: Path) -> None:
    for asset_id in range(4):
        (tmp_path / f"{asset_id}.png").write_bytes(b"not an image")
    remix = Remix([Source(asset_id, tmp_path / f"{asset_id}.png") for asset_id in range(4)])
    with pytest.raises(GenerationFailed, match=r"Cannot read .*\d\.png, the image of asset \d"):
        remix.generate("harbour", 1)
