"""Finance's months: what each brought in and where it went, closing it, and the second person's approval."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace import charts
from marketplace.core.money import MICRO_DIGITS
from marketplace.core.periods import Month
from marketplace.formats import micro_amount
from marketplace.formats import month as month_in_words
from marketplace.models import User
from marketplace.permissions import LoggedInRequest, require_finance
from payouts.booking import NoPolicy
from payouts.closing import CannotClose, approve_close, close_period, require_closable
from payouts.models import Earning, Period, RevenueKind
from payouts.month_steps import Step, before, steps_of_month
from payouts.previewing import preview_close
from payouts.views.pressing import pressed

MONTHS_A_PAGE = 36
MOST_EARNING = 10


class Row(NamedTuple):
    """A step of this month beside the same of the last one, in micro-units."""

    step: Step
    before_micro: int
    change_micro: int


@require_safe
def periods(request: LoggedInRequest) -> HttpResponse:
    """All periods, newest first; the one that runs and later ones have nothing to preview."""
    require_finance(request.user)
    newest = Period.objects.select_related("closed_by", "approved_by").order_by("-month_on", "currency")
    of_its_pool = Q(revenue_events__origin_period__isnull=True)
    booked = newest.annotate(
        download_count=Count("revenue_events", filter=Q(revenue_events__kind=RevenueKind.DOWNLOAD_SALE)),
        booked_gross_minor=Sum("revenue_events__gross_minor", filter=of_its_pool, default=0),
        booked_net_minor=Sum("revenue_events__net_minor", filter=of_its_pool, default=0),
    )
    page = Paginator(booked, MONTHS_A_PAGE).get_page(request.GET.get("page"))
    running_on = Month.containing(timezone.now()).start_at.date()
    return render(request, "payouts/periods.html", {"page": page, "running_on": running_on})


@require_safe
def period(request: LoggedInRequest, month: Month) -> HttpResponse:
    """One month: its state and next step, from gross to the pool and its parts, beside the month before."""
    require_finance(request.user)
    one = _period_or_404(month)
    steps, last = steps_of_month(one), before(one)
    earned = one.earnings.order_by().values("contributor", "contributor__name")
    summed = earned.annotate(
        total_micro=Sum("amount_micro"),
        attributed_micro=Sum("amount_micro", filter=Q(kind=Earning.ATTRIBUTION), default=0),
    )
    context = {
        "period": one,
        "month": month,
        "last": last,
        "rows": _beside(steps, steps_of_month(last) if last else ()),
        "chart": _chart(steps, one.currency, month),
        "download_count": _download_count(one),
        "last_download_count": _download_count(last) if last else 0,
        "contributor_count": one.earnings.values("contributor").distinct().count(),
        "last_contributor_count": last.earnings.values("contributor").distinct().count() if last else 0,
        "top": summed.order_by("-total_micro", "contributor")[:MOST_EARNING],
        "refusal": _refusal(one, month),
    }
    return render(request, "payouts/period.html", context)


def _period_or_404(month: Month) -> Period:
    known = Period.objects.select_related("closed_by", "approved_by", "statement_root")
    return get_object_or_404(known, month_on=month.start_at.date(), currency=settings.SETTLEMENT_CURRENCY)


def _download_count(one: Period) -> int:
    return one.revenue_events.filter(kind=RevenueKind.DOWNLOAD_SALE).count()


def _refusal(one: Period, month: Month) -> str:
    """Why an open month cannot be closed now, in a sentence that says what to do; empty where it can."""
    if one.state != Period.OPEN:
        return ""
    try:
        require_closable(month, one, timezone.now())
    except CannotClose as error:
        return str(error)
    return ""


def _beside(steps: tuple[Step, ...], last: tuple[Step, ...]) -> list[Row]:
    """Every step with the same one of the month before and the change; steps that only that one had stand where its do.

    So that each sum stays the lines above it.
    """
    keys, shown, place = [step.key for step in steps], list(steps), 0
    for step in last:
        if step.key in keys:
            place = keys.index(step.key) + 1
        else:
            keys.insert(place, step.key)
            shown.insert(place, replace(step, amount_micro=0))
            place += 1
    earlier_micro = {step.key: step.amount_micro for step in last}
    pairs = [(step, earlier_micro.get(step.key, 0)) for step in shown]
    return [Row(step, micro, step.amount_micro - micro) for step, micro in pairs]


def _chart(steps: tuple[Step, ...], currency: str, month: Month) -> SafeString | None:
    """The waterfall; None where nothing came in. Parts of a sum begin at zero, as sums do.

    What is earned is only drawn where it is not the whole pool.
    """
    pool_micro = next((step.amount_micro for step in steps if step.key == "pool"), None)
    shown = [step for step in steps if step.amount_micro and (step.key, step.amount_micro) != ("earned", pool_micro)]
    marks = [
        charts.Mark(
            step.short,
            Decimal(step.amount_micro).scaleb(-MICRO_DIGITS),
            micro_amount(step.amount_micro, currency),
            charts.SUM if step.is_sum or step.is_part else "",
        )
        for step in shown
    ]
    title = _("From gross to the pool of %(month)s") % {"month": month_in_words(month.start_at)}
    return charts.waterfall(marks, title) if marks else None


@require_safe
def preview(request: LoggedInRequest, month: Month) -> HttpResponse:
    """What closing a month would post and state, before anybody closes or approves it."""
    require_finance(request.user)
    try:
        previewed = preview_close(month, timezone.now())
    except CannotClose as error:
        messages.error(request, str(error))
        return redirect("periods")
    one = _period_or_404(month)
    chart = _chart(previewed.waterfall, previewed.currency, month)
    return render(request, "payouts/close_preview.html", {"preview": previewed, "period": one, "chart": chart})


@pressed("period", "month")
def close(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The first of two people closes a month."""
    words = {"month": month_in_words(month.start_at)}
    done = _("%(month)s is closing. Somebody else must approve it now.") % words
    return _step(request, month, close_period, done)


@pressed("period", "month")
def approve(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The second person approves: earnings are posted and statements issued."""
    words = {"month": month_in_words(month.start_at)}
    done = _("%(month)s is closed: earnings are posted and statements issued.") % words
    return _step(request, month, approve_close, done)


def _step(
    request: LoggedInRequest, month: Month, step: Callable[[Month, User, datetime], Period], done: str
) -> HttpResponse:
    _period_or_404(month)
    try:
        step(month, request.user, timezone.now())
    except (CannotClose, NoPolicy) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("period", month)
