"""What an image generator would have made without half of its training set: the counterfactual that shares stand for.

The generator is a diffusion model in closed form: at each place of the picture it knows the training pictures' patches
and nothing else, and its denoiser is the exact one for them (after Kamb and Ganguli, "An analytic theory of creativity
in convolutional diffusion models", 2024). It makes mosaics of its training pictures, and retraining without a picture
is masking that picture's patches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.special import softmax
from scipy.stats import spearmanr

from marketplace.core.ppm import WHOLE_PPM

EDGE_PX, PATCH_PX, STEP_PX = 64, 32, 16
GENERATED = 24
NOISE = np.geomspace(32, 0.5, 8)
"""Standard deviations of the noise, from the first step to the last, where pixels lie between -1 and 1."""

Ppm = dict[int, int]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Retraining:
    """g generated pictures, with what halves of the training set (n assets) would have made of the same noise.

    `kept` (halves, n) says which assets each half holds; `likeness` (g, halves) is how near its picture comes to the
    one by the whole training set: minus the mean squared difference. `truth_ppm` are the patches' own shares.
    """

    pictures: list[Image.Image]
    kept: Mask
    likeness: NDArray[np.float64]
    truth_ppm: list[Ppm]


def retrain(catalogue: list[Image.Image], halves: int) -> Retraining:
    """Generate with all of the catalogue and with random halves of it; the same catalogue gives the same answer."""
    random = np.random.default_rng(0)
    patches = _patches(np.stack([_square(image) for image in catalogue]))
    noise = random.normal(size=(GENERATED, EDGE_PX, EDGE_PX, 3)).astype(np.float32)
    kept = np.zeros((halves, len(catalogue)), np.bool_)
    for half in kept:
        half[random.permutation(len(catalogue))[: len(catalogue) // 2]] = True
    whole, weights = _generate(patches, noise, np.ones(len(catalogue), np.bool_))
    likeness = [-np.square(_generate(patches, noise, half)[0] - whole).mean(axis=(1, 2, 3)) for half in kept]
    pictures = [Image.fromarray(np.rint((pixels.clip(-1, 1) + 1) * 127.5).astype(np.uint8)) for pixels in whole]
    return Retraining(pictures, kept, np.stack(likeness, axis=1).astype(np.float64), _in_ppm(weights))


def datamodelling(paid: list[Ppm], kept: Mask, likeness: NDArray[np.float64]) -> float:
    """How well the shares of what a half holds foretell the picture that it makes (LDS; Park et al., TRAK, 2023).

    Spearman's correlation over the halves, mean over pictures; 1 is perfect, and 0 is guessing or the same for all.
    """
    correlations = []
    for own, near in zip(paid, likeness, strict=True):
        # To a thousandth: the odd millionth of an equal split foretells nothing.
        foretold = np.round(kept[:, list(own)] @ np.array(list(own.values()), np.int64), -3)
        varies = len(np.unique(foretold)) > 1
        correlations.append(float(spearmanr(foretold, near).statistic) if varies else 0.0)
    return float(np.mean(correlations))


def _generate(patches: Float32, noise: Float32, kept: Mask) -> tuple[Float32, Float32]:
    """Pictures (g, edge, edge, 3) from noise by Euler steps, and the weight of each training picture in them (g, n)."""
    held = patches[:, kept]
    lengths = np.square(held).sum(axis=2)
    noisy = noise * np.float32(NOISE[0])
    for deviation, following in zip(NOISE, [*NOISE[1:], 0.0], strict=True):
        seen = _patches(noisy)
        nearness = seen @ held.transpose(0, 2, 1) - lengths[:, None] / 2
        weights = softmax(nearness / np.float32(deviation**2), axis=2)
        clean = _joined(weights @ held)
        noisy = clean + np.float32(following / deviation) * (noisy - clean)
    return noisy, weights.mean(axis=0)


def _square(image: Image.Image) -> Float32:
    small = ImageOps.fit(image, (EDGE_PX, EDGE_PX), Image.Resampling.LANCZOS)
    return np.asarray(small, np.float32) / 127.5 - 1


def _patches(pictures: Float32) -> Float32:
    """(places, pictures, numbers of a patch)."""
    windows = sliding_window_view(pictures, (PATCH_PX, PATCH_PX), axis=(1, 2))[:, ::STEP_PX, ::STEP_PX]
    count, rows, columns = windows.shape[:3]
    return np.ascontiguousarray(windows.reshape(count, rows * columns, -1).swapaxes(0, 1))


def _joined(patches: Float32) -> Float32:
    """The pictures that patches (places, pictures, numbers) overlap to, with the mean where they do."""
    side = (EDGE_PX - PATCH_PX) // STEP_PX + 1
    pictures = np.zeros((patches.shape[1], EDGE_PX, EDGE_PX, 3), np.float32)
    cover = np.zeros((EDGE_PX, EDGE_PX, 1), np.float32)
    for place, patch in enumerate(patches):
        row, column = (STEP_PX * at for at in divmod(place, side))
        area = np.s_[row : row + PATCH_PX, column : column + PATCH_PX]
        pictures[:, area[0], area[1]] += patch.reshape(-1, 3, PATCH_PX, PATCH_PX).transpose(0, 2, 3, 1)
        cover[area] += 1
    return pictures / cover


def _in_ppm(weights: Float32) -> list[Ppm]:
    return [
        {asset: int(weight * WHOLE_PPM) for asset, weight in enumerate(row.tolist()) if weight * WHOLE_PPM >= 1}
        for row in weights
    ]
