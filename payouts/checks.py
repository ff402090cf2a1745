"""Start-up checks of the money."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def check_stripe_key(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E201: a live key with DEBUG on."""
    if settings.DEBUG and settings.STRIPE_API_KEY.startswith(("sk_live_", "rk_live_")):
        return [
            Error(
                "DEBUG is on and STRIPE_API_KEY is a live key: a failing page shows secrets, and real money moves.",
                hint="Set DEBUG=false, or use a test key.",
                id="tributary.E201",
            )
        ]
    return []
