"""The Celery application; its settings are the CELERY_… ones of `marketplace.settings`."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.core.management import CommandError, call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

app = Celery("tributary")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()  # for every thread of a web server, not only for the one that imported this


@worker_init.connect
def check_before_work(**kwargs: Any) -> None:
    """A worker does not start on a wrong database, broker or encoder."""
    try:
        call_command("check", databases=["default"])
    except CommandError as error:
        sys.exit(str(error))  # Celery would log any other exception and go on
