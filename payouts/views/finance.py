"""Finance's first page: what has to be done now, and how things stand."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.permissions import LoggedInRequest, require_finance
from payouts.balances import balances_by_kind, cash_equation
from payouts.models import PayoutRun, Period, Reconciliation
from payouts.to_do import to_do


@require_safe
def finance(request: LoggedInRequest) -> HttpResponse:
    """What waits for this person, what waits for others, and the newest month, run and reconciliation."""
    require_finance(request.user)
    currency = settings.SETTLEMENT_CURRENCY
    waiting = to_do(request.user, timezone.now())
    context = {
        "own": [one for one in waiting if not one.waits],
        "others": [one for one in waiting if one.waits],
        "currency": currency,
        "equation": cash_equation(balances_by_kind(currency)),
        "period": Period.objects.filter(currency=currency, state=Period.CLOSED).order_by("-month_on").first(),
        "run": PayoutRun.objects.filter(currency=currency).order_by("-pk").first(),
        "reconciliation": Reconciliation.objects.filter(currency=currency).order_by("-pk").first(),
    }
    return render(request, "payouts/finance.html", context)
