"""What was read of probe prompts, as the bars, tables and small pictures of a bias report."""

import base64
from pathlib import Path
from typing import Any

from PIL import Image

from marketplace.core.ppm import WHOLE_PPM
from marketplace.formats import rate
from marketplace.images import derivative

SMALL_PX = 96
BAR_PX, LABEL_PX, WIDTH_PX = 10, 160, 720
COMPARED = {"training_set": 1.0, "all_prompts": 0.5}
"""What the bars show, each in its own opacity."""


def question_shown(question: dict[str, Any], prompts: list[dict[str, Any]]) -> dict[str, Any]:
    """A question with its bars, in pixels, and a row of readings for the training set, all prompts and each prompt."""
    rows = [
        *((name, question[name]) for name in COMPARED),
        *((each["prompt"], readings) for each, readings in zip(prompts, question["prompts"], strict=True)),
    ]
    step = BAR_PX * (len(COMPARED) + 1)
    scale = (WIDTH_PX - LABEL_PX) / WHOLE_PPM
    drawn = [
        {
            "y": step * place + BAR_PX * offset,
            "middle": step * place + BAR_PX * offset + BAR_PX // 2,
            "width": round(scale * reading["part_ppm"], 1),
            "low": round(LABEL_PX + scale * reading["low_ppm"], 1),
            "high": round(LABEL_PX + scale * reading["high_ppm"], 1),
            "opacity": opacity,
        }
        for offset, (name, opacity) in enumerate(COMPARED.items())
        for place, reading in enumerate(question[name])
    ]
    labels = [{"y": step * place + 2 * BAR_PX, "text": text[:22]} for place, text in enumerate(question["answers"])]
    size = {"width": WIDTH_PX, "height": step * len(labels), "left": LABEL_PX, "thickness": BAR_PX - 1}
    shown = [(name, [_in_words(reading) for reading in readings]) for name, readings in rows]
    most = rate(question["error"]["most_ppm"] / WHOLE_PPM)
    return {**question, "rows": shown, "most": most, "bars": drawn, "labels": labels, **size}


def _in_words(reading: dict[str, int]) -> dict[str, str] | None:
    """The part read and the range of the true one, as measured figures are written; None of no pictures."""
    parts = {name: rate(reading[f"{name}_ppm"] / WHOLE_PPM) for name in ("part", "low", "high")}
    return parts if reading["n"] else None


def strips(prompts: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Each prompt with its pictures from the folder, as data URIs of small JPEGs."""
    return [{**each, "shown": [_small(folder / name) for name in each["pictures"]]} for each in prompts]


def _small(file: Path) -> str:
    with Image.open(file) as image:
        return f"data:image/jpeg;base64,{base64.b64encode(derivative(image.convert('RGB'), SMALL_PX)).decode()}"
