from importlib import import_module

from django.apps import AppConfig


class AttributionConfig(AppConfig):
    """The middle layer: which training images a generation resembles, and in what share."""

    name = "attribution"

    def ready(self) -> None:
        """Register the start-up checks."""
        import_module("attribution.checks")
