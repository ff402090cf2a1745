"""Zero-shot reading: which of some texts a picture is nearest to, by an encoder with a text tower.

After Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021, section 3.1.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attribution.encoders import BATCH, EncoderUnavailable, load_model
from attribution.recipes import Recipe
from attribution.tiles import Rows, unit


class Reader:
    """Both towers of a model, with its preprocessing and tokens; use `load_reader` to get one."""

    def __init__(self, recipe: Recipe, model: Any, preprocess: Any, tokenize: Any) -> None:
        import torch

        self.recipe = recipe
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.eval().to(self._device)
        self._preprocess = preprocess
        self._tokenize = tokenize

    def pictures(self, images: Iterable[Image.Image]) -> Rows:
        """One unit row for each of at least one picture, which are opened as they are read: (n, d)."""
        import torch

        prepared = (self._preprocess(image.convert("RGB")) for image in images)
        rows = []
        with torch.inference_mode():
            while batch := list(islice(prepared, BATCH)):
                rows.append(self._model.encode_image(torch.stack(batch).to(self._device)).float().cpu().numpy())
        return unit(np.concatenate(rows))

    def answers(self, texts: Sequence[Sequence[str]]) -> Rows:
        """One unit row for each answer, the mean of its texts (section 3.1.4): (number of answers, d)."""
        import torch

        with torch.inference_mode():
            tokens = [self._tokenize(list(each)).to(self._device) for each in texts]
            rows = [unit(self._model.encode_text(each).float().cpu().numpy()) for each in tokens]
        return unit(np.stack([each.mean(axis=0) for each in rows]))


def read(pictures: Rows, answers: Rows) -> NDArray[np.intp]:
    """Which answer each of n pictures is nearest to: (n,)."""
    return np.asarray((pictures @ answers.T).argmax(axis=1))


def load_reader(recipe: Recipe) -> Reader:
    """The reader that `recipe` describes; its weights come as an encoder's do.

    Raises `EncoderUnavailable`, also for a model whose text tower is only there for form.
    """
    import open_clip

    model, preprocess = load_model(recipe)
    tokenize = open_clip.get_tokenizer(recipe.model)
    words = (open_clip.get_model_config(recipe.model) or {})["text_cfg"].get("vocab_size", tokenize.vocab_size)
    if words < tokenize.vocab_size:
        raise EncoderUnavailable(
            f"recipe {recipe.name} reads pictures and no text: name one whose model reads both, such as vit-b-16"
        )
    return Reader(recipe, model, preprocess, tokenize)
