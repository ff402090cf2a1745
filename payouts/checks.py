"""Start-up checks of the money."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

from payouts.database_role import ROLE


@register(Tags.security)
def check_stripe_key(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E201: a live key with DEBUG on. E202: a live key without the secret by which Stripe's webhooks are known."""
    if not settings.STRIPE_API_KEY.startswith(("sk_live_", "rk_live_")):
        return []
    refused: list[CheckMessage] = []
    if settings.DEBUG:
        refused.append(
            Error(
                "DEBUG is on and STRIPE_API_KEY is a live key: a failing page shows secrets, and real money moves.",
                hint="Set DEBUG=false, or use a test key.",
                id="tributary.E201",
            )
        )
    if not settings.STRIPE_WEBHOOK_SECRET:
        refused.append(
            Error(
                "STRIPE_API_KEY is a live key and STRIPE_WEBHOOK_SECRET is not set: refunds and disputes would not be "
                "heard of, and contributors be paid money that customers got back.",
                hint="Add the endpoint /webhooks/stripe/ at Stripe, and set the secret that it shows.",
                id="tributary.E202",
            )
        )
    return refused


@register(Tags.database)
def check_database_role(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """W203: a role that can change the books. Runs with the database checks."""
    if settings.EMBEDDED_DATABASE:
        return []  # whose commands run as its owner, and whose servers do not
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, "
            "coalesce(has_table_privilege(to_regclass('payouts_posting'), 'UPDATE, DELETE, TRUNCATE'), false)"
        )
        user, may_change = cursor.fetchone()
    if not may_change:
        return []
    return [
        Warning(
            f"The database role {user} can change and delete what is posted.",
            hint=f"Migrate as the owner of the database, and let web servers and workers connect as {ROLE}.",
            id="tributary.W203",
        )
    ]
