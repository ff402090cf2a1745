"""Finance's lists ask the database as often for many rows as for few."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.core.periods import Month
from marketplace.models import Contributor, User
from payouts.adjusting import record_adjustment
from payouts.core.reconciling import Difference, FindingKind
from payouts.findings import record_findings, resolve_finding
from payouts.holds import place_hold
from payouts.models import AdjustmentReason, Finding, PayoutRun, Reconciliation
from payouts.posting import period_of
from payouts.runs import cancel_payout_run, draft_payout_run
from tests.builders import JOINED_AT, OCTOBER
from tests.payouts.paying import AT, owe

PAGES = (
    "/finance/",
    "/finance/months/",
    "/finance/months/2026-10/",
    "/finance/runs/",
    "/finance/findings/?state=all",
    "/finance/reconciliation/",
    "/finance/holds/",
    "/finance/adjustments/",
    "/finance/policies/",
    "/finance/ledger/",
    "/finance/exports/",
    "/operations/",
)
FEW, MANY = 2, 20


def make_rows(first: int, last: int, fay: User) -> None:
    """Contributors with a hold and an adjustment each, and as many findings, months, reconciliations and runs."""
    for finding in Finding.objects.filter(resolved_at=None):
        resolve_finding(finding.pk, fay, "Looked at.", AT)  # or no run is drafted
    for number in range(first, last):
        one = Contributor.objects.create(name=f"Contributor {number}", country="DE", joined_at=JOINED_AT)
        owe(one, 5_000_000)
        place_hold(one, 1_000_000, "A takedown.", fay, f"hold {number}", AT)
        record_adjustment(one, 10_000, OCTOBER, AdjustmentReason.APPEAL, "An appeal.", fay, f"adjustment {number}", AT)
        period_of(Month(2027 + number // 12, number % 12 + 1))
        Reconciliation.objects.create(
            currency="USD", transfer_count=0, ledger_minor=0, available_minor=0, in_flight_minor=0, reconciled_at=AT
        )
        cancel_payout_run(draft_payout_run(fay, AT + timedelta(minutes=number)).pk)
    differences = [Difference(FindingKind.SENT_TWICE, f"transfer {number}", "Twice.") for number in range(first, last)]
    record_findings(differences, AT, None)


def query_counts(client: Client) -> dict[str, int]:
    """By page; that of a run has everybody in it."""
    counts = {}
    for path in (*PAGES, f"/finance/runs/{PayoutRun.objects.latest('pk').pk}/"):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        counts[path.rstrip("0123456789/")] = len(captured)
    return counts


@pytest.mark.usefixtures("closed_month")
def test_ten_times_the_rows_need_no_query_more(client: Client, fay: User) -> None:
    client.force_login(fay)
    make_rows(0, FEW, fay)
    query_counts(client)  # the first reader finds nothing remembered
    few = query_counts(client)
    make_rows(FEW, MANY, fay)
    assert query_counts(client) == few
    assert Finding.objects.count() == MANY
