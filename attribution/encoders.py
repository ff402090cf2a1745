"""Pictures to embeddings: load the encoder that a recipe describes, and run it. The only module that imports torch."""

import os
import urllib.request
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from attribution.recipes import Recipe, file_sha256, find_recipe, load_recipe
from attribution.statistics import Outputs, Statistics, together
from attribution.tiles import GRID, Rows, Tiles, cut, quantised, unit

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Embedded",
    "Encoder",
    "EncoderUnavailable",
    "Recipe",
    "UnreadablePicture",
    "embed_files",
    "find_recipe",
    "fit_statistics",
    "load_encoder",
    "load_recipe",
    "weights_file",
]

HUB_ANSWERS_WITHIN_SECONDS = 5
BATCH = 32
BATCHES_AHEAD = 2


class EncoderUnavailable(RuntimeError):
    """The recipe's weights cannot be had; the message says which file to fetch, from where, and where to name it."""


class UnreadablePicture(ValueError):
    """A file that cannot be decoded as a picture; the message names it."""


class Embedded(NamedTuple):
    """Embeddings (n, width) with unit rows, and tiles (n, 25, width); of a recipe without blocks, the whole picture is
    its only tile: (n, 1, width)."""

    vectors: Rows
    tiles: Tiles


class Encoder:
    """An image tower with its preprocessing and statistics; use `load_encoder` to get one."""

    def __init__(self, recipe: Recipe, visual: Any, preprocess: Any, statistics: Statistics | None) -> None:
        import torch

        self.recipe = recipe
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.visual = visual.eval().to(self.device, memory_format=torch.channels_last)
        self.preprocess = preprocess
        self.statistics = statistics

    @property
    def fingerprint(self) -> str:
        """The recipe's: stamped on every embedding, and equal where embeddings can be compared."""
        return self.recipe.fingerprint

    @property
    def edge_px(self) -> int:
        """The edge of the square that the tower sees."""
        return int(self.visual.image_size[0])

    def encode(self, images: Sequence[Image.Image]) -> Embedded:
        """Embeddings, zero-padded where the model's are narrower than the stored width, and tiles."""
        return self.embed([self.prepare(image) for image in images])

    def prepare(self, image: Image.Image) -> "Tensor":
        """One picture as the tower's input, (3, edge, edge)."""
        pixels: Tensor = self.preprocess(image.convert("RGB"))
        return pixels

    def embed(self, prepared: "Sequence[Tensor]") -> Embedded:
        """`encode` for pictures that `prepare` has been through, at least one.

        Raises ValueError where a projection is missing, or tiles were not fitted.
        """
        outputs = self.outputs(prepared)
        vectors = self._vectors(outputs.parts)
        if not self.recipe.blocks:
            return Embedded(vectors, quantised(vectors)[:, None])
        if self.statistics is None or self.statistics.tiles is None:
            raise ValueError(f"recipe {self.recipe.name} has no statistics of its tiles: fit them with fit_encoder")
        return Embedded(vectors, self.statistics.tiles.tiles(outputs.tiles))

    def _vectors(self, parts: Sequence[Rows]) -> Rows:
        rows = self.statistics.joined(parts) if self.statistics else np.concatenate([unit(part) for part in parts], 1)
        if rows.shape[1] > self.recipe.width:
            raise ValueError(
                f"recipe {self.recipe.name} gives {rows.shape[1]} numbers a picture and stores {self.recipe.width}: "
                "fit statistics with a projection and name them in the recipe"
            )
        return np.pad(unit(rows), ((0, 0), (0, self.recipe.width - rows.shape[1])))

    def outputs(self, prepared: "Sequence[Tensor]") -> Outputs:
        """The tower's raw outputs for at least one picture that `prepare` has been through."""
        import torch
        from torch.nn.functional import adaptive_avg_pool2d

        with torch.inference_mode():
            pixels = torch.stack(list(prepared)).to(self.device, memory_format=torch.channels_last)
            if not self.recipe.blocks:
                return Outputs([self.visual(pixels).float().cpu().numpy()], [])
            inner = self.visual.forward_intermediates(pixels, indices=list(self.recipe.blocks))
            tokens = [each.float() for each in inner["image_intermediates"]]
            final = [inner["image_features"].float().cpu().numpy()] if self.recipe.final else []
            grids = [adaptive_avg_pool2d(each, GRID).permute(0, 2, 3, 1).cpu().numpy() for each in tokens]
            return Outputs([self.pooled(each) for each in tokens] + final, [cut(grid) for grid in grids])

    def outputs_of(self, images: Sequence[Image.Image]) -> Outputs:
        """`outputs` of any number of pictures, at least one, in batches."""
        starts = range(0, len(images), BATCH)
        return together([self.outputs([self.prepare(image) for image in images[at : at + BATCH]]) for at in starts])

    @staticmethod
    def pooled(tokens: "Tensor") -> Rows:
        """Of one block's tokens (n, d, rows, columns), what stands for the whole picture: their mean (n, d)."""
        return np.asarray(tokens.mean((2, 3)).cpu().numpy())


def load_encoder(recipe: Recipe) -> Encoder:
    """The encoder that `recipe` describes; fetches its weights from the hub where it names a tag and has none yet.

    Raises EncoderUnavailable.
    """
    model, preprocess = load_model(recipe)
    statistics = Statistics.read(_local_file(recipe, recipe.statistics)) if recipe.statistics else None
    return Encoder(recipe, model.visual, preprocess, statistics)


def load_model(recipe: Recipe) -> tuple[Any, Any]:
    """Both towers of the recipe's model, and how pictures are prepared for it. Raises EncoderUnavailable."""
    import open_clip

    if recipe.config:
        open_clip.add_model_config(_local_file(recipe, recipe.config))
    published = _published(recipe)
    weights = weights_file(recipe)
    if recipe.weights_sha256 and file_sha256(weights) != recipe.weights_sha256:
        raise EncoderUnavailable(
            f"{weights} is not the file that recipe {recipe.name} was fitted with (its SHA-256 differs): fetch the "
            "original again, or fit a new recipe with fit_encoder"
        )
    model, _, preprocess = open_clip.create_model_and_transforms(
        recipe.model,
        pretrained=str(weights),
        image_mean=published.get("mean"),
        image_std=published.get("std"),
        image_interpolation=published.get("interpolation"),
        image_resize_mode=recipe.resize_mode,
    )
    return model, preprocess


def weights_file(recipe: Recipe) -> Path:
    """The file of the recipe's weights: local, cached, or fetched from the hub. Raises EncoderUnavailable."""
    if recipe.checkpoint:
        return _local_file(recipe, recipe.checkpoint)
    return _hub_file(recipe, _published(recipe))


def _published(recipe: Recipe) -> dict[str, Any]:
    """What open_clip knows of the recipe's pretrained tag: where its weights are and how pictures are prepared."""
    import open_clip

    return dict(open_clip.get_pretrained_cfg(recipe.model, recipe.pretrained)) if recipe.pretrained else {}


def fit_statistics(encoder: Encoder, images: Sequence[Image.Image], path: Path, whiten_to: int | None = None) -> None:
    """Fit `Statistics` on a background set and write them to `path`, for a recipe's `statistics`.

    Use pictures that are not in the catalogue: fitted on a small catalogue itself, whitening makes its pictures
    orthogonal. Raises ValueError if `whiten_to` needs more images.
    """
    Statistics.fitted(encoder.outputs_of(images), encoder.recipe.width, whiten_to).write(path)


def embed_files(encoder: Encoder, paths: Sequence[Path], batch: int = BATCH) -> Iterator[tuple[range, Embedded]]:
    """Embeddings and tiles of picture files, batch by batch, with the positions in `paths` that they belong to.

    Files are decoded in threads while the encoder works on the batch before. Raises UnreadablePicture.
    """
    ahead: deque[tuple[range, list[Future[Tensor]]]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as decoders:
        for start in range(0, len(paths), batch):
            positions = range(start, min(start + batch, len(paths)))
            ahead.append((positions, [decoders.submit(_prepare_file, encoder, paths[at]) for at in positions]))
            if len(ahead) > BATCHES_AHEAD:
                yield _finish(encoder, *ahead.popleft())
        while ahead:
            yield _finish(encoder, *ahead.popleft())


def _finish(encoder: Encoder, positions: range, decoded: "list[Future[Tensor]]") -> tuple[range, Embedded]:
    return positions, encoder.embed([picture.result() for picture in decoded])


def _prepare_file(encoder: Encoder, path: Path) -> "Tensor":
    try:
        with Image.open(path) as image:
            # A JPEG can be decoded at a half, a quarter or an eighth of its size, much faster.
            image.draft("RGB", (2 * encoder.edge_px, 2 * encoder.edge_px))
            return encoder.prepare(ImageOps.exif_transpose(image))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadablePicture(f"{path} cannot be read as a picture: {error}") from error


def _local_file(recipe: Recipe, path: str) -> Path:
    if not Path(path).is_file():
        raise EncoderUnavailable(
            f"recipe {recipe.name} names {path}, and there is no such file: put it there, "
            "or let ENCODER_RECIPE name another recipe"
        )
    return Path(path)


def _hub_file(recipe: Recipe, published: dict[str, Any]) -> Path:
    """The weight file of a pretrained tag: from the cache, or downloaded into it."""
    import huggingface_hub
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME

    if not published.get("hf_hub"):
        raise EncoderUnavailable(f'open_clip has no weights "{recipe.pretrained}" of {recipe.model} on the hub')
    repository, _, name = published["hf_hub"].rpartition("/")
    name = name or HF_SAFE_WEIGHTS_NAME
    kept = huggingface_hub.try_to_load_from_cache(repository, name)
    if isinstance(kept, str):
        return Path(kept)
    url = huggingface_hub.hf_hub_url(repository, name)
    try:
        # Ask once first: without a network the hub's client would retry for most of a minute.
        question = urllib.request.Request(url, method="HEAD")  # noqa: S310 -- the hub's own https address
        urllib.request.urlopen(question, timeout=HUB_ANSWERS_WITHIN_SECONDS).close()  # noqa: S310
        return Path(huggingface_hub.hf_hub_download(repository, name))
    except OSError as error:
        raise EncoderUnavailable(
            f"the weights of recipe {recipe.name} could not be fetched ({error}). Fetch {name} of {repository} "
            f"({url}) elsewhere, copy recipes/{recipe.name}.json, give it the file's path as "
            '"checkpoint" in place of "pretrained", and name the path of that copy instead: ENCODER_RECIPE, or --reader'
        ) from error
