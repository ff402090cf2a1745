"""How often an encoder finds the original of a changed copy: the compact one beside the alternatives, in one run.

    python -m attribution.compact.evaluate --photos FOLDER --teacher LOADER.py

The gallery holds photographs and drawn works; queries are changed copies of held-out ones, which the compact encoder
was never trained on. Prints a Markdown table of recall@1 and one of the compact encoder's recall by transform.
"""

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from attribution.compact.distort import TRANSFORMS
from attribution.compact.pictures import HELD_OUT_WORKS_FROM, open_photograph, read_manifest, split_by_author
from attribution.compact.teacher import TEACHER, load_teacher
from attribution.encoders import Encoder, find_recipe, load_encoder
from marketplace.sample_catalogue import STYLES, draw_work

GALLERY = 600
QUERIED_WORKS = 60
TRANSFORMS_PER_PICTURE = 6
WORK_EDGE_PX = 384
BATCH = 32
SEED = 2

Images = list[Image.Image]
Embed = Callable[[Images], NDArray[np.float32]]


@dataclass(frozen=True)
class Query:
    """A changed copy of `gallery[original]`."""

    image: Image.Image
    original: int
    kind: str
    transform: str


@dataclass(frozen=True)
class Trial:
    """The gallery and the queries against it."""

    gallery: Images
    queries: list[Query]


def build_trial(photos: Path, seed: int) -> Trial:
    """Held-out photographs, the other photographs, then held-out works; copies of the first and of some of the last."""
    training, held_out = split_by_author(read_manifest(photos))
    photographs = [open_photograph(photograph) for photograph in [*held_out, *training]]
    works = [
        draw_work(STYLES[at % len(STYLES)], HELD_OUT_WORKS_FROM + at // len(STYLES), WORK_EDGE_PX).image
        for at in range(GALLERY - len(photographs))
    ]
    queried = [(at, "photograph") for at in range(len(held_out))]
    queried += [(len(photographs) + at, "work") for at in range(QUERIED_WORKS)]
    rng = random.Random(seed)  # noqa: S311 -- repeatable, not secret
    gallery = photographs + works
    return Trial(gallery, [query for at, kind in queried for query in _copies(gallery[at], at, kind, rng)])


def _copies(image: Image.Image, original: int, kind: str, rng: random.Random) -> list[Query]:
    chosen = rng.sample(TRANSFORMS, TRANSFORMS_PER_PICTURE)
    return [Query(transform(image, rng), original, kind, transform.__name__) for transform in chosen]


def hits(embed: Embed, trial: Trial) -> NDArray[np.bool_]:
    """For each query, whether its original is the nearest picture of the gallery."""
    gallery = embed(trial.gallery)
    queries = embed([query.image for query in trial.queries])
    originals = [query.original for query in trial.queries]
    return np.asarray((queries @ gallery.T).argmax(axis=1) == originals)


def by_encoder(encoder: Encoder) -> Embed:
    """Its embeddings, less their mean over the gallery where the encoder comes without statistics of its own."""
    means: list[NDArray[np.float32]] = []

    def embed(images: Images) -> NDArray[np.float32]:
        rows = np.concatenate([encoder.encode(images[at : at + BATCH]).vectors for at in range(0, len(images), BATCH)])
        if encoder.statistics:
            return rows
        if not means:
            means.append(rows.mean(axis=0))
        centred = rows - means[0]
        unit: NDArray[np.float32] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        return unit

    return embed


def perceptual_hashes(images: Images) -> NDArray[np.float32]:
    """64 signs a picture: its lowest 8 x 8 cosine frequencies at 32 x 32, against their median."""
    rows = []
    for image in images:
        spectrum = dctn(np.asarray(image.convert("L").resize((32, 32)), dtype=np.float32))[:8, :8].ravel()
        rows.append(np.sign(spectrum - np.median(spectrum)))
    return np.stack(rows).astype(np.float32)


def random_encoder() -> Encoder:
    """ViT-B/32 with random weights: what an architecture sees without any training."""
    torch.manual_seed(0)
    model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None)
    return Encoder(replace(find_recipe("vit-b-16"), name="random", blocks=()), model.visual, preprocess, None)


def teacher_encoder(loader: Path) -> Encoder:
    """The real CLIP ViT-B/16."""
    _, _, preprocess = open_clip.create_model_and_transforms(TEACHER, pretrained=None)
    recipe = replace(find_recipe("vit-b-16"), name="teacher", model=TEACHER, blocks=())
    return Encoder(recipe, load_teacher(loader), preprocess, None)


def tables(trial: Trial, found: dict[str, NDArray[np.bool_]], first: str) -> str:
    """Recall@1 of every contender by kind of picture, and of the `first` one by transform, as Markdown."""
    kind = np.array([query.kind for query in trial.queries])
    transform = np.array([query.transform for query in trial.queries])
    lines = ["| encoder | photographs | drawn works | all |", "|---|---|---|---|"]
    for name, hit in found.items():
        shares = [hit[kind == "photograph"].mean(), hit[kind == "work"].mean(), hit.mean()]
        lines.append(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    lines += ["", "| transform | queries | photographs | drawn works |", "|---|---|---|---|"]
    for each in TRANSFORMS:
        own = transform == each.__name__
        shares = [found[first][own & (kind == which)].mean() for which in ("photograph", "work")]
        lines.append(f"| {each.__name__} | {own.sum()} | " + " | ".join(f"{share:.2f}" for share in shares) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line, run every contender and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs with manifest.csv")
    parser.add_argument("--teacher", type=Path, required=True, help="Python file that gives CLIP ViT-B/16's weights")
    arguments = parser.parse_args()
    trial = build_trial(arguments.photos, SEED)
    contenders = {
        "compact": by_encoder(load_encoder(find_recipe("compact"))),
        "ViT-B/32, random weights": by_encoder(random_encoder()),
        "perceptual hash, 64 bits": perceptual_hashes,
        "CLIP ViT-B/16": by_encoder(teacher_encoder(arguments.teacher)),
    }
    found = {name: hits(embed, trial) for name, embed in contenders.items()}
    sys.stdout.write(tables(trial, found, "compact"))


if __name__ == "__main__":
    main()
