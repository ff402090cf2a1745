"""A key that moves real money is never used where pages show secrets, and a missing one is named."""

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from payouts.checks import check_stripe_key
from payouts.onboarding import stripe_gateway


def test_a_live_key_with_debug_on_stops_the_start(settings: LazySettings) -> None:
    settings.DEBUG, settings.STRIPE_API_KEY = True, "sk_live_0123456789"
    with pytest.raises(SystemCheckError, match=r"tributary\.E201"):
        call_command("check", tags=["security"])


def test_a_live_key_stops_the_start_where_refunds_and_disputes_would_not_be_heard_of(settings: LazySettings) -> None:
    settings.DEBUG, settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = False, "rk_live_0123456789", ""
    with pytest.raises(SystemCheckError, match=r"tributary\.E202.*STRIPE_WEBHOOK_SECRET is not set"):
        call_command("check", tags=["security"])


def test_a_live_key_is_taken_with_a_webhook_secret_and_debug_off(settings: LazySettings) -> None:
    settings.DEBUG, settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = False, "sk_live_0123456789", "whsec_1"
    assert check_stripe_key(None) == []


def test_no_message_ever_shows_the_key(settings: LazySettings) -> None:
    settings.DEBUG, settings.STRIPE_API_KEY = True, "sk_live_0123456789"
    messages = check_stripe_key(None)
    assert len(messages) == 2
    assert all("0123456789" not in f"{message.msg} {message.hint}" for message in messages)


def test_a_test_key_is_fine_with_debug_on(settings: LazySettings) -> None:
    settings.DEBUG, settings.STRIPE_API_KEY = True, "sk_test_0123456789"
    call_command("check", tags=["security"])


def test_without_a_key_the_gateway_says_which_setting_is_missing(settings: LazySettings) -> None:
    settings.STRIPE_API_KEY = ""
    with pytest.raises(ImproperlyConfigured, match="STRIPE_API_KEY"):
        stripe_gateway()
