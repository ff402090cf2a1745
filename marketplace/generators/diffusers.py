"""A text-to-image model run here by the diffusers library (an optional extra, imported at the first image)."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from marketplace.generators.base import GeneratedImage, GeneratorUnavailable, JsonValue, PromptRefused


class DiffusersGenerator:
    """Any text-to-image model of the hub, or of a local folder, at one revision.

    `parameters` are passed to the pipeline as they are (`num_inference_steps`, `guidance_scale`, `width` …).
    """

    def __init__(self, model_id: str, revision: str, parameters: Mapping[str, JsonValue] | None = None) -> None:
        self.name = model_id
        self.version = revision
        self._parameters = dict(parameters or {})

    def generate(self, prompt: str, seed: int) -> GeneratedImage:
        """Make one image; the same seed on the same hardware and library versions gives the same image.

        Raises GeneratorUnavailable without the extra or the weights, PromptRefused where the model's checker objects.
        """
        pipeline = self._pipeline
        import torch

        # On the CPU, so that the first noise does not depend on the accelerator.
        noise = torch.Generator("cpu").manual_seed(seed)
        result = pipeline(prompt, generator=noise, **self._parameters)
        if any(getattr(result, "nsfw_content_detected", None) or ()):
            raise PromptRefused(f"The safety checker of {self.name} objects to its image: change the prompt.")
        return GeneratedImage(
            image=result.images[0].convert("RGB"),
            prompt=prompt,
            seed=seed,
            parameters={**self._parameters, "seed": seed},
        )

    @cached_property
    def _pipeline(self) -> Any:
        try:
            import diffusers
        except ImportError:
            raise GeneratorUnavailable(
                "The diffusers generator needs its optional extra: pip install 'tributary[diffusers]'."
            ) from None
        import torch

        device, dtype = ("cuda", torch.float16) if torch.cuda.is_available() else ("cpu", torch.float32)
        try:
            pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(
                self.name, revision=self.version, torch_dtype=dtype, use_safetensors=True
            )
        except OSError as error:
            raise GeneratorUnavailable(
                f"Cannot load {self.name} at revision {self.version}: {error} "
                "Name a model of the hub that this machine can reach, or the folder of a downloaded one."
            ) from error
        return pipeline.to(device)
