"""Money of customers at Stripe: pending at first, then available, as Stripe says of its balance transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from payouts.core.ledger import funds_available
from payouts.core.states import OrderState
from payouts.gateway import Charge, Gateway
from payouts.models import Order, RevenueEvent, RevenueKind
from payouts.posting import open_period, post

WINDOW = timedelta(days=1)


def watched_from(at: datetime) -> datetime:
    """From when on charges are looked at: a day ago, or when the oldest order was paid that is not available yet."""
    oldest_at = Order.objects.filter(available_by=None).aggregate(oldest_at=Min("paid_at"))["oldest_at"]
    return min(oldest_at or at, at - WINDOW)


def list_charges(gateway: Gateway, since: datetime) -> dict[str, Charge]:
    """Charges that were made at that time or later, by their Stripe id."""
    return {charge.stripe_charge_id: charge for charge in gateway.list_charges_since(since)}


def booked() -> QuerySet[Order]:
    """Orders whose money is in the ledger: sales that are booked, and what was refused."""
    sales = RevenueEvent.objects.filter(download=OuterRef("download"), kind=RevenueKind.DOWNLOAD_SALE)
    return Order.objects.filter(Q(Exists(sales)) | Q(state=OrderState.REFUSED))


@transaction.atomic
def make_available(charges: Mapping[str, Charge], at: datetime) -> int:
    """Book that what Stripe made available of sales is available, once for each order; returns of how many orders."""
    available = [charge.stripe_charge_id for charge in charges.values() if charge.is_available]
    waiting = Order.objects.filter(available_by=None, stripe_charge_id__in=available, pk__in=booked().values("pk"))
    orders = list(waiting.select_for_update(no_key=True).order_by("pk"))
    net_minor = sum(order.price_minor - (order.fee_minor or 0) for order in orders)
    if not net_minor:
        return 0
    period = open_period(at)
    lines = funds_available(net_minor, period.currency, through_checkout=True)
    entry = post("funds_available", period, f"funds_available:order:{orders[0].pk}-{orders[-1].pk}", lines, at)
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(available_by=entry)
    return len(orders)
