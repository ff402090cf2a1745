"""How pages write whole parts per million."""

from django import template

register = template.Library()
PPM_A_PERCENT, WHOLE_PPM = 10_000, 1_000_000


@register.filter
def percent_of_ppm(part: int) -> str:
    """123,400 ppm as '12.34 %'."""
    return f"{part / PPM_A_PERCENT:.2f} %"


@register.filter
def of_one(part: int) -> str:
    """123,400 ppm as '0.123'."""
    return f"{part / WHOLE_PPM:.3f}"
