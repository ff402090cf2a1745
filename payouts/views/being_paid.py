"""How a contributor is paid: what stands in the way, the way to Stripe where most of it is mended, and all payouts."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.models import Contributor
from marketplace.permissions import LoggedInRequest, contributor_of
from payouts.balances import balances_of, paid_minor
from payouts.booking import NoPolicy, policy_at
from payouts.core.eligibility import Excluded, in_words, still_asked
from payouts.core.ledger import AccountKind
from payouts.core.states import RunState
from payouts.core.tax_forms import forms_for, objection
from payouts.gateway import GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.models import ConnectedAccount, Policy
from payouts.onboarding import CannotConnect, connect_account, stripe_gateway
from payouts.payees import account_state, decide_one
from payouts.payout_day import next_payout
from payouts.tax_forms import as_tax_form, newest_reviews, paid_in

PAYOUTS_A_PAGE = 50
NOT_REACHED = (GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown, ImproperlyConfigured)


def standing(contributor: Contributor, at: datetime) -> dict[str, Any]:
    """What the page says of the next payout, the connected account and the tax form."""
    decided = decide_one(contributor, settings.SETTLEMENT_CURRENCY, at)
    account = ConnectedAccount.objects.filter(contributor=contributor).first()
    review = newest_reviews([contributor.pk], at).first()
    needed = forms_for(settings.PLATFORM_COUNTRY, paid_in(contributor))
    return {
        "excluded": decided.decision if decided and isinstance(decided.decision, Excluded) else None,
        "payable": decided.decision if decided and not isinstance(decided.decision, Excluded) else None,
        "account": account,
        "asked": in_words(account.requirements) if account else "",
        "not_ready": still_asked(account_state(account)) if account and not account.transfers_enabled else "",
        "next": next_payout(at),
        "tax_form": review,
        "tax_form_problem": objection(as_tax_form(review) if review else None, needed, at.date()),
    }


def policy_in_force(at: datetime) -> Policy | None:
    """The policy whose threshold the next run goes by; None before the first one."""
    try:
        return policy_at(at)
    except NoPolicy:
        return None


@require_safe
def payout_history(request: LoggedInRequest) -> HttpResponse:
    """Where the account and the tax form stand, what is carried over, and every run that had the balance in it."""
    contributor, now = contributor_of(request.user), timezone.now()
    currency = settings.SETTLEMENT_CURRENCY
    told = contributor.payouts.exclude(run__state__in=[RunState.DRAFT, RunState.CANCELLED])
    payouts = told.select_related("run", "transfer").prefetch_related("transfer__reversals")
    balances_micro = balances_of(contributor, currency)
    context = {
        "currency": currency,
        "being_paid": standing(contributor, now),
        "payable_micro": balances_micro[AccountKind.PAYABLE],
        "held_micro": balances_micro[AccountKind.HELD],
        "paid_minor": paid_minor(contributor, currency),
        "holds": contributor.holds.filter(currency=currency).select_related("end").order_by("-placed_at"),
        "policy": policy_in_force(now),
        "page": Paginator(payouts.order_by("-run__drafted_at"), PAYOUTS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "payouts/payout_history.html", context)


@require_POST
def connect(request: LoggedInRequest) -> HttpResponse:
    """Open the contributor's account where there is none, and send them to Stripe's page for it."""
    contributor = contributor_of(request.user)
    page = request.build_absolute_uri(reverse("overview"))
    try:
        gateway = stripe_gateway()
        connected = connect_account(contributor, gateway, timezone.now())
        return redirect(gateway.onboarding_link(connected.stripe_account_id, return_url=page, refresh_url=page))
    except CannotConnect as error:
        messages.error(request, f"{error} Write to us.")
    except NOT_REACHED:
        messages.error(request, "Stripe cannot be reached now. Nothing is lost: try again in a few minutes.")
    return redirect("overview")
