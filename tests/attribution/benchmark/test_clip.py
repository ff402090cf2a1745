"""CLIP's rows use CLIP's own tower."""

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from attribution.benchmark.clip import clip_recipes
from attribution.benchmark.embedding import KeptEncoder
from attribution.compact.teacher import TEACHER, load_teacher
from marketplace.sample_catalogue import STYLES, draw_work

LOADER = Path(__file__).resolve().parents[3].parent / "shared" / "weights" / "clip_vitb16.py"


@pytest.mark.skipif(not LOADER.exists(), reason="needs CLIP ViT-B/16's weights in the folder shared/weights")
def test_the_rows_are_clips_own_outputs_and_are_fitted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few: dict[str, object] = {"clip-blocks-whitened": ((3, 9), 3), "clip-final-centred": ((), None)}
    monkeypatch.setattr("attribution.benchmark.clip.RECIPES", few)  # whitening to 256 would need more pictures
    monkeypatch.setattr("attribution.tiles.WHITENED", 16)
    works = [draw_work(style, 1, 96).image for style in STYLES[:5]]
    done: list[int] = []
    recipes = clip_recipes(LOADER, tmp_path / "clip", works, tmp_path / "kept", done.append)
    centred = KeptEncoder(recipes[1], tmp_path / "kept").encode_all(works)
    _, _, preprocess = open_clip.create_model_and_transforms(TEACHER, pretrained=None)
    with torch.inference_mode():
        own = load_teacher(LOADER)(torch.stack([preprocess(work) for work in works])).numpy()
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    own -= own.mean(axis=0)
    np.testing.assert_allclose(centred.vectors, own / np.linalg.norm(own, axis=1, keepdims=True), atol=1e-4)
    fitted = sum(done)
    again = clip_recipes(LOADER, tmp_path / "clip", works, tmp_path / "kept", done.append)
    assert sum(done) == fitted
    assert [recipe.fingerprint for recipe in again] == [recipe.fingerprint for recipe in recipes]
