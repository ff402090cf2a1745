"""Findings have owners: finance finds its own, gives them to one another, and closes them with a reason."""

import pytest
from django.test import Client

from marketplace.models import Contributor, User
from payouts.core.reconciling import Difference, FindingKind
from payouts.findings import assign_finding, record_findings, resolve_finding
from payouts.models import Finding, PayoutRun
from tests.payouts.paying import AT

INBOX = "/finance/findings/"
CASH = Difference(FindingKind.CASH_DIFFERS, "cash at Stripe", "One dollar is missing.")


@pytest.fixture
def finding(fay: User, finn: User) -> Finding:
    """An open one, of fay, who was in finance first."""
    record_findings([CASH], AT, None)
    return Finding.objects.get()


def test_a_finding_is_somebodys_who_can_clear_it_up_though_who_drafted_the_last_run_left(fay: User, finn: User) -> None:
    User.objects.filter(pk=fay.pk).update(is_active=False)
    PayoutRun.objects.create(currency="USD", drafted_by=fay, drafted_at=AT)
    record_findings([CASH], AT, None)
    assert Finding.objects.get().owner == finn


def test_where_nobody_is_in_the_group_of_finance_a_finding_is_a_superusers(db: None) -> None:
    root = User.objects.create_superuser("root", "root@example.com")
    record_findings([CASH], AT, None)
    assert Finding.objects.get().owner == root


def test_the_inbox_shows_open_findings_by_owner(client: Client, finding: Finding, fay: User, finn: User) -> None:
    client.force_login(finn)
    assert "1 open, 0 of them yours." in client.get(INBOX).content.decode()
    assert "One dollar is missing." in client.get(INBOX).content.decode()
    assert "One dollar is missing." in client.get(f"{INBOX}?owner={fay.pk}").content.decode()
    for narrowed in (f"owner={finn.pk}", "state=resolved"):
        assert "No finding is in this state and of this owner." in client.get(f"{INBOX}?{narrowed}").content.decode()


def test_whoever_takes_a_finding_owns_it_and_can_give_it_away(
    client: Client, finding: Finding, fay: User, finn: User
) -> None:
    client.force_login(finn)
    assert "Take it" in client.get(INBOX).content.decode()
    for owner in (finn, fay):
        told = client.post(f"{INBOX}{finding.pk}/assign/", {"owner": owner.pk}, follow=True).content.decode()
        assert f"belongs to {owner} now" in told
        finding.refresh_from_db()
        assert finding.owner == owner


@pytest.mark.parametrize("owner", ["", "0", "somebody"])
def test_a_finding_is_not_given_to_nobody(client: Client, finding: Finding, fay: User, owner: str) -> None:
    client.force_login(fay)
    told = client.post(f"{INBOX}{finding.pk}/assign/", {"owner": owner}, follow=True).content.decode()
    assert "Choose who is to clear it up: nothing was changed." in told


def test_only_somebody_in_finance_can_own_a_finding(finding: Finding, ana: Contributor) -> None:
    assert ana.user is not None
    with pytest.raises(ValueError, match="ana is not in finance"):
        assign_finding(finding.pk, ana.user)


def test_what_is_resolved_stays_with_whoever_had_it(client: Client, finding: Finding, fay: User, finn: User) -> None:
    resolve_finding(finding.pk, fay, "A test payment.", AT)
    client.force_login(fay)
    told = client.post(f"{INBOX}{finding.pk}/assign/", {"owner": finn.pk}, follow=True).content.decode()
    assert "is resolved already: A test payment." in told
    finding.refresh_from_db()
    assert finding.owner == fay
    again = client.post(f"{INBOX}{finding.pk}/resolve/", {"resolution": "Twice."}, follow=True).content.decode()
    assert "is resolved already" in again


def test_contributors_find_no_inbox(client: Client, finding: Finding, ana: Contributor) -> None:
    assert ana.user is not None
    client.force_login(ana.user)
    assert client.get(INBOX).status_code == 404
    assert client.post(f"{INBOX}{finding.pk}/assign/", {"owner": ana.user.pk}).status_code == 404
