from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PayoutsConfig(AppConfig):
    """The top layer: what is owed, to whom, and the movement of money."""

    name = "payouts"

    def ready(self) -> None:
        """Register the start-up checks, and what follows each migration."""
        import_module("payouts.checks")
        post_migrate.connect(import_module("payouts.database_role").grant_rights, sender=self)
