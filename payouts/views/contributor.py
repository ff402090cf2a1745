"""What a contributor sees: earnings, statements and payouts, images, and the lines behind each month."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from attribution.groups import links_now
from attribution.selectors import found_by_month
from marketplace.core.periods import Month
from marketplace.models import Contributor, ScreeningResult
from marketplace.permissions import LoggedInRequest, contributor_of
from payouts.core.ledger import AccountKind
from payouts.core.states import RunState
from payouts.earnings import accruals, earned_by_asset, earning_lines
from payouts.models import Earning, LedgerAccount, Period, Statement
from payouts.views.being_paid import standing

IMAGES_A_PAGE = 60
LINES_A_PAGE = 200


@require_safe
def overview(request: LoggedInRequest) -> HttpResponse:
    """Balance, earnings by month, statements and payouts of the contributor."""
    contributor = contributor_of(request.user)
    currency = settings.SETTLEMENT_CURRENCY
    payouts = contributor.payouts.exclude(run__state__in=[RunState.DRAFT, RunState.CANCELLED]).select_related(
        "run", "transfer"
    )
    balances_micro = _balances_micro(contributor, currency)
    context = {
        "contributor": contributor,
        "currency": currency,
        "balances_micro": balances_micro,
        "owed_back_micro": -balances_micro[AccountKind.RECEIVABLE],
        "holds": contributor.holds.filter(end__isnull=True, currency=currency).order_by("placed_at"),
        "being_paid": standing(contributor, timezone.now()),
        "accruals": accruals(contributor, currency),
        "months": _earned_by_month(contributor),
        "found": found_by_month(contributor),
        "statements": contributor.statements.select_related("period").order_by("-period__month_on"),
        "payouts": payouts.order_by("-run__drafted_at"),
    }
    return render(request, "payouts/overview.html", context)


def _balances_micro(contributor: Contributor, currency: str) -> dict[str, int]:
    """By kind of account; what is receivable is negative."""
    accounts = LedgerAccount.objects.filter(contributor=contributor, currency=currency)
    return dict.fromkeys(AccountKind, 0) | dict(accounts.values_list("kind", "balance_micro"))


def _earned_by_month(contributor: Contributor) -> list[dict[str, Any]]:
    """By period, newest first, in micro-units: from attribution, from the common fund, from deals, and together."""
    by_period = contributor.earnings.values("period__month_on", "period__currency")
    summed = by_period.annotate(
        attribution_micro=Sum("amount_micro", filter=Q(kind=Earning.ATTRIBUTION), default=0),
        common_fund_micro=Sum("amount_micro", filter=Q(kind=Earning.COMMON_FUND), default=0),
        dataset_deal_micro=Sum("amount_micro", filter=Q(kind=Earning.DATASET_DEAL), default=0),
        total_micro=Sum("amount_micro"),
    )
    return [dict(row) for row in summed.order_by("-period__month_on")]


@require_safe
def images(request: LoggedInRequest) -> HttpResponse:
    """Everything the contributor submitted: verdict, the reasons with their evidence, and what each image earned."""
    contributor = contributor_of(request.user)
    newest_results = Prefetch("screening_results", ScreeningResult.objects.order_by("-screened_at", "-pk"))
    submissions = contributor.submissions.select_related("asset").prefetch_related(newest_results).order_by("-pk")
    page = Paginator(submissions, IMAGES_A_PAGE).get_page(request.GET.get("page"))
    copy_ids = set(links_now().filter(asset__submission__in=page.object_list).values_list("asset_id", flat=True))
    earned = earned_by_asset(contributor, settings.SETTLEMENT_CURRENCY)
    rows = [
        {
            "submission": submission,
            "asset": getattr(submission, "asset", None),
            "is_copy": hasattr(submission, "asset") and submission.asset.pk in copy_ids,
            "signals": _objections(submission.screening_results.all()[0]),
            "earned_micro": earned[submission.asset.pk] if hasattr(submission, "asset") else None,
        }
        for submission in page
    ]
    context = {"page": page, "rows": rows, "currency": settings.SETTLEMENT_CURRENCY}
    return render(request, "payouts/images.html", context)


def _objections(result: ScreeningResult) -> list[dict[str, Any]]:
    """The signals that spoke against accepting."""
    return [signal for signal in result.signals if signal["verdict"] != "accept"]


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
