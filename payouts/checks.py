"""Start-up checks of the money."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def check_stripe_key(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E201: a live key with DEBUG on. E202: a live key at all, as long as there is no checkout."""
    if not settings.STRIPE_API_KEY.startswith(("sk_live_", "rk_live_")):
        return []
    not_charged = Error(
        "STRIPE_API_KEY is a live key, and licences are not charged yet: contributors would be paid money that no "
        "customer paid.",
        hint="Use a test key, or the sandbox.",
        id="tributary.E202",
    )
    if not settings.DEBUG:
        return [not_charged]
    return [
        Error(
            "DEBUG is on and STRIPE_API_KEY is a live key: a failing page shows secrets, and real money moves.",
            hint="Set DEBUG=false, or use a test key.",
            id="tributary.E201",
        ),
        not_charged,
    ]
