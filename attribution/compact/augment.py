"""Random changes that a copy may have gone through, applied to whole batches of pictures held in memory.

Every function takes and returns float tensors (n, 3, height, width) with values in 0…1.
"""

import io
import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Change = Callable[[Tensor], Tensor]


def uniform(count: int, low: float, high: float) -> Tensor:
    """`count` numbers drawn evenly between `low` and `high`."""
    return torch.empty(count).uniform_(low, high)


def new_identities(pixels: Tensor) -> Tensor:
    """Other pictures from these: quarter turns, exchanged colour channels, negatives and collages of two.

    Both views of a pair are cut from the result, so it widens the training set without teaching invariance.
    """
    return changed(pixels, IDENTITIES)


def clean_view(pixels: Tensor, edge: int) -> Tensor:
    """The whole picture, as it would lie in a gallery."""
    return cut(pixels, edge, crop=(0.97, 1.0), turn=0.0, flips=0.0)


def copied_view(pixels: Tensor, edge: int) -> Tensor:
    """A crop of the picture, or all of it in a frame, that went through several random changes."""
    pixels = cut(pixels, edge, crop=(0.5, 1.25), turn=0.4, flips=0.4)
    return changed(pixels, CHANGES)


def changed(pixels: Tensor, changes: tuple[tuple[float, Change], ...]) -> Tensor:
    """Each change in turn, on a random share of the batch; `pixels` is overwritten."""
    for share, change in changes:
        index = torch.nonzero(torch.rand(len(pixels)) < share).flatten()
        if len(index):
            pixels[index] = change(pixels[index]).clamp(0, 1)
    return pixels


def cut(pixels: Tensor, edge: int, crop: tuple[float, float], turn: float, flips: float) -> Tensor:
    """A window of each picture, `crop` of its edge wide and high (over 1: in a frame); shares turned and mirrored."""
    count = len(pixels)
    scale = uniform(count, *crop)
    stretch = uniform(count, -0.15, 0.15).exp() if turn else torch.ones(count)
    width, height = scale * stretch, scale / stretch
    mirror = 1 - 2 * (torch.rand(count) < flips).float()
    upside = 1 - 2 * (torch.rand(count) < flips / 4).float()
    angle = uniform(count, -0.5, 0.5) * (torch.rand(count) < turn)
    angle += torch.randint(0, 4, (count,)) * (torch.rand(count) < turn / 3) * math.pi / 2
    rows = torch.stack(
        [
            torch.stack([angle.cos() * width * mirror, -angle.sin() * width, uniform(count, -1, 1) * (1 - width)], 1),
            torch.stack([angle.sin() * height, angle.cos() * height * upside, uniform(count, -1, 1) * (1 - height)], 1),
        ],
        1,
    )
    grid = nnf.affine_grid(rows, [count, 3, edge, edge], align_corners=False)
    padding = ("zeros", "reflection")[int(torch.randint(2, ()))]
    return nnf.grid_sample(pixels, grid, padding_mode=padding, align_corners=False)


def recolour(pixels: Tensor) -> Tensor:
    """Brightness, contrast, saturation and hue, as one 3 x 3 matrix and an offset for each picture."""
    count = len(pixels)
    grey = torch.full((3, 3), 1 / 3)
    saturation = uniform(count, 0.3, 1.7).view(-1, 1, 1)
    mix = saturation * hue_rotation(uniform(count, -0.5, 0.5)) + (1 - saturation) * grey
    contrast = uniform(count, 0.55, 1.6).view(-1, 1, 1)
    centre = pixels.mean((1, 2, 3)).view(-1, 1, 1)
    flat = (contrast * mix) @ pixels.flatten(2) + (1 - contrast) * centre + uniform(count, -0.2, 0.2).view(-1, 1, 1)
    return flat.view_as(pixels)


def hue_rotation(angle: Tensor) -> Tensor:
    """(n, 3, 3) rotations of RGB about the grey axis (Rodrigues' formula); `angle` in radians."""
    axis = torch.full((3, 3), 1 / 3)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    cosine, sine = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    return cosine * torch.eye(3) + (1 - cosine) * axis + sine * cross


def grey(pixels: Tensor) -> Tensor:
    """Luminance in all channels (ITU-R BT.601 weights)."""
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (pixels * weights).sum(1, keepdim=True).expand_as(pixels)


def blur(pixels: Tensor) -> Tensor:
    """A box blur, 1-5 times over."""
    for _ in range(int(torch.randint(1, 6, ()))):
        pixels = nnf.avg_pool2d(nnf.pad(pixels, (1, 1, 1, 1), "reflect"), 3, stride=1)
    return pixels


def lose_resolution(pixels: Tensor) -> Tensor:
    """Down to 20-60 % of the edge and up again."""
    edge = pixels.shape[-1]
    small = nnf.interpolate(pixels, int(edge * float(uniform(1, 0.2, 0.6))), mode="bilinear", antialias=True)
    return nnf.interpolate(small, edge, mode=("nearest", "bilinear", "bilinear")[int(torch.randint(3, ()))])


def add_noise(pixels: Tensor) -> Tensor:
    """Gaussian noise of up to a tenth of the range."""
    return pixels + torch.randn_like(pixels) * uniform(len(pixels), 0.01, 0.1).view(-1, 1, 1, 1)


def posterise(pixels: Tensor) -> Tensor:
    """Down to 2-6 levels a channel."""
    levels = torch.randint(2, 7, (len(pixels), 1, 1, 1)) - 1
    return (pixels * levels).round() / levels


def outline(pixels: Tensor) -> Tensor:
    """The picture blended with its own edges, dark on light."""
    luminance = grey(pixels)[:, :1]
    across = nnf.pad(luminance.diff(dim=3).abs(), (0, 1, 0, 0))
    down = nnf.pad(luminance.diff(dim=2).abs(), (0, 0, 0, 1))
    strength = uniform(len(pixels), 0.4, 1.0).view(-1, 1, 1, 1)
    return strength * (1 - 4 * (across + down)) + (1 - strength) * pixels


def write_over(pixels: Tensor) -> Tensor:
    """One to three lines of letter-like blocks in one colour, across the picture."""
    count, _, height, width = pixels.shape
    letters = torch.zeros(count, 1, height, width)
    for _ in range(int(torch.randint(1, 4, ()))):
        top = int(torch.randint(0, height * 3 // 4, ()))
        line = height // int(torch.randint(5, 10, ()))
        blocks = torch.bernoulli(torch.full((count, 1, 5, int(torch.randint(16, 49, ()))), 0.5))
        letters[:, :, top : top + line] = nnf.interpolate(blocks, (line, width))[:, :, : height - top]
    return torch.lerp(pixels, torch.rand(count, 3, 1, 1), letters)


def paste_over(pixels: Tensor, other: Tensor, low: float, high: float) -> Tensor:
    """A rectangle of another picture, `low` to `high` of the edge wide and high, pasted in at a random place."""
    height, width = pixels.shape[2:]
    part_height, part_width = (int(edge * float(uniform(1, low, high))) for edge in (height, width))
    top, left = int(torch.randint(0, height - part_height, ())), int(torch.randint(0, width - part_width, ()))
    pasted = pixels.clone()
    part = nnf.interpolate(other, (part_height, part_width), mode="bilinear")
    pasted[:, :, top : top + part_height, left : left + part_width] = part
    return pasted


def paste_in(pixels: Tensor) -> Tensor:
    """A part of the batch's next picture pasted over this one."""
    return paste_over(pixels, pixels.roll(1, 0), 0.2, 0.5)


def lay_on(pixels: Tensor) -> Tensor:
    """The picture, made smaller, on top of the batch's next one."""
    return paste_over(pixels.roll(1, 0), pixels, 0.6, 0.9)


def blend(pixels: Tensor) -> Tensor:
    """Up to 35 % of the batch's next picture shining through."""
    return torch.lerp(pixels, pixels.roll(1, 0), uniform(len(pixels), 0.1, 0.35).view(-1, 1, 1, 1))


def compress(pixels: Tensor) -> Tensor:
    """A real JPEG, quality 5-40."""
    images = (pixels * 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
    copies = np.stack([_jpeg(image, int(torch.randint(5, 41, ()))) for image in images])
    return torch.from_numpy(copies).permute(0, 3, 1, 2).float() / 255


def _jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def exchange_channels(pixels: Tensor) -> Tensor:
    """Red, green and blue in another order."""
    return pixels[:, torch.randperm(3)]


def negative(pixels: Tensor) -> Tensor:
    """Light and dark exchanged."""
    return 1 - pixels


def transpose(pixels: Tensor) -> Tensor:
    """Mirrored along the diagonal."""
    return pixels.transpose(2, 3)


IDENTITIES: tuple[tuple[float, Change], ...] = (
    (0.3, exchange_channels),
    (0.1, negative),
    (0.2, transpose),
    (0.1, paste_in),
)
CHANGES: tuple[tuple[float, Change], ...] = (
    (0.1, lay_on),
    (0.15, paste_in),
    (0.1, blend),
    (0.6, recolour),
    (0.2, grey),
    (0.1, posterise),
    (0.12, outline),
    (0.25, write_over),
    (0.2, blur),
    (0.2, lose_resolution),
    (0.2, add_noise),
    (0.25, compress),
)
"""Share of views that go through each change, in this order."""
