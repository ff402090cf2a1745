"""The generator interface: a prompt and a seed go in, an image comes out together with what made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from PIL import Image

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


class Backend(StrEnum):
    """What runs a generator model."""

    HTTP = "http"
    DIFFUSERS = "diffusers"
    REMIX = "remix"


class GeneratorUnavailable(Exception):
    """The generator cannot work as it is set up; the message says what to set or install."""


class GenerationFailed(Exception):
    """The generator works, but this image was not made; the message says why."""


class GeneratorBusy(GenerationFailed):
    """The generator has no room or is down for the moment: the same request may pass later."""


class PromptRefused(GenerationFailed):
    """The generator declines this prompt or its result: the same request would be declined again."""


@dataclass(frozen=True)
class SourceWeight:
    """How much of a generated image really came from one asset, in parts per million of its pixels."""

    asset_id: int
    weight_ppm: int


@dataclass(frozen=True)
class GeneratedImage:
    """A generated image (RGB, sRGB values) and how it was made.

    `parameters` is what the backend was given beside the prompt, and holds a seed only where the backend obeyed it.
    `truth` is known for the sample generator alone and sums to 1,000,000 ppm. Attribution must not see it.
    """

    image: Image.Image
    prompt: str
    seed: int
    parameters: Mapping[str, JsonValue]
    truth: tuple[SourceWeight, ...] | None = None


class Generator(Protocol):
    """A named, versioned image generator."""

    @property
    def name(self) -> str:
        """The model's name, as its card has it."""

    @property
    def version(self) -> str:
        """The model's version, as its card has it."""

    def generate(self, prompt: str, seed: int) -> GeneratedImage:
        """Make one image. Raises GeneratorUnavailable or GenerationFailed."""
