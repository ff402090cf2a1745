"""Drawn works that are trained on and copied, with vectors that the tests give, for tests of copy checks."""

from PIL import Image

from attribution.encoders import find_recipe
from attribution.models import Encoder, EncoderState
from marketplace.generators.base import GeneratedImage
from marketplace.models import Asset, Contributor, Generation, GeneratorModel
from marketplace.sample_catalogue import STYLES, draw_work
from marketplace.services import record_generation
from tests.builders import (
    FROZEN_AT,
    JOINED_AT,
    embed_asset,
    embed_generation,
    jpeg_bytes,
    make_picture,
    make_prompt_check,
    submit,
    unit_vector,
)

EDGE_PX = 256


def make_configured_encoder() -> Encoder:
    """The record of the shipped encoder, which no test here loads."""
    recipe = find_recipe("compact")
    return Encoder.objects.create(
        name=recipe.name,
        fingerprint=recipe.fingerprint,
        recipe=recipe.as_dict(),
        state=EncoderState.CURRENT,
        registered_at=JOINED_AT,
    )


def drawn(number: int) -> Image.Image:
    """A square work of that contributor of the sample catalogue."""
    return draw_work(STYLES[number], 0, EDGE_PX).image


def holding(piece: Image.Image) -> Image.Image:
    """A picture of gradients, its lower half the upper half of the piece."""
    picture = make_picture(1, EDGE_PX, EDGE_PX)
    picture.paste(piece.crop((0, 0, EDGE_PX, EDGE_PX // 2)), (0, EDGE_PX // 2))
    return picture


def make_drawn_assets(contributors: list[Contributor], encoder: Encoder) -> list[Asset]:
    """One drawn work of each contributor, embedded at right angles to one another."""
    made = []
    for number, contributor in enumerate(contributors):
        asset = Asset.objects.get(submission=submit(contributor, jpeg_bytes(drawn(number)), title=f"Work {number}"))
        embed_asset(asset, encoder, unit_vector(*([0] * number), 1))
        made.append(asset)
    return made


def make_generation_of(picture: Image.Image, model: GeneratorModel, encoder: Encoder | None) -> Generation:
    """A generation of the picture, not checked, and between the first two works to the encoder, if any."""
    made = GeneratedImage(picture, "a prompt", 1, {})
    generation = record_generation(model, made, jpeg_bytes(picture), ".jpg", FROZEN_AT, make_prompt_check(made.prompt))
    if encoder:
        embed_generation(generation, encoder, unit_vector(0.6, 0.8))
    return generation
