"""What finance has to do now: findings, months, payout runs and what failed, most urgent first."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.formats import day as day_in_words
from marketplace.formats import month as month_in_words
from marketplace.models import User
from payouts.core.eligibility import ExclusionReason
from payouts.core.states import AttemptOutcome, PayoutState, RunState
from payouts.models import Attempt, Finding, PayoutRun, Period, RevenueEvent, RevenueKind, WebhookEvent
from payouts.payout_day import NextPayout, next_payout

WEBHOOK_WAITS = timedelta(minutes=10)


class ToDo(NamedTuple):
    """One thing to do, with where it is done; `waits` where somebody else has to do it, `due` says when payouts are."""

    title: str
    sentence: str
    url: str
    is_urgent: bool = False
    waits: bool = False
    due: str = ""


def to_do(user: User, at: datetime) -> list[ToDo]:
    """Everything that waits for finance, as `user` sees it; a step that needs a second person waits for another."""
    due = next_payout(at)
    runs, months = list(_runs(user, due)), list(_months(user, at))
    if due is not None and due.is_closed:
        runs = [_with_due(one, due) for one in runs]
    elif due is not None:
        months = [_with_due(one, due) for one in months]
    return [*_findings(user), *runs, *_failures(at), *months]


def _with_due(one: ToDo, due: NextPayout) -> ToDo:
    """The same with the day on which it should have led to payouts; urgent once that has passed."""
    words = {"month": month_in_words(due.month_on), "day": day_in_words(due.due_on)}
    if due.is_overdue:
        told = _("Payouts for %(month)s were due on %(day)s.") % words
        return one._replace(due=told, is_urgent=one.is_urgent or not one.waits)
    return one._replace(due=_("Payouts for %(month)s are due on %(day)s.") % words)


def _findings(user: User) -> Iterator[ToDo]:
    counts = Finding.objects.filter(resolved_at=None).aggregate(open=Count("pk"), own=Count("pk", Q(owner=user)))
    if counts["open"]:
        title = ngettext("%(count)s open finding", "%(count)s open findings", counts["open"])
        own = ngettext("%(count)s is yours.", "%(count)s are yours.", counts["own"]) % {"count": counts["own"]}
        blocks = _("While one is open, no month is closed and no payout run drafted or approved.")
        yield ToDo(title % {"count": counts["open"]}, f"{own} {blocks}", reverse("findings"), is_urgent=True)


def _months(user: User, at: datetime) -> Iterator[ToDo]:
    unclosed = Period.objects.filter(currency=settings.SETTLEMENT_CURRENCY).exclude(state=Period.CLOSED)
    period = unclosed.select_related("closed_by").order_by("month_on").first()
    if period is None:
        return
    month = period.month
    url = reverse("period", args=[month])
    if period.state == Period.CLOSING:
        words = {"month": month_in_words(period.month_on), "name": period.closed_by}
        if period.closed_by_id == user.pk:
            told = _("You closed it: somebody else must approve it.")
            yield ToDo(_("%(month)s waits for approval") % words, told, url, waits=True)
        else:
            told = _("%(name)s closed it. Approval posts the earnings and issues the statements.") % words
            yield ToDo(_("Approve the closing of %(month)s") % words, told, url)
    elif at >= month.end_at:
        told = _("It has ended. Preview what closing it would post, then close it.")
        yield ToDo(_("Close %(month)s") % {"month": month_in_words(period.month_on)}, told, url)


def _runs(user: User, due: NextPayout | None) -> Iterator[ToDo]:
    newest = PayoutRun.objects.filter(currency=settings.SETTLEMENT_CURRENCY).select_related("drafted_by")
    run = newest.order_by("-pk").first()
    if run is None or run.state in (RunState.SETTLED, RunState.CANCELLED):
        yield from _next_run(due)
        return
    words, url = {"number": run.pk, "name": run.drafted_by, "problem": run.problem}, reverse("run", args=[run.pk])
    if run.state == RunState.PAUSED:
        yield ToDo(_("Payout run %(number)s is paused") % words, run.problem, url, is_urgent=True)
    elif run.state == RunState.SENDING:
        told = _("Sending stopped: %(problem)s") % words if run.problem else _("The worker is sending it.")
        yield ToDo(
            _("Payout run %(number)s is being sent") % words,
            told,
            url,
            is_urgent=bool(run.problem),
            waits=not run.problem,
        )
    elif run.state == RunState.APPROVED:
        yield ToDo(_("Send payout run %(number)s") % words, _("It is approved. Sending cannot be undone."), url)
    elif run.drafted_by_id == user.pk:
        told = _("You drafted it: somebody else must approve it.")
        yield ToDo(_("Payout run %(number)s waits for approval") % words, told, url, waits=True)
    else:
        yield ToDo(_("Approve payout run %(number)s") % words, _("%(name)s drafted it.") % words, url)


def _next_run(due: NextPayout | None) -> Iterator[ToDo]:
    """A month that was closed since the last run is paid by the next one."""
    if due is not None and due.is_closed:
        told = _("A month was closed and nobody was paid for it yet.")
        yield ToDo(_("Draft a payout run"), told, reverse("runs"))


def _failures(at: datetime) -> Iterator[ToDo]:
    newest = PayoutRun.objects.exclude(state__in=[RunState.DRAFT, RunState.CANCELLED]).order_by("-pk").first()
    if newest is not None:
        url = reverse("run", args=[newest.pk])
        failed = newest.payouts.filter(state=PayoutState.REJECTED).count()
        if failed:
            title = ngettext("%(count)s payout failed", "%(count)s payouts failed", failed) % {"count": failed}
            told = _("The money is back in the balance. Look at the reason; the next run tries again.")
            yield ToDo(title, told, f"{url}#failures", is_urgent=True)
        forms = newest.payouts.filter(reason=ExclusionReason.TAX_FORM).count()
        if forms:
            title = ngettext("%(count)s tax form missing", "%(count)s tax forms missing", forms) % {"count": forms}
            yield ToDo(title, _("Left out of the last run until a form is accepted."), reverse("tax_forms"))
    unknown = Attempt.objects.filter(outcome=AttemptOutcome.UNKNOWN).count()
    if unknown:
        title = ngettext("%(count)s transfer of unknown fate", "%(count)s transfers of unknown fate", unknown)
        told = _("Stripe failed to say whether it was made. It is looked up again, and never sent twice.")
        yield ToDo(title % {"count": unknown}, told, reverse("runs"), waits=True)
    yield from _from_stripe(at)


def _from_stripe(at: datetime) -> Iterator[ToDo]:
    late = WebhookEvent.objects.filter(handled_at=None, received_at__lt=at - WEBHOOK_WAITS).count()
    if late:
        title = ngettext("%(count)s webhook not handled", "%(count)s webhooks not handled", late) % {"count": late}
        yield ToDo(title, _("The worker should have done it within minutes."), reverse("operations"), is_urgent=True)
    disputes = RevenueEvent.objects.filter(kind=RevenueKind.DISPUTE, outcome=None).count()
    if disputes:
        title = ngettext("%(count)s dispute open", "%(count)s disputes open", disputes) % {"count": disputes}
        told = _("What it may take back is on hold until the bank decides.")
        yield ToDo(title, told, reverse("holds"), waits=True)
