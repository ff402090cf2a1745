"""How pages draw matched regions."""

from collections.abc import Iterable

from django import template

register = template.Library()


@register.filter
def points(region: Iterable[tuple[float, float]]) -> str:
    """A polygon as the `points` of an SVG."""
    return " ".join(f"{x},{y}" for x, y in region)
