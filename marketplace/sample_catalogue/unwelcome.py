"""Sample uploads that screening must not let through: marked as AI-generated, broken, or somebody else's."""

import json
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from marketplace.provenance import DigitalSourceType, mark_generated

EDGE = 320
PARAMETERS = (
    "a lighthouse in a storm, oil painting\nSteps: 24, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 20261, Size: 320x320"
)
WORKFLOW = {"3": {"class_type": "KSampler", "inputs": {"seed": 20262, "steps": 20}}}


def write_unwelcome_uploads(folder: Path, stolen: Path) -> int:
    """Write five files below `folder`, one of them the bytes of `stolen`; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lighthouse.png").write_bytes(_png_with_text("parameters", PARAMETERS))
    (folder / "harbour.png").write_bytes(_png_with_text("prompt", json.dumps(WORKFLOW)))
    marked = mark_generated(
        _picture(3),
        source_type=DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA,
        system="Some image model",
        system_version="7",
        file_format="JPEG",
    )
    (folder / "portrait.jpg").write_bytes(marked)
    (folder / "half-uploaded.jpg").write_bytes(marked[: len(marked) // 2])
    shutil.copyfile(stolen, folder / "my-own-work.jpg")
    return 5


def _png_with_text(key: str, text: str) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text(key, text)
    file = BytesIO()
    _picture(len(key)).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def _picture(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((EDGE, EDGE), Image.Resampling.BICUBIC)
