"""Finance's months: what each brought in, closing it, and the second person's approval."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.core.periods import Month
from marketplace.models import User
from marketplace.permissions import LoggedInRequest, require_finance
from payouts.booking import NoPolicy
from payouts.closing import CannotClose, approve_close, close_period
from payouts.models import Period, RevenueKind
from payouts.previewing import preview_close


@require_safe
def periods(request: LoggedInRequest) -> HttpResponse:
    """All periods, newest first."""
    require_finance(request.user)
    newest = Period.objects.select_related("closed_by", "approved_by").order_by("-month_on", "currency")
    of_its_pool = Q(revenue_events__origin_period__isnull=True)
    booked = newest.annotate(
        download_count=Count("revenue_events", filter=Q(revenue_events__kind=RevenueKind.DOWNLOAD_SALE)),
        booked_gross_minor=Sum("revenue_events__gross_minor", filter=of_its_pool, default=0),
        booked_net_minor=Sum("revenue_events__net_minor", filter=of_its_pool, default=0),
    )
    return render(request, "payouts/periods.html", {"periods": booked})


@require_safe
def preview(request: LoggedInRequest, month: Month) -> HttpResponse:
    """What closing a month would post and state, before anybody closes or approves it."""
    require_finance(request.user)
    try:
        previewed = preview_close(month, timezone.now())
    except CannotClose as error:
        messages.error(request, str(error))
        return redirect("periods")
    return render(request, "payouts/close_preview.html", {"preview": previewed})


@require_POST
def close(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The first of two people closes a month."""
    return _step(request, month, close_period, f"{month} is closing. Somebody else must approve it now.")


@require_POST
def approve(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The second person approves: earnings are posted and statements issued."""
    return _step(request, month, approve_close, f"{month} is closed: earnings are posted and statements issued.")


def _step(
    request: LoggedInRequest, month: Month, step: Callable[[Month, User, datetime], Period], done: str
) -> HttpResponse:
    require_finance(request.user)
    get_object_or_404(Period, month_on=month.start_at.date(), currency=settings.SETTLEMENT_CURRENCY)
    try:
        step(month, request.user, timezone.now())
    except (CannotClose, NoPolicy) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("periods")
