"""Policies: how revenue is shared from a date on. A change is a new one, and takes effect in the future.

Before the first one nothing was promised: it takes effect now or in the past, by the first sale, which no later one
could share.
"""

from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Download
from payouts.core.payout_day import LAST_DAY
from payouts.models import Policy, RevenueEvent


class PolicyRefused(ValueError):
    """The policy cannot be added; the message says why."""


def add_policy(
    effective_at: datetime, contributor_rate_ppm: int, fee_ppm: int, threshold_minor: int, payout_day: int, at: datetime
) -> Policy:
    """Add the rules that are in force from then on; the same ones a second time are the first. Raises `PolicyRefused`.

    Rates are in parts per million of the net revenue and of the gross price; the threshold is in minor units. The
    payout day is that of the month after the one that is paid.
    """
    terms = {
        "contributor_rate_ppm": contributor_rate_ppm,
        "fee_ppm": fee_ppm,
        "threshold_minor": threshold_minor,
        "payout_day": payout_day,
    }
    known = Policy.objects.filter(effective_at=effective_at).first()
    if known is not None and all(getattr(known, name) == value for name, value in terms.items()):
        return known
    if known is not None:
        raise PolicyRefused(_("Another policy takes effect at that time already: choose another date."))
    if not (0 <= contributor_rate_ppm <= WHOLE_PPM and 0 <= fee_ppm <= WHOLE_PPM and threshold_minor >= 0):
        raise PolicyRefused(_("Rates are 0 to 1,000,000 parts per million, and a threshold is not negative."))
    if not 1 <= payout_day <= LAST_DAY:
        raise PolicyRefused(_("The payout day is one that every month has: 1 to 28."))
    if Policy.objects.exists():
        if effective_at <= at:
            raise PolicyRefused(_("A policy is known before it counts: choose a date in the future."))
    else:
        _require_all_shared(effective_at, at)
    try:
        with transaction.atomic():
            return Policy.objects.create(effective_at=effective_at, **terms)
    except DatabaseError as error:  # such as that sales of a later time are booked
        raise PolicyRefused(str(error).partition("\n")[0]) from error


def _require_all_shared(effective_at: datetime, at: datetime) -> None:
    sold_at = first_sale_at()
    if sold_at is not None and effective_at > sold_at:
        raise PolicyRefused(
            _("The first policy shares all that was sold before it: let it take effect by %(sold)s UTC.")
            % {"sold": f"{sold_at:%Y-%m-%d %H:%M}"}
        )
    if effective_at > at:
        raise PolicyRefused(
            _("No later policy could share what is sold before the first one: let it take effect today or earlier.")
        )


def first_sale_at() -> datetime | None:
    """When the first download was sold or dataset deal made; None before."""
    sold = Download.objects.aggregate(at=Min("downloaded_at"))["at"]
    booked = RevenueEvent.objects.aggregate(at=Min("occurred_at"))["at"]
    return min(filter(None, (sold, booked)), default=None)
