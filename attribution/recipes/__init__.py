"""Encoder recipes: what turns a picture into an embedding, down to the weight file, as JSON files in this folder."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

NAMED_RECIPES = Path(__file__).parent
FILE_FIELDS = ("checkpoint", "config", "statistics")


@dataclass(frozen=True)
class Recipe:
    """One way to embed a picture. File names are absolute here and relative to the recipe's own file in JSON.

    `model` and `pretrained` are open_clip's names; `checkpoint` is a local weight file and takes the tag's place;
    `config` is an open_clip model config for a model that open_clip does not know. The parts of an embedding are the
    pooled tokens of the middle `blocks` and, if `final`, the tower's own output. `statistics` names the .npz with each
    part's mean, whitening and the projection (see `attribution.encoders.fit_statistics`). `width` is the stored
    embedding's. `resize_mode` is open_clip's: "shortest" crops to a square, "squash" keeps the whole picture.
    `weights_sha256` pins the weights that the recipe was fitted with: a tag's file on the hub may change.
    """

    name: str
    model: str
    pretrained: str | None = None
    checkpoint: str | None = None
    config: str | None = None
    blocks: tuple[int, ...] = ()
    final: bool = True
    pooling: str = "mean"
    statistics: str | None = None
    width: int = 512
    resize_mode: str = "shortest"
    weights_sha256: str | None = None

    def __post_init__(self) -> None:
        if bool(self.pretrained) == bool(self.checkpoint):
            raise ValueError(f"recipe {self.name} must name either a pretrained tag or a checkpoint file")
        if not self.final and not self.blocks:
            raise ValueError(f"recipe {self.name} embeds nothing: it has no blocks and leaves the final output out")
        if self.pooling != "mean":
            raise ValueError(f'recipe {self.name} asks for pooling "{self.pooling}"; only "mean" is known')

    def as_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return {**asdict(self), "blocks": list(self.blocks)}

    @cached_property
    def fingerprint(self) -> str:
        """Hex SHA-256 of the recipe with each file's content in place of its name.

        Embeddings may be compared only where fingerprints are equal. Raises FileNotFoundError.
        """
        contents = {field: file_sha256(getattr(self, field)) for field in FILE_FIELDS if getattr(self, field)}
        return hashlib.sha256(json.dumps({**self.as_dict(), **contents}, sort_keys=True).encode()).hexdigest()


def load_recipe(path: Path) -> Recipe:
    """Read a recipe's JSON file. Raises FileNotFoundError, or ValueError for fields that do not fit."""
    values = json.loads(path.read_text(encoding="utf-8"))
    unknown = set(values) - {field.name for field in fields(Recipe)}
    if unknown:
        raise ValueError(f"{path} has fields that no recipe has: {', '.join(sorted(unknown))}")
    for field in FILE_FIELDS:
        if values.get(field):
            values[field] = str((path.parent / values[field]).resolve())
    return Recipe(**{**values, "blocks": tuple(values.get("blocks", ()))})


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write what `load_recipe` reads; fields without a value are left out."""
    given = {name: value for name, value in recipe.as_dict().items() if value is not None}
    path.write_text(json.dumps(given, indent=4) + "\n", encoding="utf-8")


def find_recipe(name_or_path: str) -> Recipe:
    """The recipe of that name in this folder, or in the JSON file at that path. Raises ValueError for neither."""
    named = {path.stem: path for path in NAMED_RECIPES.glob("*.json")}
    path = named.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise ValueError(f'no recipe "{name_or_path}": give one of {", ".join(sorted(named))} or the path of a recipe')
    return load_recipe(path)


def file_sha256(path: str | Path) -> str:
    """Hex SHA-256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
