"""What finance runs on real services, against the sandbox: accounts for who is owed money, and available funds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from marketplace.models import Contributor, Customer, User
from payouts import calls
from payouts.attempts import mark_unknown, reserve
from payouts.core.ledger import AccountKind
from payouts.gateway import GatewayRejected, StripeGateway
from payouts.models import Attempt, ConnectedAccount, LedgerAccount, PayoutRun
from payouts.runs import approve_payout_run, draft_payout_run, resume_payout_run
from payouts.sandbox import Sandbox, serve
from tests.builders import make_attributed_downloads, make_closed_month, make_policy
from tests.payouts.paying import AT, fund, onboard, owe
from tests.payouts.sandbox.client import KEY, transfers, visit


@pytest.fixture
def sandbox(tmp_path: Path, settings: LazySettings) -> Iterator[Sandbox]:
    with serve(tmp_path / "stripe.sqlite3") as sandbox:
        settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
        settings.SITE_URL = "https://tributary.example"
        yield sandbox


@pytest.fixture
def owed(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> None:
    """Ana and Ben have earned money; nobody else has."""
    make_attributed_downloads([ana, ben], carla)
    make_closed_month(fay, finn)


def connect_accounts(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], list[str]]:
    """The exit code, and the lines written to each stream."""
    try:
        call_command("connect_accounts")
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    written = capsys.readouterr()
    return code, written.out.splitlines(), written.err.splitlines()


def test_each_who_is_owed_money_gets_an_account_and_a_link_until_they_can_be_paid(
    sandbox: Sandbox, owed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines, _ = connect_accounts(capsys)
    assert code == 0
    assert [line.partition(":")[0] for line in lines] == ["Ana", "Ben"]
    assert all("Stripe still asks for a bank account, first name, last name: http" in line for line in lines)
    _, _, location = visit(lines[0].rpartition(" ")[2], holder_name="Ana", bank_country="DE")
    assert location == "https://tributary.example/contributor/"
    code, lines, _ = connect_accounts(capsys)
    assert lines[0] == "Ana: can be paid"
    assert "Stripe still asks for" in lines[1]
    assert ConnectedAccount.objects.count() == 2
    assert ConnectedAccount.objects.get(contributor__name="Ana").transfers_enabled


def test_who_has_no_country_is_named_and_the_others_are_connected(
    sandbox: Sandbox, owed: None, ana: Contributor, capsys: pytest.CaptureFixture[str]
) -> None:
    ana.country = ""
    ana.save()
    code, lines, complaints = connect_accounts(capsys)
    assert code == 1
    assert "Ana: no account opened: Ana has no country yet" in complaints[0]
    assert [line.partition(":")[0] for line in lines] == ["Ben"]


def test_an_account_that_stripe_does_not_know_is_named_and_holds_up_nobody(
    sandbox: Sandbox, owed: None, ana: Contributor, capsys: pytest.CaptureFixture[str]
) -> None:
    ConnectedAccount.objects.create(
        contributor=ana,
        stripe_account_id="acct_unknown",
        country="DE",
        transfers_enabled=True,
        refreshed_at="2026-11-01T00:00Z",
    )
    code, lines, complaints = connect_accounts(capsys)
    assert code == 1
    assert complaints[0].startswith("Ana: ")
    assert [line.partition(":")[0] for line in lines] == ["Ben"]


@pytest.mark.parametrize("missing", ["SITE_URL", "STRIPE_API_KEY"])
def test_a_missing_setting_is_named(sandbox: Sandbox, db: None, settings: LazySettings, missing: str) -> None:
    setattr(settings, missing, "")
    with pytest.raises(CommandError, match=missing):
        call_command("connect_accounts")


def test_a_stripe_that_does_not_answer_is_an_error_that_says_what_to_do(
    sandbox: Sandbox, owed: None, settings: LazySettings
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="Run this again"):
        call_command("connect_accounts")
    assert not ConnectedAccount.objects.exists()


@pytest.fixture
def approved(ana: Contributor, fay: User, finn: User, sandbox: Sandbox) -> PayoutRun:
    """A run that sends Ana 5.00, from settings that reach the sandbox."""
    make_policy(threshold_minor=100)
    owe(ana, 5_000_000)
    onboard(ana, StripeGateway(KEY, sandbox.url))
    return approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)


@pytest.mark.django_db(transaction=True)
def test_a_run_is_sent_from_the_command_line_and_one_that_was_paused_goes_on(
    approved: PayoutRun, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match=r"0\.00 USD are available at Stripe: top up"):
        call_command("send_payout_run", approved.pk)
    fund(StripeGateway(KEY, sandbox.url), 500)
    call_command("send_payout_run", approved.pk)
    assert capsys.readouterr().out == f"1 of 1 payouts have ended.\n{approved} is settled.\n"
    assert len(transfers(sandbox)) == 1
    call_command("send_payout_run", approved.pk)
    assert len(transfers(sandbox)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_a_run_waits_for(
    approved: PayoutRun, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    fund(StripeGateway(KEY, sandbox.url), 500)
    reserve(approved.payouts.get().pk, AT)
    mark_unknown(Attempt.objects.get().pk, timezone.now())
    resume_payout_run(approved.pk)
    call_command("send_payout_run", approved.pk)
    assert "waits for 1 transfers of which Stripe failed to say" in capsys.readouterr().out
    assert transfers(sandbox) == []


@pytest.mark.django_db(transaction=True)
def test_a_run_that_cannot_be_sent_is_named(
    approved: PayoutRun, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TRIES", 1)
    with pytest.raises(CommandError, match="There is no payout run 4711"):
        call_command("send_payout_run", 4711)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="Run this again to go on: nobody is paid twice"):
        call_command("send_payout_run", approved.pk)


@pytest.mark.django_db(transaction=True)
def test_a_run_for_which_stripe_refuses_a_question_is_told_in_a_sentence(
    approved: PayoutRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: StripeGateway, currency: str) -> int:
        raise GatewayRejected("invalid_request", "No such balance.")

    monkeypatch.setattr(StripeGateway, "available_minor", refuse)
    with pytest.raises(CommandError, match="Stripe: No such balance"):
        call_command("send_payout_run", approved.pk)


def at_stripe_micro() -> int:
    return -LedgerAccount.objects.get(kind=AccountKind.STRIPE_BALANCE).balance_micro


def test_available_funds_are_recorded_once_per_key(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("record_available_funds", "1250", key="txn_1")
    assert capsys.readouterr().out == "12.50 USD available at Stripe, recorded as txn_1.\n"
    assert at_stripe_micro() == 12_500_000
    with pytest.raises(CommandError, match=r"txn_1 was recorded at .* nothing was posted"):
        call_command("record_available_funds", "1250", key="txn_1")
    assert at_stripe_micro() == 12_500_000


@pytest.mark.parametrize("amount_minor", ["0", "-5"])
def test_nothing_or_less_cannot_become_available(db: None, amount_minor: str) -> None:
    with pytest.raises(CommandError, match="give a positive number of minor units"):
        call_command("record_available_funds", amount_minor, key="txn_1")
