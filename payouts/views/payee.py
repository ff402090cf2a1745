"""Finance looks behind a contributor's month: every download and image that its amount is made of."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.core.periods import Month
from marketplace.models import Contributor
from marketplace.permissions import LoggedInRequest, require_finance
from payouts.earnings import earning_lines
from payouts.models import Earning, Period, Statement

LINES_A_PAGE = 200


@require_safe
def payee_lines(request: LoggedInRequest, month: Month, contributor_id: int) -> HttpResponse:
    """The lines behind what a contributor earned in a closed month, each with the page that says why."""
    require_finance(request.user)
    currency = settings.SETTLEMENT_CURRENCY
    period = get_object_or_404(Period, month_on=month.start_at.date(), currency=currency, state=Period.CLOSED)
    contributor = get_object_or_404(Contributor, pk=contributor_id)
    by_kind = dict(contributor.earnings.filter(period=period).values_list("kind", "amount_micro"))
    lines = earning_lines(period, contributor)
    context = {
        "period": period,
        "month": month,
        "contributor": contributor,
        "page": Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page")),
        "attributed_micro": by_kind.get(Earning.ATTRIBUTION, 0),
        "by_kind": sorted(by_kind.items()),
        "earned_micro": sum(by_kind.values()),
        "statement": Statement.objects.filter(period=period, contributor=contributor).first(),
    }
    return render(request, "payouts/payee_lines.html", context)
