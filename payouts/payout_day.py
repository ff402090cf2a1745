"""The next payout day. It promises a day and pays nothing by itself: two people draft and approve each run."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Q

from marketplace.core.periods import Month
from payouts.booking import NoPolicy, policy_of
from payouts.core.payout_day import due_on
from payouts.core.states import ENDED_RUNS, RunState
from payouts.models import PayoutRun, Period


@dataclass(frozen=True)
class NextPayout:
    """The oldest month that is not paid yet: the day on which it is due, and how far it is.

    `run` is the payout run under way; one that began before the month was closed pays earlier ones.
    """

    month_on: date
    due_on: date
    is_overdue: bool
    is_closed: bool
    run: PayoutRun | None


def next_payout(at: datetime) -> NextPayout | None:
    """What is paid next, as of a time; the running month where everything before it is paid. None without a policy."""
    runs = PayoutRun.objects.filter(currency=settings.SETTLEMENT_CURRENCY)
    paid_until = runs.filter(state=RunState.SETTLED).order_by("-pk").values_list("drafted_at", flat=True).first()
    unpaid = Period.objects.filter(currency=settings.SETTLEMENT_CURRENCY)
    if paid_until is not None:
        unpaid = unpaid.filter(~Q(state=Period.CLOSED) | Q(closed_at__gt=paid_until))
    oldest = unpaid.order_by("month_on").first()
    month = oldest.month if oldest else Month.containing(at)
    try:
        payout_day = policy_of(month.next).payout_day
    except NoPolicy:
        return None
    due = due_on(month, payout_day)
    return NextPayout(
        month_on=month.start_at.date(),
        due_on=due,
        is_overdue=due < at.date(),
        is_closed=oldest is not None and oldest.state == Period.CLOSED,
        run=runs.exclude(state__in=ENDED_RUNS).first(),
    )
