from importlib import import_module

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    """The bottom layer: who uploads, what is sold, who downloaded what."""

    name = "marketplace"

    def ready(self) -> None:
        """Load Celery here and not in `__init__`, so that `marketplace.core` can be imported without Django."""
        import_module("marketplace.celery")
        import_module("marketplace.checks")
        import_module("marketplace.request_ids")
        import_module("marketplace.task_runs")
