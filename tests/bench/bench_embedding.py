"""How much of the encoder's own speed is left when pictures are read from files.

python -m tests.bench.bench_embedding
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import open_clip
from torch import Tensor

from attribution.encoders import BATCH, Encoder, embed_files, find_recipe, load_encoder
from marketplace.sample_catalogue import STYLES, draw_work

FILES = 96
TURNS = 4
EDGE_PX = 1024  # the previews that the product embeds
JPEG_QUALITY = 90


def write_files(folder: Path) -> list[Path]:
    """JPEG files as the product stores them, a few works repeated under many names."""
    works = [draw_work(style, 1, EDGE_PX).image for style in STYLES[:12]]
    paths = [folder / f"{number}.jpg" for number in range(FILES)]
    for number, path in enumerate(paths):
        works[number % len(works)].save(path, quality=JPEG_QUALITY)
    return paths


def random_vit_b_32() -> Encoder:
    """The production encoder's architecture: its speed does not depend on its weights."""
    model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None)
    return Encoder(find_recipe("vit-b-32"), model.visual, preprocess, None)


def row(name: str, encoder: Encoder, paths: list[Path]) -> str:
    """Images per second of the pipeline and of the bare forward pass over pictures ready in memory, and their ratio.

    Best of several turns, taken alternately: other programs on the machine slow some of them down.
    """
    ready = [encoder.prepare(draw_work(STYLES[0], 1, EDGE_PX).image)] * BATCH
    turns = [
        (_seconds(lambda: _run(embed_files(encoder, paths))), _seconds(lambda: _bare(encoder, ready)))
        for _ in range(TURNS)
    ]
    pipeline, bare = (FILES / min(seconds) for seconds in zip(*turns, strict=True))
    return f"| {name} | {pipeline:.0f} | {bare:.0f} | {pipeline / bare:.2f} |"


def _run(batches: Iterator[object]) -> None:
    for _ in batches:
        pass


def _bare(encoder: Encoder, ready: list[Tensor]) -> None:
    for _ in range(FILES // BATCH):
        encoder.embed(ready)


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print one row for each encoder."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(Path(folder))
        print("| encoder | pipeline, images/s | bare forward pass, images/s | ratio |\n|---|---|---|---|")
        for name, encoder in (("compact", load_encoder(find_recipe("compact"))), ("ViT-B/32", random_vit_b_32())):
            print(row(name, encoder, paths))


if __name__ == "__main__":
    main()
