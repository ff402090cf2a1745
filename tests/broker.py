"""A broker that is away."""

from kombu.exceptions import OperationalError


def broker_away(*args: object) -> None:
    """Hand a task over as `delay` does where nobody listens."""
    raise OperationalError("Nobody listens.")
