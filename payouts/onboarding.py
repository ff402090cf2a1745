"""Connected accounts: opening one for a contributor and keeping our copy of its state."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from marketplace.models import Contributor
from payouts.core.borders import reaches
from payouts.gateway import Account, Gateway, StripeGateway
from payouts.models import ConnectedAccount


class CannotConnect(ValueError):
    """No account can be opened for the contributor; the message says why."""


def stripe_gateway() -> Gateway:
    """The gateway that the settings name. Raises `ImproperlyConfigured` where there is no key."""
    if not settings.STRIPE_API_KEY:
        raise ImproperlyConfigured(
            "Set STRIPE_API_KEY (and STRIPE_API_BASE for the sandbox, which `manage.py stripe_sandbox` starts)."
        )
    return StripeGateway(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE or None)


def connect_account(contributor: Contributor, gateway: Gateway, at: datetime) -> ConnectedAccount:
    """Open the contributor's account at Stripe, once. Raises `CannotConnect`."""
    known = ConnectedAccount.objects.filter(contributor=contributor).first()
    if known is not None:
        return known
    if not contributor.country:
        raise CannotConnect(f"{contributor} has no country yet: Stripe needs to know where they are paid.")
    if not reaches(settings.PLATFORM_COUNTRY, contributor.country):
        raise CannotConnect(
            f"{contributor} is in {contributor.country}, where Stripe lets a platform in {settings.PLATFORM_COUNTRY} "
            "send nothing."
        )
    account = gateway.create_account(
        reference=f"{settings.DEPLOYMENT}:{contributor.pk}",
        name=contributor.name,
        country=contributor.country,
        currency=settings.SETTLEMENT_CURRENCY.lower(),
        idempotency_key=f"account:{settings.DEPLOYMENT}:{contributor.pk}",
    )
    connected, _ = ConnectedAccount.objects.get_or_create(
        contributor=contributor,
        defaults={"stripe_account_id": account.stripe_account_id, "refreshed_at": at, **_state(account)},
    )
    return connected


def refresh_account(connected: ConnectedAccount, gateway: Gateway, at: datetime) -> ConnectedAccount:
    """Copy what Stripe says of the account now; `at` is a time before it is asked. What was asked later stays."""
    return _update(connected, at, **_state(gateway.account(connected.stripe_account_id)))


def disable_account(connected: ConnectedAccount, at: datetime) -> ConnectedAccount:
    """Note that Stripe does not let us at the account any more."""
    return _update(connected, at, transfers_enabled=False)


def _state(account: Account) -> dict[str, Any]:
    return {
        "country": account.country,
        "transfers_enabled": account.transfers_enabled,
        "requirements": list(account.requirements),
        "requirements_due_at": account.requirements_due_at,
        "disabled_reason": account.disabled_reason,
    }


def _update(connected: ConnectedAccount, at: datetime, **state: Any) -> ConnectedAccount:
    ConnectedAccount.objects.filter(pk=connected.pk, refreshed_at__lte=at).update(**state, refreshed_at=at)
    connected.refresh_from_db()
    return connected
