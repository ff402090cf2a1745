"""Start-up checks of the composition root, each with a number and a hint."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from kombu import Connection
from kombu.exceptions import OperationalError

from marketplace.signing import CannotSign, identity

BROKER_TIMEOUT_SECONDS = 3


@register(Tags.compatibility)
def check_task_limits(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E002: a task that outlives the visibility timeout is delivered to a second worker while the first still runs."""
    timeout = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    if timeout > settings.CELERY_TASK_TIME_LIMIT:
        return []
    return [
        Error(
            f"CELERY_TASK_TIME_LIMIT ({settings.CELERY_TASK_TIME_LIMIT} s) is not below the broker's visibility "
            f"timeout ({timeout} s).",
            hint="Lower the limit, or raise visibility_timeout in CELERY_BROKER_TRANSPORT_OPTIONS.",
            id="tributary.E002",
        )
    ]


@register(Tags.database)
def check_broker(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E003: without a broker no image is embedded and nobody is paid. Runs with the database checks."""
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=BROKER_TIMEOUT_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
    except (OperationalError, OSError) as error:
        return [
            Error(
                f"The broker at BROKER_URL does not answer: {error}",
                hint="Start it, correct BROKER_URL, or unset it to use the embedded one through manage.py.",
                id="tributary.E003",
            )
        ]
    return []


@register(Tags.security)
def check_signing(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E004: without a signer no file can be handed out, and one that does not fit its certificates convinces nobody."""
    try:
        identity()
    except CannotSign as error:
        return [
            Error(
                str(error),
                hint="Name a PEM chain (SIGNING_CHAIN), its root (SIGNING_ROOT) and a key (SIGNING_KEY or "
                "SIGNING_CALLBACK), all of which belong together.",
                id="tributary.E004",
            )
        ]
    return []
