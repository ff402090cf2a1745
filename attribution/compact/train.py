"""Train the compact encoder from random weights, on a CPU, for a set number of minutes.

    python -m attribution.compact.train --photos FOLDER --teacher LOADER.py --minutes 70

Two views of a picture, one of them copied and changed, must lie nearer to each other than to any other picture
(InfoNCE over the batch, with a KoLeo term that spreads the embeddings), while a
second head predicts the teacher's embedding. Stop it at any time: each checkpoint also exports the encoder, and the
same command goes on from the last one. attribution.compact.fit then fits its statistics.
"""

import argparse
import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as nnf
from safetensors.torch import save_file
from torch import Tensor, nn

from attribution.compact import augment
from attribution.compact.dataset import TrainingData, load_training_data

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).parent
MODEL = "tributary-compact"
WIDTH = 512
PAIRS = 96
TEMPERATURE = 0.07
KOLEO_WEIGHT = 0.1
TEACHER_WEIGHT = 0.5
PEAK_RATE = 2e-3
WEIGHT_DECAY = 0.05
WARM_UP = 0.03
"""Share of the training time over which the learning rate rises."""
AVERAGE_KEEP = 0.99
CHECKPOINT_SECONDS = 300
EDGES_PX = ((0.0, 80), (0.6, 96), (0.85, 128))
"""The edge that pictures are seen at, from each share of the training time on: small and fast first."""


def contrastive_loss(first: Tensor, second: Tensor, group: Tensor) -> Tensor:
    """InfoNCE both ways between unit rows of two views; pictures of the same original are no negatives."""
    views, groups = torch.cat([first, second]), torch.cat([group, group])
    own_pair = torch.arange(len(views)).roll(len(first))
    ignored = groups[:, None] == groups[None]
    ignored[torch.arange(len(views)), own_pair] = False
    return nnf.cross_entropy((views @ views.T / TEMPERATURE).masked_fill(ignored, -1e4), own_pair)


def koleo_loss(rows: Tensor) -> Tensor:
    """Minus the mean log distance to the nearest other row (Sablayrolles et al., ICLR 2019)."""
    similarity = (rows @ rows.T).fill_diagonal_(-1)
    return -(2 - 2 * similarity.max(dim=1).values).clamp(min=1e-6).sqrt().log().mean()


def teacher_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """One minus the cosine to the teacher's embedding, over the pictures that have one (rows that are not zero)."""
    known = target.any(dim=1)
    return 1 - nnf.cosine_similarity(predicted[known], target[known]).mean() if known.any() else predicted.sum() * 0


def rate_at(progress: float) -> float:
    """The learning rate after a share `progress` of the training time: a linear rise, then half a cosine."""
    if progress < WARM_UP:
        return PEAK_RATE * (progress / WARM_UP + 0.01)
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - WARM_UP) / (1 - WARM_UP)))) + 1e-6


class Training:
    """The state of one training run, kept in `folder`/checkpoint.pt."""

    def __init__(self, data: TrainingData, folder: Path, seconds: float) -> None:
        open_clip.add_model_config(HERE / "model" / f"{MODEL}.json")
        self.data, self.path, self.seconds = data, folder / "checkpoint.pt", seconds
        self.visual = open_clip.create_model(MODEL).visual.to(memory_format=torch.channels_last)
        self.to_teacher = nn.Linear(WIDTH, WIDTH)
        self.average = deepcopy(self.visual).requires_grad_(False)
        parameters = [*self.visual.parameters(), *self.to_teacher.parameters()]
        self.optimiser = torch.optim.AdamW(parameters, lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
        self.elapsed, self.steps = 0.0, 0
        self.augmenting = ThreadPoolExecutor(max_workers=1)
        self.next_views = self.augmenting.submit(self.draw_views)

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        if self.path.exists():
            state = torch.load(self.path)
            for name in ("visual", "to_teacher", "average", "optimiser"):
                getattr(self, name).load_state_dict(state[name])
            self.elapsed, self.steps = state["elapsed"], state["steps"]

    def checkpoint(self) -> None:
        """Write everything needed to go on, by way of a second file so that a stop leaves a whole one."""
        parts = {name: getattr(self, name).state_dict() for name in ("visual", "to_teacher", "average", "optimiser")}
        partial = self.path.with_suffix(".partial")
        torch.save({**parts, "elapsed": self.elapsed, "steps": self.steps}, partial)
        partial.replace(self.path)

    def step(self) -> dict[str, float]:
        """One batch; the losses by name."""
        for parameters in self.optimiser.param_groups:
            parameters["lr"] = rate_at(self.elapsed / self.seconds)
        index, views = self.next_views.result()
        self.next_views = self.augmenting.submit(self.draw_views)
        outputs = self.embed(views)
        rows = nnf.normalize(outputs, dim=1)
        group = self.data.group[index]
        losses = {
            "pair": contrastive_loss(rows[:PAIRS], rows[PAIRS:], group),
            "koleo": KOLEO_WEIGHT * koleo_loss(rows[PAIRS:]),
            "teacher": TEACHER_WEIGHT * teacher_loss(self.to_teacher(outputs), self.data.teacher[index].repeat(2, 1)),
        }
        self.optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        nn.utils.clip_grad_norm_(self.visual.parameters(), 5.0)
        self.optimiser.step()
        self.follow()
        self.steps += 1
        return {name: loss.item() for name, loss in losses.items()}

    def draw_views(self) -> tuple[Tensor, Tensor]:
        """The indices of a batch and two views of each of its pictures; done in a thread, a batch ahead."""
        edge = [edge for start, edge in EDGES_PX if self.elapsed >= start * self.seconds][-1]
        index = self.data.draw(PAIRS)
        pixels = augment.new_identities(self.data.pictures(index))
        first = augment.clean_view(pixels, edge) if self.steps % 2 else augment.copied_view(pixels, edge)
        return index, torch.cat([first, augment.copied_view(pixels, edge)])

    def embed(self, views: Tensor) -> Tensor:
        """(n, 512) outputs, computed in bfloat16 where that is safe, returned as float32."""
        mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (self.data.mean, self.data.std))
        with torch.autocast("cpu", torch.bfloat16):
            outputs: Tensor = self.visual(((views - mean) / std).contiguous(memory_format=torch.channels_last))
        return outputs.float()

    @torch.no_grad()
    def follow(self) -> None:
        """Move the averaged weights, which are the ones exported, a little towards the trained ones."""
        keep = min(AVERAGE_KEEP, (1 + self.steps) / (10 + self.steps))
        trained = self.visual.state_dict()
        for name, averaged in self.average.state_dict().items():
            if averaged.is_floating_point():
                averaged.lerp_(trained[name], 1 - keep)
            else:
                averaged.copy_(trained[name])

    def export(self, weights: Path) -> None:
        """The averaged image tower and the untrained text tower that open_clip asks for, as float16 safetensors."""
        model = open_clip.create_model(MODEL)
        model.visual.load_state_dict(self.average.state_dict())
        save_file({name: _stored(value) for name, value in model.state_dict().items()}, weights)


def _stored(value: Tensor) -> Tensor:
    return value.half().contiguous() if value.is_floating_point() else value


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs with manifest.csv")
    parser.add_argument("--teacher", type=Path, required=True, help="Python file that gives the teacher's weights")
    parser.add_argument("--minutes", type=float, default=70.0, help="training time, counted over all its starts")
    parser.add_argument("--folder", type=Path, default=Path(".tributary/compact"), help="working files")
    parser.add_argument("--weights", type=Path, default=HERE / "weights.safetensors", help="the exported encoder")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    LOGGER.setLevel(logging.INFO)
    torch.manual_seed(0)
    data = load_training_data(arguments.photos, arguments.teacher, arguments.folder)
    training = Training(data, arguments.folder, arguments.minutes * 60)
    training.resume()
    torch.manual_seed(training.steps)
    train(training, arguments.weights)


def train(training: Training, weights: Path) -> None:
    """Steps until the time is used up; a checkpoint and an export every few minutes and at the end."""
    last_kept = training.elapsed
    while training.elapsed < training.seconds:
        started = time.monotonic()
        losses = training.step()
        training.elapsed += time.monotonic() - started
        if training.steps % 20 == 0:
            shown = "  ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
            LOGGER.info("%6.0f s  step %d  %s", training.elapsed, training.steps, shown)
        if training.elapsed - last_kept > CHECKPOINT_SECONDS or training.elapsed >= training.seconds:
            last_kept = training.elapsed
            training.checkpoint()
            training.export(weights)


if __name__ == "__main__":
    main()
