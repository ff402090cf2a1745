"""Tributary's own pictures: a catalogue drawn from seeds, for demonstrations, tests and training."""

from .catalogue import SampleWork, draw_work, write_catalogue
from .styles import STYLES, Style

__all__ = ["STYLES", "SampleWork", "Style", "draw_work", "write_catalogue"]
