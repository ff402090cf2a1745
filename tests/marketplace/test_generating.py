"""Generating with a recorded model: what it makes is marked, recorded and tied to the training set."""

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from marketplace.generating import generate_image, generator_of
from marketplace.generator_models import save_generator_model
from marketplace.generators.base import GeneratedImage
from marketplace.models import Contributor, Generation, GeneratorModel, RemixTruth
from marketplace.services import AlreadyGenerated, NoTrainingSet, record_generation
from tests.builders import (
    SOLD_AT,
    make_asset,
    make_generation,
    make_generator_model,
    make_picture,
    make_prompt_check,
    make_training_set,
)


@pytest.fixture
def remix(ana: Contributor) -> GeneratorModel:
    for seed in range(4):
        make_asset(ana, seed=seed)
    return make_generator_model(make_training_set())


def test_a_generation_says_in_its_file_what_made_it_and_records_how(remix: GeneratorModel) -> None:
    generation = generate_image(remix, generator_of(remix), "a quiet morning", 7, SOLD_AT)
    assert generation.training_set_id == remix.training_set_id
    assert (generation.prompt, generation.seed) == ("a quiet morning", 7)
    assert generation.parameters["kind"] in {"collage", "blend", "crop", "restyle"}
    with generation.file.open() as file:
        packet = Image.open(file).info["xmp"]
    assert b"digitalsourcetype/composite<" in packet or b'digitalsourcetype/composite"' in packet


def test_the_truth_of_a_remix_is_recorded_apart_and_is_whole(remix: GeneratorModel) -> None:
    generation = generate_image(remix, generator_of(remix), "a quiet morning", 7, SOLD_AT)
    assert sum(generation.remixtruth.weights_ppm) == 1_000_000


def test_a_model_without_a_training_set_generates_nothing(remix: GeneratorModel) -> None:
    remix.training_set = None
    with pytest.raises(NoTrainingSet, match="has no training set"):
        generator_of(remix)
    assert not Generation.objects.exists()


def test_the_command_says_which_variable_a_hosted_model_needs(remix: GeneratorModel) -> None:
    remix.backend = "http"
    save_generator_model(remix, SOLD_AT)
    with pytest.raises(CommandError, match="GENERATOR_API_KEY"):
        call_command("generate", remix.name, "a quiet morning")
    assert not Generation.objects.exists()


def test_the_command_names_the_known_models_when_asked_for_an_unknown_one(remix: GeneratorModel) -> None:
    with pytest.raises(CommandError, match=f"Known: {remix.name}"):
        call_command("generate", "nonesuch", "a quiet morning")


def test_the_same_prompt_and_seed_again_is_the_same_generation(
    remix: GeneratorModel, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        call_command("generate", remix.name, "a quiet morning")
    first, again = capsys.readouterr().out.splitlines()
    assert first == again
    assert Generation.objects.count() == RemixTruth.objects.count() == 1


def test_a_file_that_another_model_made_before_is_refused(remix: GeneratorModel) -> None:
    first = make_generation(remix)
    other = make_generator_model(remix.training_set, name="other")
    made = GeneratedImage(image=make_picture(1), prompt="a quiet harbour", seed=1, parameters={})
    with first.file.open() as file, pytest.raises(AlreadyGenerated, match=f"generation {first.pk} of sample 1"):
        record_generation(other, made, file.read(), ".jpg", SOLD_AT, make_prompt_check())
    assert Generation.objects.get() == first
