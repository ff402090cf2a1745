"""Embeddings of the training pictures by a larger CLIP image tower, which the compact encoder learns to predict."""

import importlib.util
from pathlib import Path

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray

from attribution.compact.pictures import Pictures

TEACHER = "ViT-B-16-quickgelu"
TEACHER_EDGE_PX = 224
BATCH = 16


def load_teacher(loader: Path) -> torch.nn.Module:
    """The image tower whose state dict the Python file `loader` gives by `visual_state_dict()`."""
    spec = importlib.util.spec_from_file_location("teacher_weights", loader)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{loader} is not a Python file that gives the teacher's weights")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    visual: torch.nn.Module = open_clip.create_model(TEACHER, pretrained=None).visual
    visual.load_state_dict(module.visual_state_dict())
    return visual.eval()


@torch.inference_mode()
def teacher_embeddings(teacher: torch.nn.Module, pictures: Pictures) -> NDArray[np.float32]:
    """(n, 512) unit rows after removing the mean over `pictures`."""
    mean = torch.tensor(open_clip.OPENAI_DATASET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(open_clip.OPENAI_DATASET_STD).view(1, 3, 1, 1)
    rows = []
    for start in range(0, len(pictures.pixels), BATCH):
        pixels = torch.from_numpy(pictures.pixels[start : start + BATCH]).float() / 255
        pixels = torch.nn.functional.interpolate(pixels, TEACHER_EDGE_PX, mode="bicubic", antialias=True).clamp(0, 1)
        rows.append(torch.nn.functional.normalize(teacher((pixels - mean) / std), dim=1))
    embeddings = torch.cat(rows)
    return torch.nn.functional.normalize(embeddings - embeddings.mean(0), dim=1).numpy()
