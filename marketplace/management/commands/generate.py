"""Generate one image with a recorded generator model."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.model_states import ModelRefused
from marketplace.generating import generate_image, generator_of
from marketplace.generators.base import GenerationFailed, GeneratorUnavailable
from marketplace.models import GeneratorModel
from marketplace.prompts.base import ClassifierUnavailable
from marketplace.prompts.checking import PromptNotAllowed, PromptUnusable
from marketplace.services import AlreadyGenerated, NoTrainingSet

NOTHING_MADE = (
    GeneratorUnavailable,
    GenerationFailed,
    NoTrainingSet,
    ModelRefused,
    AlreadyGenerated,
    ClassifierUnavailable,
    PromptNotAllowed,
    PromptUnusable,
)


class Command(BaseCommand):
    """`generate MODEL PROMPT`: the newest version of the model makes one image, which is recorded for sale, once."""

    help = "Generate and record one image. Models are set up in the admin: backend http, diffusers or remix."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="name of a generator model")
        parser.add_argument("prompt")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *, model: str, prompt: str, seed: int, **options: Any) -> None:
        newest = GeneratorModel.objects.filter(name=model).order_by("-created_at").first()
        if newest is None:
            known = ", ".join(GeneratorModel.objects.values_list("name", flat=True).distinct()) or "none"
            raise CommandError(f"There is no generator model {model!r}. Known: {known}.")
        try:
            generation = generate_image(newest, generator_of(newest), prompt, seed, timezone.now())
        except NOTHING_MADE as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Generation {generation.pk} by {newest}: {generation.file.path}")
