"""What reading pictures from files costs beside the encoder's own work: from upload to preview, from preview to vector.

python -m tests.bench.bench_embedding
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import open_clip
from PIL import Image
from torch import Tensor

from attribution.encoders import BATCH, Encoder, embed_files, find_recipe, load_encoder
from attribution.statistics import Statistics
from attribution.tiles import WHITENED, WINDOWS, Rows, TileStatistics
from marketplace.images import PREVIEW_EDGE, decode, derivative
from marketplace.sample_catalogue import STYLES, draw_work

FILES = 64
UPLOADS = 12
TURNS = 2
MEGAPIXELS = (1, 4, 12)
GRAIN = 6  # grey levels of noise: a photograph's JPEG is larger, and slower to decode, than a drawing's
JPEG_QUALITY = 90


def uploads(megapixels: int) -> list[bytes]:
    """JPEG files of that size, grained as photographs are."""
    edge = round((megapixels * 1e6) ** 0.5)
    random = np.random.default_rng(megapixels)
    grain = random.normal(0, GRAIN, (edge, edge, 1)).astype(np.float32)
    return [_jpeg(draw_work(style, 1, PREVIEW_EDGE).image.resize((edge, edge)), grain) for style in STYLES[:UPLOADS]]


def _jpeg(picture: Image.Image, grain: np.ndarray) -> bytes:
    out = BytesIO()
    pixels = np.clip(np.asarray(picture, np.float32) + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def random_vit_b_16() -> Encoder:
    """The recommended encoder with made-up weights and statistics: its speed does not depend on them."""
    recipe = find_recipe("vit-b-16")
    model, _, preprocess = open_clip.create_model_and_transforms(recipe.model, pretrained=None)
    random = np.random.default_rng(0)

    def numbers(*shape: int) -> Rows:
        return random.standard_normal(shape).astype(np.float32)

    widths = [model.visual.transformer.width] * len(recipe.blocks)
    joined = WHITENED * len(widths)
    tiles = TileStatistics(
        tuple(numbers(len(WINDOWS), width) for width in widths),
        tuple(numbers(width, WHITENED) for width in widths),
        numbers(joined, recipe.width),
    )
    parts = [*widths, model.visual.output_dim]
    statistics = Statistics(
        tuple(numbers(width) for width in parts),
        tuple(numbers(width, WHITENED) for width in parts),
        numbers(joined + WHITENED, recipe.width),
        tiles,
    )
    return Encoder(recipe, model.visual, preprocess, statistics)


def embedding_row(name: str, encoder: Encoder, paths: list[Path]) -> str:
    """Images per second of the pipeline and of the bare forward pass over pictures ready in memory, and their ratio.

    Best of several turns, taken alternately: other programs on the machine slow some of them down.
    """
    ready = [encoder.prepare(Image.open(paths[0]))] * BATCH
    pipeline, bare = _best(lambda: _run(embed_files(encoder, paths)), lambda: _bare(encoder, ready))
    return f"| {name} | {FILES / pipeline:.1f} | {FILES / bare:.1f} | {bare / pipeline:.2f} |"


def upload_row(megapixels: int, files: list[bytes]) -> str:
    """Images per second from an upload's bytes to its preview, and of Pillow's bare decoding of those bytes."""
    preview, bare = _best(
        lambda: [derivative(decode(data).image, PREVIEW_EDGE) for data in files],
        lambda: [Image.open(BytesIO(data)).load() for data in files],
    )
    return f"| {megapixels} MP | {len(files) / preview:.1f} | {len(files) / bare:.1f} | {bare / preview:.2f} |"


def _run(batches: Iterator[object]) -> None:
    for _ in batches:
        pass


def _bare(encoder: Encoder, ready: list[Tensor]) -> None:
    for _ in range(FILES // BATCH):
        encoder.embed(ready)


def _best(*ways: Callable[[], object]) -> list[float]:
    turns = [[_seconds(way) for way in ways] for _ in range(TURNS)]
    return [min(seconds) for seconds in zip(*turns, strict=True)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print a row for each size of upload, and one for each encoder and size."""
    files = {megapixels: uploads(megapixels) for megapixels in MEGAPIXELS}
    print("| upload to preview, one core | images/s | decoded only, images/s | ratio |\n|---|---|---|---|")
    for megapixels, some in files.items():
        print(upload_row(megapixels, some))
    print("\n| preview to vector | pipeline, images/s | bare forward pass, images/s | ratio |\n|---|---|---|---|")
    for name, encoder in (("compact", load_encoder(find_recipe("compact"))), ("ViT-B/16", random_vit_b_16())):
        for megapixels, some in files.items():
            with tempfile.TemporaryDirectory() as folder:
                previews = [derivative(decode(data).image, PREVIEW_EDGE) for data in some]
                paths = [Path(folder) / f"{number}.jpg" for number in range(FILES)]
                for number, path in enumerate(paths):
                    path.write_bytes(previews[number % len(previews)])
                print(embedding_row(f"{name}, originals of {megapixels} MP", encoder, paths))


if __name__ == "__main__":
    main()
