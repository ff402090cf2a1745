"""CLIP ViT-B/16 as rows of the benchmark, where its image tower lies on this machine: final embedding and middle."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from safetensors.numpy import load_file, save_file

from attribution.benchmark.embedding import Advance, KeptEncoder
from attribution.compact.teacher import load_teacher
from attribution.encoders import fit_statistics
from attribution.recipes import Recipe, find_recipe, load_recipe

MODEL = "clip-vit-b-16-tower"
WIDTH = 512
VISION_CONFIG = {"image_size": 224, "layers": 12, "width": 768, "patch_size": 16}
BLOCKS = (2, 4, 6)
WHITENED = 256
RECIPES: dict[str, tuple[tuple[int, ...], int | None]] = {
    "clip-blocks-whitened": (BLOCKS, WHITENED),
    "clip-final-whitened": ((), WHITENED),
    "clip-final-centred": ((), None),
}
"""The blocks that are read beside the final embedding, and the whitening of each part.

The widest comes first: what the tower gives for it is kept and serves the others.
"""


def clip_recipes(
    loader: Path, folder: Path, background: Sequence[Image.Image], kept: Path, advance: Advance
) -> list[Recipe]:
    """The recipes, with statistics fitted on `background`; what is in `folder` from an earlier run is used again.

    `loader` is a Python file that gives the tower's weights by `visual_state_dict()`.
    """
    clip_tower(loader, folder)
    digest = hashlib.sha256(b"".join(image.tobytes() for image in background)).hexdigest()[:12]
    for name, (blocks, whiten_to) in RECIPES.items():
        raw = _write_recipe(folder, name, blocks, None)
        statistics = folder / f"{name}-{digest}.npz"
        if not statistics.exists():
            fit_statistics(KeptEncoder(raw, kept, advance), background, statistics, whiten_to)
        _write_recipe(folder, name, blocks, statistics.name)
    return [load_recipe(folder / f"{name}.json") for name in RECIPES]


def clip_tower(loader: Path, folder: Path) -> Recipe:
    """The tower and its blocks, without statistics."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{MODEL}.safetensors"
    if not weights.exists():
        _write_tower(loader, weights)
    return _write_recipe(folder, "clip-tower", BLOCKS, None)


def _write_recipe(folder: Path, name: str, blocks: tuple[int, ...], statistics: str | None) -> Recipe:
    path = folder / f"{name}.json"
    fields = {
        "name": name,
        "model": MODEL,
        "checkpoint": f"{MODEL}.safetensors",
        "config": f"{MODEL}.json",
        "blocks": blocks,
        "statistics": statistics,
        "width": WIDTH,
    }
    path.write_text(json.dumps(fields, indent=4) + "\n", encoding="utf-8")
    return load_recipe(path)


def _write_tower(loader: Path, weights: Path) -> None:
    """CLIP's image tower; the text tower, which open_clip asks for and nobody uses, is the shipped encoder's."""
    shipped = find_recipe("compact")
    assert shipped.checkpoint
    assert shipped.config
    text_config = json.loads(Path(shipped.config).read_text(encoding="utf-8"))["text_cfg"]
    config = {"embed_dim": WIDTH, "quick_gelu": True, "vision_cfg": VISION_CONFIG, "text_cfg": text_config}
    weights.with_name(f"{MODEL}.json").write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")
    text = {name: value for name, value in load_file(shipped.checkpoint).items() if not name.startswith("visual.")}
    tower = {f"visual.{name}": value.numpy() for name, value in load_teacher(loader).state_dict().items()}
    partial = weights.with_suffix(".partial")
    save_file(text | tower, partial)
    partial.rename(weights)
