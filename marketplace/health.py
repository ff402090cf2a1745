"""Whether the web server lives, and whether it can work: for load balancers, and for the operator's page."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import ChannelError, OperationalError

BROKER_TIMEOUT_SECONDS = 2
AWAY = (ChannelError, OperationalError, OSError)


def database_answers() -> bool:
    """Whether a query comes back."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def queue_lengths() -> dict[str, int | None] | None:
    """By queue, how many messages wait in the broker, None for one that no worker has opened; None without a broker."""
    names = sorted({route["queue"] for route in settings.CELERY_TASK_ROUTES.values()})
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=BROKER_TIMEOUT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
            return {name: _length(broker, name) for name in names}
    except AWAY:
        return None


def _length(broker: Connection, name: str) -> int | None:
    try:
        with broker.channel() as channel:
            return int(channel.queue_declare(name, passive=True).message_count)  # type: ignore[attr-defined]
    except ChannelError:
        return None


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The server answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The server can work: 200 where database and broker answer, 503 otherwise, and which of them does not."""
    parts = {"database": database_answers(), "broker": queue_lengths() is not None}
    words = {name: "ok" if answers else "does not answer" for name, answers in parts.items()}
    return JsonResponse(words, status=200 if all(parts.values()) else 503)
