"""The diffusers backend is an optional extra, and says so where it is missing."""

from importlib.util import find_spec

import pytest

from marketplace.generators import Generator, GeneratorUnavailable
from marketplace.generators.diffusers import DiffusersGenerator


@pytest.mark.skipif(find_spec("diffusers") is not None, reason="the diffusers extra is installed")
def test_without_its_extra_the_diffusers_generator_says_what_to_install() -> None:
    generator: Generator = DiffusersGenerator("some/model", "abc123")
    with pytest.raises(GeneratorUnavailable, match=r"pip install 'tributary\[diffusers\]'"):
        generator.generate("a harbour", 5)


def test_a_diffusers_generator_is_known_by_its_model_and_revision() -> None:
    generator = DiffusersGenerator("some/model", "abc123")
    assert (generator.name, generator.version) == ("some/model", "abc123")
