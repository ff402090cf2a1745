"""Finance's ledger: balances by kind of account, and that they are right."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.permissions import LoggedInRequest, require_finance
from payouts.balances import balances_by_kind, cash_equation


@require_safe
def ledger(request: LoggedInRequest) -> HttpResponse:
    """Balances by kind of account, their sum, and cash set against what is owed and ours."""
    require_finance(request.user)
    currency = settings.SETTLEMENT_CURRENCY
    balances = balances_by_kind(currency)
    context = {
        "currency": currency,
        "balances": balances,
        "sum_micro": sum(one.balance_micro for one in balances),
        "equation": cash_equation(balances),
    }
    return render(request, "payouts/ledger.html", context)
