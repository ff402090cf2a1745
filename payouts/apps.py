from importlib import import_module

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """The top layer: what is owed, to whom, and the movement of money."""

    name = "payouts"

    def ready(self) -> None:
        """Register the start-up checks."""
        import_module("payouts.checks")
