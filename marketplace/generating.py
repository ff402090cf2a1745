"""Running a generator model and recording what it made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from marketplace.generators.base import Backend, GeneratedImage, Generator, JsonValue
from marketplace.generators.diffusers import DiffusersGenerator
from marketplace.generators.http import HttpGenerator
from marketplace.generators.remix import Remix, Source
from marketplace.images import decode
from marketplace.models import Asset, Generation, GeneratorModel, PromptCheck, User
from marketplace.prompts.checking import check_prompt, require_allowed
from marketplace.provenance import DigitalSourceType, mark_generated
from marketplace.selectors import not_withheld
from marketplace.services import NoTrainingSet, record_generation
from marketplace.verifying import refuse_unreadable

SOURCE_TYPES = {Backend.REMIX: DigitalSourceType.COMPOSITE}  # the sample remixer is no trained model


@dataclass(frozen=True)
class Said:
    """What a partner says of an image that they send."""

    prompt: str
    seed: int
    parameters: Mapping[str, JsonValue]
    must_show_no_people: bool = False


def source_type_of(model: GeneratorModel) -> DigitalSourceType:
    """How the pictures of a model come to be."""
    return SOURCE_TYPES.get(Backend(model.backend), DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA)


def generator_of(model: GeneratorModel) -> Generator:
    """The generator that runs a model. Raises `GeneratorUnavailable`, and `NoTrainingSet` where it has none."""
    if model.training_set is None:
        raise NoTrainingSet(f"Generator model {model} has no training set: give it one before it generates for sale.")
    if model.backend == Backend.HTTP:
        key, base_url = settings.GENERATOR_API_KEY, settings.GENERATOR_API_BASE
        return HttpGenerator(model.name, model.version, base_url, key, model.parameters)
    if model.backend == Backend.DIFFUSERS:
        return DiffusersGenerator(model.name, model.version, model.parameters)
    # It cuts up the pictures themselves, so it takes none that a removal case withholds.
    trained_on = Asset.objects.filter(memberships__training_set=model.training_set_id)
    members = not_withheld(trained_on).values_list("pk", "preview")
    return Remix([Source(pk, Path(default_storage.path(preview))) for pk, preview in members])


def generate_image(
    model: GeneratorModel,
    generator: Generator,
    prompt: str,
    seed: int,
    at: datetime,
    asked_by: User | None = None,
    *,
    must_show_no_people: bool = False,
) -> Generation:
    """Check the prompt, make one image with the model's generator, mark it as generated and record it.

    Raises as `check_prompt` and the generator do, and `PromptNotAllowed` before anything is generated.
    """
    prompt_check = check_prompt(prompt, asked_by, at)
    require_allowed(prompt_check)
    return _record_marked(model, generator.generate(prompt, seed), at, prompt_check, must_show_no_people)


def take_generation(model: GeneratorModel, data: bytes, said: Said, sent_by: User, at: datetime) -> Generation:
    """Record an image that a partner made with their own generator, from a file of theirs, which may hold anything.

    Only its pixels are kept. It is for sale once it is checked for copies, as every generation. The same again is the
    same generation. Raises `UnreadableImage`, `PromptNotAllowed`, and as `record_generation` does.
    """
    refuse_unreadable(data)
    prompt_check = check_prompt(said.prompt, sent_by, at)
    require_allowed(prompt_check)
    made = GeneratedImage(image=decode(data).image, prompt=said.prompt, seed=said.seed, parameters=said.parameters)
    return _record_marked(model, made, at, prompt_check, said.must_show_no_people)


def _record_marked(
    model: GeneratorModel, made: GeneratedImage, at: datetime, prompt_check: PromptCheck, must_show_no_people: bool
) -> Generation:
    file = mark_generated(
        made.image,
        source_type=source_type_of(model),
        system=model.name,
        system_version=model.version,
        file_format="JPEG",
    )
    return record_generation(model, made, file, ".jpg", at, prompt_check, must_show_no_people=must_show_no_people)
