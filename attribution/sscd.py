"""SSCD, a descriptor trained to tell copies from likenesses (Pizzi et al., CVPR 2022), where its weights are here.

Nobody may ship them with us: they are fetched from https://github.com/facebookresearch/sscd-copy-detection as
TorchScript, and SSCD_WEIGHTS names the file.
"""

import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image

from attribution.recipes import file_sha256

if TYPE_CHECKING:
    from torch.jit import ScriptModule

EDGE_PX = 288  # of the shorter side, as its authors publish it
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's

Vector = NDArray[np.float32]


class SscdUnavailable(RuntimeError):
    """SSCD_WEIGHTS does not name TorchScript weights; the message says what is wrong with the file."""


def sscd_sha256() -> str:
    """The SHA-256 of the configured weights, empty where none are. Raises `SscdUnavailable`."""
    if not settings.SSCD_WEIGHTS:
        return ""
    return _sha256(settings.SSCD_WEIGHTS)


def sscd_vector(image: Image.Image) -> Vector | None:
    """The unit descriptor of a picture, or None where no weights are configured. Raises `SscdUnavailable`."""
    if not settings.SSCD_WEIGHTS:
        return None
    import torch

    shrink = EDGE_PX / min(image.size)
    size = (max(EDGE_PX, round(image.width * shrink)), max(EDGE_PX, round(image.height * shrink)))
    pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR), np.float32) / 255
    normal = (pixels - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
    with torch.inference_mode():
        found = _loaded(settings.SSCD_WEIGHTS)(torch.from_numpy(normal.transpose(2, 0, 1)[None].copy()))
    vector: Vector = found[0].float().numpy()
    return vector / np.linalg.norm(vector)


@lru_cache(maxsize=1)
def _loaded(weights: str) -> "ScriptModule":
    import torch

    try:
        # TorchScript is on its way out, and SSCD is published as nothing else.
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            model: ScriptModule = torch.jit.load(str(_existing(weights)), map_location="cpu")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise SscdUnavailable(f"SSCD_WEIGHTS names {weights}, which is no TorchScript file: {error}") from error
    return model.eval()


@lru_cache(maxsize=1)
def _sha256(weights: str) -> str:
    return file_sha256(_existing(weights))


def _existing(weights: str) -> Path:
    if not Path(weights).is_file():
        raise SscdUnavailable(f"SSCD_WEIGHTS names {weights}, and there is no such file: put it there, or unset it.")
    return Path(weights)
