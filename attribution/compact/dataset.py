"""The training pictures in memory, with the teacher's embeddings; prepared once and kept in a folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import torch
from torch import Tensor

from attribution.compact.pictures import (
    Pictures,
    drawn_pictures,
    joined,
    photograph_pictures,
    read_manifest,
    split_by_author,
)
from attribution.compact.teacher import load_teacher, teacher_embeddings

WORKS_PER_STYLE = 100
PHOTOGRAPH_SHARE = 0.6
"""Share of each batch that is photographs; the rest is drawn works."""
RUN = 10
WINDOW_SEED = 0


@dataclass(frozen=True)
class TrainingData:
    """`pixels` uint8 (n, 3, edge, edge), photographs first; `teacher` (n, 512), zero rows where there is none."""

    pixels: Tensor
    group: Tensor
    teacher: Tensor
    photographs: int
    mean: tuple[float, ...] = open_clip.OPENAI_DATASET_MEAN
    std: tuple[float, ...] = open_clip.OPENAI_DATASET_STD

    def draw(self, count: int) -> Tensor:
        """Indices of a random batch; its drawn works come in runs of one style, which are hard to tell apart."""
        runs = round(count * (1 - PHOTOGRAPH_SHARE) / RUN)
        drawn = torch.randint(self.photographs, len(self.pixels) - RUN, (runs, 1)) + torch.arange(RUN)
        return torch.cat([torch.randint(0, self.photographs, (count - runs * RUN,)), drawn.flatten()])

    def pictures(self, index: Tensor) -> Tensor:
        """The pictures at `index` as floats in 0…1."""
        return self.pixels[index].float() / 255


def load_training_data(photos: Path, teacher: Path, folder: Path) -> TrainingData:
    """Read what `folder` keeps, or prepare it: minutes, most of them the teacher's."""
    kept = folder / "pictures.npz"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        training, _ = split_by_author(read_manifest(photos))
        photographs, drawn = photograph_pictures(training, WINDOW_SEED), drawn_pictures(WORKS_PER_STYLE)
        both = joined(photographs, drawn)
        known = teacher_embeddings(load_teacher(teacher), photographs)
        np.savez(kept, pixels=both.pixels, group=both.group, teacher=known)
    arrays = np.load(kept)
    pictures = Pictures(arrays["pixels"], arrays["group"])
    embeddings = torch.zeros(len(pictures.pixels), arrays["teacher"].shape[1])
    embeddings[: len(arrays["teacher"])] = torch.from_numpy(arrays["teacher"])
    return TrainingData(
        torch.from_numpy(pictures.pixels), torch.from_numpy(pictures.group), embeddings, len(arrays["teacher"])
    )
