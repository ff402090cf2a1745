"""What a contributor sees first: earnings and balances, what comes next, and the lines behind each month."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from attribution.selectors import found_by_month
from marketplace.charts import Chart
from marketplace.core.periods import Month
from marketplace.models import Contributor
from marketplace.permissions import LoggedInRequest, contributor_of
from payouts.accruing import accruals, daily_micro
from payouts.balances import balances_of, paid_minor
from payouts.core.ledger import AccountKind
from payouts.earnings import earning_lines
from payouts.events import recent_events
from payouts.figures import days_chart, months_chart
from payouts.models import Earning, Period, RevenueKind, Statement
from payouts.views.being_paid import standing

LINES_A_PAGE = 50


@require_safe
def overview(request: LoggedInRequest) -> HttpResponse:
    """What is accruing, held, payable and paid; the months and days behind it; what comes next, and what was lately."""
    contributor, now = contributor_of(request.user), timezone.now()
    currency = settings.SETTLEMENT_CURRENCY
    months = _earned_by_month(contributor, currency)
    newest = _newest_month(contributor, currency)
    context = {
        "contributor": contributor,
        "currency": currency,
        "tiles": _tiles(contributor, currency),
        "being_paid": standing(contributor, now),
        "months": months,
        "months_chart": _months_chart(months, currency),
        "days_chart": days_chart(newest, daily_micro(newest, contributor), now.date()) if newest else None,
        "days_are_final": newest is not None and newest.state == Period.CLOSED,
        "found": found_by_month(contributor),
        "events": recent_events(contributor),
    }
    return render(request, "payouts/overview.html", context)


@require_safe
def tiles(request: LoggedInRequest) -> HttpResponse:
    """The figures on top of the overview alone, which asks for them again and again."""
    contributor, currency = contributor_of(request.user), settings.SETTLEMENT_CURRENCY
    context = {"tiles": _tiles(contributor, currency), "currency": currency}
    return render(request, "payouts/_tiles.html", context)


def _tiles(contributor: Contributor, currency: str) -> dict[str, Any]:
    balances_micro = balances_of(contributor, currency)
    return {
        "accruals": accruals(contributor, currency),
        "held_micro": balances_micro[AccountKind.HELD],
        "holds": contributor.holds.filter(end__isnull=True, currency=currency).order_by("placed_at"),
        "payable_micro": balances_micro[AccountKind.PAYABLE],
        "owed_back_micro": -balances_micro[AccountKind.RECEIVABLE],
        "paid_minor": paid_minor(contributor, currency),
    }


def _newest_month(contributor: Contributor, currency: str) -> Period | None:
    """The newest month with sales, or, where nothing was sold since, the newest that they earned in."""
    with_sales = Period.objects.filter(currency=currency, revenue_events__kind=RevenueKind.DOWNLOAD_SALE)
    unclosed = with_sales.exclude(state=Period.CLOSED).order_by("-month_on").first()
    earned_in = Period.objects.filter(currency=currency, earnings__contributor=contributor)
    return unclosed or earned_in.order_by("-month_on").first()


def _earned_by_month(contributor: Contributor, currency: str) -> list[dict[str, Any]]:
    """By period, newest first, in micro-units: from attribution, from the common fund, from deals, and together."""
    by_period = contributor.earnings.filter(period__currency=currency).values("period__month_on", "period__currency")
    summed = by_period.annotate(
        attribution_micro=Sum("amount_micro", filter=Q(kind=Earning.ATTRIBUTION), default=0),
        common_fund_micro=Sum("amount_micro", filter=Q(kind=Earning.COMMON_FUND), default=0),
        dataset_deal_micro=Sum("amount_micro", filter=Q(kind=Earning.DATASET_DEAL), default=0),
        total_micro=Sum("amount_micro"),
    )
    return [dict(row) for row in summed.order_by("-period__month_on")]


def _months_chart(months: list[dict[str, Any]], currency: str) -> Chart | None:
    by_month = {
        row["period__month_on"]: {
            _("Your images"): row["attribution_micro"],
            _("Common fund"): row["common_fund_micro"],
            _("Dataset deals"): row["dataset_deal_micro"],
        }
        for row in months
    }
    return months_chart(by_month, currency)


@require_safe
def earnings(request: LoggedInRequest, month: Month) -> HttpResponse:
    """Every line of one closed month: download, image, share and amount, adding up to what was earned."""
    contributor = contributor_of(request.user)
    currency = settings.SETTLEMENT_CURRENCY
    period = get_object_or_404(Period, month_on=month.start_at.date(), currency=currency, state=Period.CLOSED)
    lines = earning_lines(period, contributor)
    by_kind = dict(contributor.earnings.filter(period=period).values_list("kind", "amount_micro"))
    context = {
        "period": period,
        "month": month,
        "page": Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page")),
        "attribution_micro": by_kind.get(Earning.ATTRIBUTION, 0),
        "common_fund_micro": by_kind.get(Earning.COMMON_FUND, 0),
        "dataset_deal_micro": by_kind.get(Earning.DATASET_DEAL, 0),
        "earned_micro": sum(by_kind.values()),
        "statement": Statement.objects.filter(period=period, contributor=contributor).first(),
    }
    return render(request, "payouts/earnings.html", context)
