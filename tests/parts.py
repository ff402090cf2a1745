"""A pytest plugin that runs the tests on embedded parts of their own, unless URLs name others.

It is loaded with `-p`, before pytest-django reads the settings.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

_stack = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start the parts in a data folder of the tests' own."""
    from marketplace.embedded import parts

    os.environ.setdefault("TRIBUTARY_DATA", str(Path(__file__).parent.parent / ".tributary" / "test"))
    os.environ["ENCODER_RECIPE"] = "compact"
    _stack.enter_context(parts())


def pytest_unconfigure() -> None:
    """Stop them."""
    _stack.close()
