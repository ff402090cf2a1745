"""Image generators behind one interface, one file per backend."""

from marketplace.generators.base import (
    GeneratedImage,
    GenerationFailed,
    Generator,
    GeneratorBusy,
    GeneratorUnavailable,
    JsonValue,
    PromptRefused,
    SourceWeight,
)

__all__ = [
    "GeneratedImage",
    "GenerationFailed",
    "Generator",
    "GeneratorBusy",
    "GeneratorUnavailable",
    "JsonValue",
    "PromptRefused",
    "SourceWeight",
]
