"""Everything here is done by the role that servers have, as it is in tests of the money."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.payouts.conftest import _by_the_role_of_servers

__all__ = ["_by_the_role_of_servers"]


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> Iterator[None]:
    """Requests are counted in the cache, and each test begins at none."""
    cache.clear()
    yield
    cache.clear()
