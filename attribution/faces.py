"""Faces in pictures, by MTCNN: three small networks, each of which looks closer at what the one before it proposed.

The method is that of Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", IEEE Signal Processing Letters 23 (2016). The trained weights come with the package `mtcnn`,
whose own runner needs TensorFlow; here PyTorch runs them.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from attribution.core.marks import Polygon

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 1
PACKAGE = "1.0.0"
"""The version of mtcnn whose weights these are."""
LEAST_FACE_PX = 20
"""The edge of the smallest face that is looked for."""
CELL_PX, STEP_PX = 12, 2
"""What the first network sees at once, and how far its looks are apart."""
SHRINK = 0.709
"""From one size at which a picture is looked at to the next: half the area, as published."""
LEAST_CONFIDENCES = 0.6, 0.7, 0.9
"""From which each network takes something for a face: two as published, the last chosen on photographs.

Of 256 in the size of a preview, all five with recognisable faces have one of at least 0.95, and so have one of stone
heads and one of a kangaroo; at 0.9 a macaque and an aqueduct come to them, at 0.7 some twenty. Of 100 small faces
pasted into others, 24, 40, 64 and 96 pixels high, 94, 98, 99 and 97 are found at 0.9. People who are small or seen from
behind are in 13 of the photographs, and found in none of these. A picture takes 140 ms of a processor's time, and the
comparison with 40 training images 115 ms.
"""
OVERLAP_OF_ONE_SIZE, OVERLAP = 0.5, 0.7
"""Intersection over union from which two boxes are of one face."""
POOLS = {"pnet": (2, 0, 0), "rnet": (3, 3, 0), "onet": (3, 3, 2, 0)}
"""The edge of what is pooled after each convolution of a network, in steps of two; 0 where nothing is."""
SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Of the files with the weights: they are read by pickle, which runs whatever it is given."""


class FacesUnavailable(RuntimeError):
    """The weights are not there or are others; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Face:
    """Where a face stands, as corners in parts of the picture's width and height, and how sure that is, up to 1."""

    region: Polygon
    confidence: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a network makes of cells: its confidence (n,) that each is a face, and how far its box is off (n, 4)."""

    confidences: "Tensor"
    offsets: "Tensor"


def find_faces(picture: Image.Image) -> list[Face]:
    """The faces in an upright picture, the surest first. Raises `FacesUnavailable`."""
    import torch
    from torchvision.ops import clip_boxes_to_image

    values = np.asarray(picture.convert("RGB"), np.float32).transpose(2, 0, 1)
    pixels = torch.from_numpy((values - 127.5) / 128)[None].contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        boxes, confidences = _propose(pixels)
        for network, edge, least in (("rnet", 24, LEAST_CONFIDENCES[1]), ("onet", 48, LEAST_CONFIDENCES[2])):
            boxes, confidences = _look_closer(network, pixels, boxes, edge, least)
        size = torch.tensor([picture.width, picture.height] * 2)
        parts = clip_boxes_to_image(boxes, (picture.height, picture.width)) / size
    found = sorted(zip(confidences.tolist(), parts.tolist(), strict=True), reverse=True)
    return [Face(_corners(*box), confidence) for confidence, box in found]


def _corners(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _propose(pixels: "Tensor") -> tuple["Tensor", "Tensor"]:
    """Boxes (n, 4) in pixels that may be faces, by the first network, which sees (1, 3, h, w) in all sizes."""
    import torch
    from torch.nn.functional import interpolate

    boxes, confidences = torch.empty(0, 4), torch.empty(0)
    for factor in _factors(min(pixels.shape[2:])):
        small = interpolate(pixels, scale_factor=factor, mode="bilinear", antialias=True)
        map_of_cells = _run("pnet", small)
        rows, columns = torch.where(map_of_cells.confidences[0] >= LEAST_CONFIDENCES[0])
        corner = torch.stack([columns, rows], 1) * STEP_PX
        cells = torch.cat([corner, corner + CELL_PX], 1) / factor
        moved = _moved(cells, map_of_cells.offsets[0, :, rows, columns].T)
        sure = map_of_cells.confidences[0, rows, columns]
        kept = _distinct(moved, sure, OVERLAP_OF_ONE_SIZE)
        boxes, confidences = torch.cat([boxes, moved[kept]]), torch.cat([confidences, sure[kept]])
    kept = _distinct(boxes, confidences, OVERLAP)
    return boxes[kept], confidences[kept]


def _factors(shorter: int) -> Iterator[float]:
    factor = CELL_PX / LEAST_FACE_PX
    while shorter * factor >= CELL_PX:
        yield factor
        factor *= SHRINK


def _look_closer(network: str, pixels: "Tensor", boxes: "Tensor", edge: int, least: float) -> tuple["Tensor", "Tensor"]:
    """The boxes that a network, which sees them as squares of that edge, takes for faces, moved as it says."""
    from torchvision.ops import roi_align

    squares = _squares(boxes)
    seen = _run(network, roi_align(pixels, [squares], edge, sampling_ratio=2, aligned=True))
    is_face = seen.confidences >= least
    moved, sure = _moved(squares[is_face], seen.offsets[is_face]), seen.confidences[is_face]
    kept = _distinct(moved, sure, OVERLAP)
    return moved[kept], sure[kept]


def _squares(boxes: "Tensor") -> "Tensor":
    """The squares about the middles of boxes that are as long as their longer edges."""
    import torch

    middle, edges = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    half = edges.max(1, keepdim=True).values / 2
    return torch.cat([middle - half, middle + half], 1)


def _moved(boxes: "Tensor", offsets: "Tensor") -> "Tensor":
    """Boxes whose corners are moved by parts of their width and height."""
    edges = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * edges.repeat(1, 2)


def _distinct(boxes: "Tensor", confidences: "Tensor", overlap: float) -> "Tensor":
    from torchvision.ops import nms

    kept: Tensor = nms(boxes, confidences, overlap)
    return kept


def _run(network: str, pixels: "Tensor") -> _Seen:
    """Run a network: the first over a picture of any size, the others over cells (n, 3, edge, edge) as a whole."""
    from torch.nn.functional import conv2d, linear, max_pool2d, prelu

    arrays = iter(_weights(network))
    values = pixels
    for pool in POOLS[network]:
        values = prelu(conv2d(values, next(arrays).permute(3, 2, 0, 1), next(arrays)), next(arrays).flatten())
        values = max_pool2d(values, pool, 2, ceil_mode=True) if pool else values
    if network == "pnet":
        offsets = conv2d(values, next(arrays).permute(3, 2, 0, 1), next(arrays))
        classes = conv2d(values, next(arrays).permute(3, 2, 0, 1), next(arrays))
        return _Seen(classes.softmax(1)[:, 1], offsets)
    values = values.permute(0, 3, 2, 1).flatten(1)  # they were trained column by column
    values = prelu(linear(values, next(arrays).T, next(arrays)), next(arrays))
    offsets = linear(values, next(arrays).T, next(arrays))
    *_, kernel, bias = arrays  # before them the last network says where eyes, nose and mouth are
    return _Seen(linear(values, kernel.T, bias).softmax(1)[:, 1], offsets)


@lru_cache(len(SHA256))
def _weights(network: str) -> list["Tensor"]:
    """The arrays of a network in the order of its layers. Raises `FacesUnavailable`."""
    import joblib
    import torch

    return [torch.from_numpy(array) for array in joblib.load(BytesIO(_file(network)))]


def require_weights() -> None:
    """Raise `FacesUnavailable` unless the weights are there as they were published."""
    for network in SHA256:
        _file(network)


def _file(network: str) -> bytes:
    package = find_spec("mtcnn")  # which is not imported: it would ask for TensorFlow
    if package is None or not package.submodule_search_locations:
        raise FacesUnavailable("The package mtcnn, whose weights find faces, is not installed: install it.")
    path = Path(package.submodule_search_locations[0], "assets", "weights", f"{network}.lz4")
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != SHA256[network]:
        raise FacesUnavailable(f"{path} is missing, damaged or of another version: install mtcnn {PACKAGE} anew.")
    return data
