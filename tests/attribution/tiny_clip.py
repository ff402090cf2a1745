"""A CLIP of two towers, so small that a test can train it: it knows red and blue pictures, and the words for them."""

import json
from pathlib import Path

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

NAME = "tests-tiny"
TEXTS = {"red": ("a red picture", "something red"), "blue": ("a blue picture", "something blue")}
STEPS = 40


def colour_picture(colour: str, number: int, edge: int = 64) -> Image.Image:
    """A picture of that colour, a little different for each number."""
    dice = np.random.default_rng(number)
    pixels = dice.integers(0, 70, (edge, edge, 3), dtype=np.uint8)
    pixels[..., 0 if colour == "red" else 2] += 160
    return Image.fromarray(pixels)


def write_tiny_clip(folder: Path) -> Path:
    """Train it and write its weights, config and recipe into the folder; returns the recipe's file."""
    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 16, "head_width": 16},
        "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    }
    (folder / f"{NAME}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder / f"{NAME}.json")
    torch.manual_seed(0)
    model, _, preprocess = open_clip.create_model_and_transforms(NAME)
    tokens = open_clip.get_tokenizer(NAME)([texts[0] for texts in TEXTS.values()])
    pixels = torch.stack([preprocess(colour_picture(colour, number)) for number in range(8) for colour in TEXTS])
    wanted = torch.arange(len(TEXTS)).repeat(8)
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(STEPS):
        images, texts = model.encode_image(pixels, normalize=True), model.encode_text(tokens, normalize=True)
        loss = torch.nn.functional.cross_entropy(images @ texts.T * 10, wanted)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    save_file(model.state_dict(), folder / "weights.safetensors")
    recipe = {"name": NAME, "model": NAME, "checkpoint": "weights.safetensors", "config": f"{NAME}.json"}
    (folder / "recipe.json").write_text(json.dumps(recipe))
    return folder / "recipe.json"
