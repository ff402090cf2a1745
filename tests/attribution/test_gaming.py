"""Uploading a picture again and again, exactly or changed, by its owner or a stranger, earns nothing: by real parts."""

from io import BytesIO
from random import Random

from PIL import Image
from pytest_django import Settings

from attribution.batches import attribute_downloads
from attribution.benchmark.derive import VARIANTS, collage
from attribution.embed import embed_assets, embed_generations
from attribution.models import InspirationList, NearDuplicate
from marketplace.core.release import Outcome
from marketplace.generators.base import GeneratedImage
from marketplace.models import Asset, Contributor, Customer, GeneratorModel
from marketplace.output_checks import record_output_check
from marketplace.sample_catalogue import STYLES, draw_work
from marketplace.services import record_generation
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    compare_assets,
    jpeg_bytes,
    make_download,
    make_generator_model,
    make_prompt_check,
    make_training_set,
    submit,
)

EDGE = 256
CATALOGUE = (0, 4, 7, 9)  # numbers of styles
CLONES = 5
COPIES = 20


def draw(style: int) -> Image.Image:
    return draw_work(STYLES[style], 3, EDGE).image


def clone(image: Image.Image, level: int) -> bytes:
    """The same pixels in a file of other bytes."""
    out = BytesIO()
    image.save(out, "PNG", compress_level=level)
    return out.getvalue()


def list_of(model: GeneratorModel, carla: Customer) -> InspirationList:
    """The inspiration list of a collage of three of the pictures, made by a model."""
    image, _ = collage([draw(style) for style in CATALOGUE[:3]], Random(1))
    made = GeneratedImage(image=image, prompt="a collage", seed=1, parameters={})
    file = jpeg_bytes(image) + str(model.pk).encode()  # a file cannot be two models' work
    generation = record_generation(model, made, file, ".jpg", FROZEN_AT, make_prompt_check(made.prompt))
    record_output_check(generation, Outcome.CLEAR, "A collage is for sale in this test.", FROZEN_AT)
    download = make_download(carla, generation)
    embed_assets(CLOSED_AT)
    compare_assets()
    embed_generations(CLOSED_AT)
    assert attribute_downloads(CLOSED_AT) == 1
    return InspirationList.objects.get(download=download)


def test_neither_clones_nor_variants_by_the_owner_or_a_stranger_change_anybodys_share(
    ana: Contributor, ben: Contributor, carla: Customer, settings: Settings
) -> None:
    settings.ENCODER_RECIPE = "compact"
    for style in CATALOGUE:
        submit(ana, jpeg_bytes(draw(style)))
    before = list_of(make_generator_model(make_training_set(version="1")), carla)
    own = list(Asset.objects.order_by("pk").values_list("pk", flat=True))
    copied = draw(CATALOGUE[own.index(before.asset_ids[0])])

    for number in range(COPIES):
        submit((ana, ben)[number % 2], jpeg_bytes(VARIANTS[number % len(VARIANTS)](copied, Random(number))))
    for level in range(CLONES):
        submit((ana, ben)[level % 2], clone(copied, level))
    uploaded = set(Asset.objects.exclude(pk__in=own).values_list("pk", flat=True))
    after = list_of(make_generator_model(make_training_set(version="2"), name="second"), carla)

    assert len(uploaded) == COPIES + CLONES
    assert set(NearDuplicate.objects.values_list("asset", flat=True)) == uploaded
    assert (after.asset_ids, after.shares_ppm) == (before.asset_ids, before.shares_ppm)
