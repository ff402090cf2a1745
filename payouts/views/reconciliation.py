"""Finance's reconciliation: whether Stripe's books and ours agree, as equations, and how old what is open is."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from marketplace.permissions import LoggedInRequest, require_finance
from payouts import tasks
from payouts.models import Finding, Reconciliation
from payouts.views.pressing import pressed

RECONCILIATIONS_A_PAGE = 30
DAY, WEEK = timedelta(days=1), timedelta(days=7)

logger = logging.getLogger(__name__)


class Term(NamedTuple):
    """One part of a side of the equation, in minor units."""

    label: str
    amount_minor: int


class Side(NamedTuple):
    """One side of the equation with its parts."""

    label: str
    terms: tuple[Term, ...]

    @property
    def total_minor(self) -> int:
        """What the parts come to."""
        return sum(term.amount_minor for term in self.terms)


class Equation(NamedTuple):
    """Both sides of what must be equal."""

    label: str
    sides: tuple[Side, Side]

    @property
    def difference_minor(self) -> int:
        """What the first side has too much; zero where the equation holds."""
        return self.sides[0].total_minor - self.sides[1].total_minor


def equations_of(one: Reconciliation) -> tuple[Equation, ...]:
    """Our books = Stripe's, as one reconciliation found them: what is available, and what is pending."""
    ledger, stripe = _("In our ledger"), _("At Stripe")
    available = (
        Term(_("Available"), one.available_minor),
        Term(_("In flight: transferred, not recorded yet"), one.in_flight_minor),
    )
    pending = (
        Term(_("Pending"), one.pending_minor),
        Term(_("In flight: negative where sales are not booked yet"), one.pending_in_flight_minor),
    )
    booked = Term(_("Sold through checkout, not available yet"), one.pending_ledger_minor)
    return (
        Equation(
            _("Available"),
            (Side(ledger, (Term(_("Stripe's balance"), one.ledger_minor),)), Side(stripe, available)),
        ),
        Equation(_("Pending"), (Side(ledger, (booked,)), Side(stripe, pending))),
    )


@require_safe
def reconciliation(request: LoggedInRequest) -> HttpResponse:
    """The equation as it was last, how long findings have been open, and every earlier comparison."""
    require_finance(request.user)
    newest = Reconciliation.objects.select_related("run").order_by("-pk")
    last = newest.first()
    context = {
        "last": last,
        "equations": equations_of(last) if last else (),
        "ages": _ages(timezone.now()),
        "page": Paginator(newest, RECONCILIATIONS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "payouts/reconciliation.html", context)


def _ages(at: datetime) -> list[tuple[str, int]]:
    """How many findings have been open for how long."""
    counts = Finding.objects.filter(resolved_at=None).aggregate(
        day=Count("pk", Q(opened_at__gt=at - DAY)),
        week=Count("pk", Q(opened_at__lte=at - DAY, opened_at__gt=at - WEEK)),
        more=Count("pk", Q(opened_at__lte=at - WEEK)),
    )
    labels = {"day": _("less than a day"), "week": _("one to seven days"), "more": _("more than seven days")}
    return [(label, counts[key]) for key, label in labels.items()]


@pressed("reconciliation")
def reconcile(request: LoggedInRequest) -> HttpResponse:
    """Let the worker compare now."""
    try:
        tasks.reconcile.delay()
    except OperationalError:
        logger.exception("The worker could not be asked to reconcile")
        messages.error(
            request, _("The worker could not be asked, so nothing is being compared. Try again in a minute.")
        )
    else:
        messages.success(request, _("The worker is comparing. Load this page again to see what it finds."))
    return redirect("reconciliation")
