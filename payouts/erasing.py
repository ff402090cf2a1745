"""Erasing a person: their names, addresses and uploads go, and the books stay under their number."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from attribution.contests import open_contests
from marketplace.core.money import format_micro
from marketplace.models import Contributor, Customer, Mail, User
from marketplace.personal_data import forget_contributor, forget_customer, forget_login, waits_for_reviewers
from payouts.claims import open_claims
from payouts.core.states import ENDED_RUNS, UNSETTLED_ORDERS
from payouts.models import Finding, LedgerAccount, Order, Payout, PayoutRun, RevenueEvent
from payouts.models.months import RevenueKind


class CannotErase(ValueError):
    """Something is still open between the person and us; the message says what."""


@transaction.atomic
def erase_person(user: User, at: datetime) -> None:
    """Put numbers in the place of names and addresses, and delete what no book needs. It cannot be undone.

    The ledger, statements, transfers, licences and the log of decisions stay as they are. Raises `CannotErase`.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    contributor = Contributor.objects.select_for_update().filter(user=user).first()
    customer = Customer.objects.select_for_update().filter(user=user).first()
    if reason := why_not_erase(user):
        raise CannotErase(reason)
    if contributor:
        forget_contributor(contributor, at)
    if customer:
        forget_customer(customer)
    Mail.objects.filter(recipient=user).delete()
    forget_login(user)


def why_not_erase(user: User) -> str:
    """What is still open, as a sentence; empty where nothing is."""
    return _open_with_contributor(user) or _open_with_customer(user) or _open_with_staff(user)


def _open_with_contributor(user: User) -> str:
    balances = LedgerAccount.objects.filter(contributor__user=user).exclude(balance_micro=0)
    if balance := balances.first():
        return _("Your balance is %(amount)s: it has to be paid out or settled first.") % {
            "amount": f"{format_micro(balance.balance_micro)} {balance.currency}"
        }
    if Payout.objects.filter(contributor__user=user).exclude(run__state__in=ENDED_RUNS).exists():
        return _("A payout to you is under way: wait until it has arrived.")
    if waits_for_reviewers(user):
        return _("A reviewer has yet to decide of one of your images: wait for the decision.")
    return _waits_for_an_answer(user)


def _waits_for_an_answer(user: User) -> str:
    if open_contests().filter(contested_by=user).exists():
        return _("Your objection to a copy is not decided yet: wait for the decision.")
    if open_claims().filter(claimed_by=user).exists():
        return _("Your claim of a share is not decided yet: wait for the decision.")
    return ""


def _open_with_customer(user: User) -> str:
    if Order.objects.filter(customer__user=user, state__in=UNSETTLED_ORDERS).exists():
        return _("An order of yours is not settled yet: pay it, or wait until it has expired or is delivered.")
    disputes = RevenueEvent.objects.filter(kind=RevenueKind.DISPUTE, outcome=None, download__customer__user=user)
    if disputes.exists():
        return _("A charge that you disputed is not settled yet: wait until your bank has decided.")
    return ""


def _open_with_staff(user: User) -> str:
    if Finding.objects.filter(owner=user, resolved_at=None).exists():
        return _("A finding of a reconciliation is yours to clear up: resolve it first.")
    if PayoutRun.objects.filter(drafted_by=user).exclude(state__in=ENDED_RUNS).exists():
        return _("A payout run that you drafted has not ended yet: wait until it has.")
    if user.is_superuser and User.objects.filter(is_superuser=True, is_active=True).count() == 1:
        return _("You are the only superuser: make somebody else one first.")
    return ""
