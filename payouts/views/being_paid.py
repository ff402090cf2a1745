"""What stands in the way of a contributor's next payout, and the way to Stripe, where most of it is mended."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from marketplace.models import Contributor
from marketplace.permissions import LoggedInRequest, contributor_of
from payouts.core.eligibility import Excluded, in_words, still_asked
from payouts.core.tax_forms import forms_for, objection
from payouts.gateway import GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.models import ConnectedAccount
from payouts.onboarding import CannotConnect, connect_account, stripe_gateway
from payouts.payees import account_state, decide_one
from payouts.tax_forms import as_tax_form, newest_reviews, paid_in

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
        "tax_form": review,
        "tax_form_problem": objection(as_tax_form(review) if review else None, needed, at.date()),
    }


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
