"""Findings: what a reconciliation found different, each with an owner, open until it is gone or explained."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from marketplace.models import User
from marketplace.permissions import FINANCE, is_finance
from payouts.core.reconciling import Difference
from payouts.models import Finding, PayoutRun

GONE = "A later reconciliation did not find it any more."


def blocked_by_findings() -> str:
    """Why no month can be closed and no run drafted or approved now; empty where nothing is open."""
    count = Finding.objects.filter(resolved_at=None).count()
    if not count:
        return ""
    return f"{count} findings of the reconciliation with Stripe are open: resolve them first, under Reconciliation."


@transaction.atomic
def record_findings(differences: list[Difference], at: datetime, run: PayoutRun | None) -> None:
    """Open a finding for each new difference, and resolve those that are gone: of the run or, without one, all."""
    still_open = {(one.kind, one.subject): one for one in Finding.objects.select_for_update().filter(resolved_at=None)}
    for difference in differences:
        known = still_open.pop((difference.kind, difference.subject), None)
        if known is None:
            _open(difference, at, run)
        elif known.found != difference.found:
            known.found = difference.found
            known.save(update_fields=["found"])
    for gone in still_open.values():
        if run is None or gone.run_id == run.pk:
            _resolve(gone, at, None, GONE)


@transaction.atomic
def report_finding(difference: Difference, at: datetime) -> None:
    """Open a finding for what was heard between reconciliations, once: what somebody resolved is not opened again."""
    if not Finding.objects.filter(kind=difference.kind, subject=difference.subject).exists():
        _open(difference, at, None)


@transaction.atomic
def resolve_finding(finding_id: int, resolved_by: User, resolution: str, at: datetime) -> Finding:
    """Close a finding with an explanation; it opens again if the next reconciliation finds it. Raises ValueError."""
    finding = Finding.objects.select_for_update().get(pk=finding_id)
    if finding.resolved_at is not None:
        raise ValueError(f"Finding {finding_id} is resolved already: {finding.resolution}")
    if not resolution.strip():
        raise ValueError("Say how it was resolved: somebody will ask.")
    return _resolve(finding, at, resolved_by, resolution.strip())


@transaction.atomic
def assign_finding(finding_id: int, owner: User) -> Finding:
    """Make somebody in finance the owner of an open finding. Raises ValueError."""
    finding = Finding.objects.select_for_update().get(pk=finding_id)
    if finding.resolved_at is not None:
        raise ValueError(f"Finding {finding_id} is resolved already: {finding.resolution}")
    if not (owner.is_active and is_finance(owner)):
        raise ValueError(f"{owner} is not in finance: choose somebody who can clear it up.")
    finding.owner = owner
    finding.save(update_fields=["owner"])
    return finding


def finance_people() -> QuerySet[User]:
    """Who can own a finding, by name."""
    in_charge = Q(groups__name=FINANCE) | Q(is_superuser=True)
    return User.objects.filter(in_charge, is_active=True).distinct().order_by("username")


def _open(difference: Difference, at: datetime, run: PayoutRun | None) -> None:
    Finding.objects.create(
        kind=difference.kind,
        subject=difference.subject,
        found=difference.found,
        run=run,
        owner=_owner(run),
        opened_at=at,
    )


def _resolve(finding: Finding, at: datetime, resolved_by: User | None, resolution: str) -> Finding:
    finding.resolved_at, finding.resolved_by, finding.resolution = at, resolved_by, resolution
    finding.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    return finding


def _owner(run: PayoutRun | None) -> User:
    """Who drafted the run or, for what concerns no run, the newest one.

    Before any run, or where they have left, the first finance person, and a superuser where there is none.
    """
    people, newest = finance_people(), run or PayoutRun.objects.order_by("-pk").first()
    drafted_by = people.filter(pk=newest.drafted_by_id).first() if newest else None
    return drafted_by or people.order_by("is_superuser", "pk")[0]
