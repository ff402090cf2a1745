"""How pages draw matched regions and write rates."""

from collections.abc import Iterable

from django import template

register = template.Library()


@register.filter
def percentage(rate: float) -> str:
    """A part of 1 as '12.34 %'."""
    return f"{rate:.2%}".replace("%", " %")


@register.filter
def points(region: Iterable[tuple[float, float]]) -> str:
    """A polygon as the `points` of an SVG."""
    return " ".join(f"{x},{y}" for x, y in region)
