"""Pictures become embeddings that can be compared, by the encoder that ships with the product and by real CLIP."""

import io
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import open_clip
import pytest
from PIL import Image

from attribution.compact.teacher import TEACHER, load_teacher
from attribution.encoders import (
    Encoder,
    EncoderUnavailable,
    Recipe,
    UnreadablePicture,
    embed_files,
    find_recipe,
    fit_statistics,
    load_encoder,
    load_recipe,
)
from attribution.statistics import Statistics
from attribution.tiles import Rows
from marketplace.sample_catalogue import STYLES, draw_work

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CLIP_LOADER = SHARED / "weights" / "clip_vitb16.py"
COMPACT = find_recipe("compact")
Images = list[Image.Image]


@pytest.fixture(scope="module")
def works() -> Images:
    return [draw_work(style, number, 192).image for style in STYLES for number in (1, 2)]


@pytest.fixture(scope="module")
def compact() -> Encoder:
    return load_encoder(COMPACT)


@pytest.fixture(scope="module")
def clip() -> Encoder:
    """Real CLIP ViT-B/16, its middle blocks and its final embedding."""
    if not CLIP_LOADER.exists():
        pytest.skip("needs CLIP ViT-B/16's weights in the folder shared/weights beside the repository")
    _, _, preprocess = open_clip.create_model_and_transforms(TEACHER, pretrained=None)
    recipe = Recipe("clip", TEACHER, pretrained="openai", blocks=(3, 7))
    return Encoder(recipe, load_teacher(CLIP_LOADER), preprocess, None)


@pytest.fixture(scope="module", params=["compact", "clip"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, works: Images) -> Encoder:
    """Each encoder, final embedding only, with the statistics it needs."""
    if request.param == "compact":
        ready: Encoder = request.getfixturevalue("compact")
        return ready
    raw: Encoder = request.getfixturevalue("clip")
    final = Encoder(replace(raw.recipe, blocks=()), raw.visual, raw.preprocess, None)
    path = tmp_path_factory.mktemp("clip") / "statistics.npz"
    fit_statistics(final, works[:6], path)
    return with_statistics(final, path)


def test_every_embedding_has_the_stored_width_and_unit_length(encoder: Encoder, works: Images) -> None:
    rows = encoder.encode(works[:2]).vectors
    assert rows.shape == (2, 512)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_the_same_picture_always_gets_the_same_embedding(encoder: Encoder, works: Images) -> None:
    np.testing.assert_array_equal(encoder.encode(works[:2]).vectors, encoder.encode(works[:2]).vectors)


def test_two_loads_of_a_recipe_agree(compact: Encoder, works: Images) -> None:
    first, second = load_encoder(COMPACT).encode(works[:3]), compact.encode(works[:3])
    np.testing.assert_array_equal(first.vectors, second.vectors)
    np.testing.assert_array_equal(first.tiles, second.tiles)


def test_an_embedding_does_not_depend_on_what_shares_its_batch(encoder: Encoder, works: Images) -> None:
    one_by_one = np.concatenate([encoder.encode([work]).vectors for work in works[:3]])
    np.testing.assert_allclose(encoder.encode(works[:3]).vectors, one_by_one, atol=1e-5)


@pytest.mark.parametrize("change", ["jpeg", "crop"])
def test_a_copy_is_nearer_to_its_original_than_any_other_picture_is(
    encoder: Encoder, works: Images, change: str
) -> None:
    copies = [_jpeg(work) if change == "jpeg" else _crop(work) for work in works[1:6]]
    similarity = encoder.encode(copies).vectors @ encoder.encode(works[1:6]).vectors.T
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


def test_the_mode_of_the_image_file_does_not_matter(compact: Encoder, works: Images) -> None:
    np.testing.assert_array_equal(
        compact.encode([works[0].convert("RGBA")]).vectors, compact.encode([works[0]]).vectors
    )


def test_the_fingerprint_changes_with_the_weights_and_not_with_their_file_name(tmp_path: Path) -> None:
    renamed, changed = tmp_path / "renamed.safetensors", tmp_path / "changed.safetensors"
    shutil.copy(str(COMPACT.checkpoint), renamed)
    changed.write_bytes(renamed.read_bytes()[:-1] + b"\x01")
    assert replace(COMPACT, checkpoint=str(renamed)).fingerprint == COMPACT.fingerprint
    assert replace(COMPACT, checkpoint=str(changed)).fingerprint != COMPACT.fingerprint


def test_the_fingerprint_changes_with_the_statistics_and_with_the_preprocessing(tmp_path: Path) -> None:
    Statistics((np.zeros(512, np.float32),), (None,), None).write(tmp_path / "zero.npz")
    other_mean = replace(COMPACT, statistics=str(tmp_path / "zero.npz"))
    other_crop = replace(COMPACT, resize_mode="shortest")
    assert len({recipe.fingerprint for recipe in (COMPACT, other_mean, other_crop)}) == 3


def test_the_fingerprint_of_the_shipped_encoder_is_cheap() -> None:
    started = time.process_time()
    assert len(find_recipe("compact").fingerprint) == 64
    assert time.process_time() - started < 0.2


def test_a_recipe_is_found_by_name_or_by_path_and_its_files_are_relative_to_it(tmp_path: Path) -> None:
    copy = tmp_path / "mine.json"
    copy.write_text(json.dumps({"name": "mine", "model": "ViT-B-32", "checkpoint": "weights.pt"}))
    assert find_recipe(str(copy)).checkpoint == str((tmp_path / "weights.pt").resolve())
    assert find_recipe("vit-b-16").pretrained == "openai"
    with pytest.raises(ValueError, match="compact"):
        find_recipe("no-such-recipe")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "pretrained tag or a checkpoint"),
        ({"pretrained": "openai", "checkpoint": "x"}, "pretrained tag or a checkpoint"),
        ({"pretrained": "openai", "final": False}, "embeds nothing"),
        ({"pretrained": "openai", "pooling": "max"}, "pooling"),
        ({"pretrained": "openai", "colour": "blue"}, "colour"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(tmp_path: Path, fields: dict[str, object], complaint: str) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"name": "odd", "model": "ViT-B-32", **fields}))
    with pytest.raises(ValueError, match=complaint):
        load_recipe(path)


def test_without_a_network_the_error_names_the_file_to_fetch_within_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr("urllib.request.urlopen", _no_network)
    started = time.monotonic()
    with pytest.raises(EncoderUnavailable) as refusal:
        load_encoder(find_recipe("vit-b-16"))
    assert time.monotonic() - started < 10
    for clue in ("open_clip_model.safetensors", "timm/vit_base_patch16_clip_224.openai", "ENCODER_RECIPE"):
        assert clue in str(refusal.value)


def test_a_missing_weight_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match=r"gone\.safetensors.*ENCODER_RECIPE"):
        load_encoder(replace(COMPACT, checkpoint=str(tmp_path / "gone.safetensors")))


def test_middle_blocks_whitened_and_projected_give_unit_rows(clip: Encoder, works: Images, tmp_path: Path) -> None:
    _check_blocks(clip, works, tmp_path)


def test_the_shipped_encoder_can_give_its_middle_blocks_too(compact: Encoder, works: Images, tmp_path: Path) -> None:
    recipe = replace(COMPACT, statistics=None, blocks=(3, 4))
    raw = Encoder(recipe, compact.visual, compact.preprocess, None)
    _check_blocks(raw, works, tmp_path)


def test_parts_wider_than_the_stored_width_need_a_projection(clip: Encoder, works: Images) -> None:
    with pytest.raises(ValueError, match="projection"):
        clip.encode(works[:1])


def test_narrower_parts_are_padded_with_zeros(compact: Encoder, works: Images, tmp_path: Path) -> None:
    raw = Encoder(replace(COMPACT, statistics=None, blocks=()), compact.visual, compact.preprocess, None)
    fit_statistics(raw, works, tmp_path / "narrow.npz", whiten_to=16)
    rows = with_statistics(raw, tmp_path / "narrow.npz").encode(works[:4]).vectors
    assert rows.shape == (4, 512)
    assert not rows[:, 16:].any()
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_whitening_needs_more_images_than_numbers(compact: Encoder, works: Images, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 64"):
        fit_statistics(compact, works, tmp_path / "statistics.npz", whiten_to=64)


def test_files_are_embedded_in_order_as_their_pictures_are(compact: Encoder, works: Images, tmp_path: Path) -> None:
    paths = [_saved(work, tmp_path / f"{number}.png") for number, work in enumerate(works[:7])]
    embedded = list(embed_files(compact, paths, batch=3))
    assert [positions for positions, _ in embedded] == [range(3), range(3, 6), range(6, 7)]
    np.testing.assert_allclose(
        np.concatenate([rows.vectors for _, rows in embedded]), compact.encode(works[:7]).vectors, atol=1e-5
    )


def test_a_photograph_lying_on_its_side_is_embedded_upright(compact: Encoder, works: Images, tmp_path: Path) -> None:
    turned = works[0].transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me clockwise to see me upright"
    turned.save(tmp_path / "turned.png", exif=exif)
    [(_, row)] = embed_files(compact, [tmp_path / "turned.png"])
    np.testing.assert_allclose(row.vectors, compact.encode([works[0]]).vectors, atol=1e-5)


def test_a_large_jpeg_is_embedded_nearly_as_it_is_at_full_size(compact: Encoder, tmp_path: Path) -> None:
    work = draw_work(STYLES[0], 1, 1024).image
    [(_, row)] = embed_files(compact, [_saved(work, tmp_path / "large.jpg")])
    assert float((row.vectors @ compact.encode([work]).vectors.T).item()) > 0.98


def test_a_corrupt_file_is_named(compact: Encoder, works: Images, tmp_path: Path) -> None:
    good = _saved(works[0], tmp_path / "good.jpg")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    with pytest.raises(UnreadablePicture, match=r"broken\.jpg"):
        list(embed_files(compact, [good, broken]))


def test_importing_the_encoders_leaves_torch_alone() -> None:
    code = "import sys, attribution.encoders; sys.exit('torch' in sys.modules or 'open_clip' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def with_statistics(encoder: Encoder, path: Path) -> Encoder:
    return Encoder(encoder.recipe, encoder.visual, encoder.preprocess, Statistics.read(path))


def _check_blocks(raw: Encoder, works: Images, folder: Path) -> None:
    fit_statistics(raw, works[:12], folder / "blocks.npz", whiten_to=6)
    whitened: Rows = with_statistics(raw, folder / "blocks.npz").encode(works[:2]).vectors
    narrow = Encoder(replace(raw.recipe, width=8), raw.visual, raw.preprocess, None)
    fit_statistics(narrow, works[:12], folder / "narrow.npz", whiten_to=6)
    projected = with_statistics(narrow, folder / "narrow.npz").encode(works[:2]).vectors
    assert whitened.shape == (2, 512)
    assert not whitened[:, 3 * 6 :].any()
    assert projected.shape == (2, 8)
    for rows in (whitened, projected):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def _no_network(*_: object, **__: object) -> None:
    raise OSError("Name or service not known")


def _saved(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def _jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=20)
    return Image.open(buffer)


def _crop(image: Image.Image) -> Image.Image:
    edge = image.width
    return image.crop((edge // 10, edge // 10, edge * 9 // 10, edge * 9 // 10))
