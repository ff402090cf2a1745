"""Payout runs, through Stripe's own client against the sandbox: each contributor is paid once, whatever crashes."""

import threading

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, IntegrityError, connection, transaction

from marketplace.models import Contributor, User
from payouts import attempts, sending, tasks
from payouts.calls import Pace
from payouts.core.ledger import AccountKind
from payouts.core.states import AttemptOutcome, PayoutState, RunState, TransitionRefused
from payouts.gateway import Gateway, StripeGateway
from payouts.models import Attempt, ConnectedAccount, Entry, Payout, PayoutRun, Transfer
from payouts.onboarding import connect_account
from payouts.runs import RunRefused, approve_payout_run, cancel_payout_run, draft_payout_run, resume_payout_run
from payouts.sandbox import Sandbox
from payouts.sending import send_payout_run
from tests.builders import make_connected_account, make_contributor, make_policy
from tests.connections import wait_until_one_is_blocked
from tests.payouts.paying import (
    AT,
    Crash,
    assert_each_was_paid_exactly_once,
    balance_micro,
    crash_after,
    crash_instead,
    fund,
    onboard,
    owe,
    payable_micro,
    stripe_transfers,
)
from tests.payouts.sandbox.client import KEY

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_draft_gives_everyone_their_amount_or_the_reason_why_nothing_is_sent(ana: Contributor, fay: User) -> None:
    make_policy(threshold_minor=1_000)
    small, absent, unfinished = (make_contributor(name) for name in ("Small", "Absent", "Unfinished"))
    for contributor in (ana, small, absent, unfinished):
        owe(contributor, 9_999_999 if contributor is small else 10_000_000)
    make_contributor("Nothing owed")
    for contributor in (ana, small, unfinished):
        make_connected_account(contributor, transfers_enabled=contributor is not unfinished)

    run = draft_payout_run(fay, AT)
    drafted = {p.contributor.name: (p.state, p.amount_minor, p.reason) for p in run.payouts.all()}
    assert drafted == {
        "Ana": (PayoutState.DRAFTED, 1_000, ""),
        "Small": (PayoutState.EXCLUDED, 0, "below_threshold"),
        "Absent": (PayoutState.EXCLUDED, 0, "no_connected_account"),
        "Unfinished": (PayoutState.EXCLUDED, 0, "onboarding_incomplete"),
    }
    explained = dict(run.payouts.values_list("contributor__name", "explanation"))
    assert explained["Small"] == "The balance of 9.99 USD is below the threshold of 10.00 USD and is carried over."
    assert explained["Absent"] == "10.00 USD is waiting: connect a Stripe account to be paid."
    assert "Stripe still asks for an identity document" in explained["Unfinished"]
    assert payable_micro(small) == 9_999_999


def test_what_was_below_the_threshold_is_sent_once_it_has_added_up(
    ana: Contributor, fay: User, finn: User, gateway: Gateway
) -> None:
    make_policy(threshold_minor=1_000)
    owe(ana, 6_000_000)
    onboard(ana, gateway)
    first = approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)
    assert send_payout_run(first.pk, gateway, AT).state == RunState.SETTLED
    assert stripe_transfers(first, gateway) == {}
    owe(ana, 6_000_000, "the next month")
    fund(gateway, 5_000)
    second = approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)
    send_payout_run(second.pk, gateway, AT)
    assert list(stripe_transfers(second, gateway).values()) == [1_200]


def test_whoever_drafted_a_run_cannot_approve_it(ana: Contributor, fay: User) -> None:
    make_policy()
    run = draft_payout_run(fay, AT)
    with pytest.raises(RunRefused, match=f"fay drafted payout run {run.pk}: somebody else must approve it"):
        approve_payout_run(run.pk, fay, AT)
    run.refresh_from_db()
    assert (run.state, run.approved_by) == (RunState.DRAFT, None)
    with pytest.raises(IntegrityError, match="run_approved_by_another"), transaction.atomic():
        PayoutRun.objects.update(state=RunState.APPROVED, approved_by=fay)


def test_a_run_that_nobody_approved_sends_nothing(ana: Contributor, fay: User, gateway: Gateway) -> None:
    make_policy()
    owe(ana, 5_000_000)
    onboard(ana, gateway)
    fund(gateway, 5_000)
    run = draft_payout_run(fay, AT)
    with pytest.raises(TransitionRefused):
        send_payout_run(run.pk, gateway, AT)
    assert stripe_transfers(run, gateway) == {}
    assert payable_micro(ana) == 5_000_000


def test_there_is_one_unsettled_run_at_a_time(run: PayoutRun, fay: User, gateway: Gateway) -> None:
    with pytest.raises(
        RunRefused, match=f"payout run {run.pk} is still approved: settle or cancel it before drafting another"
    ):
        draft_payout_run(fay, AT)
    with pytest.raises(IntegrityError, match="one_unsettled_run_per_currency"), transaction.atomic():
        PayoutRun.objects.create(currency="USD", drafted_by=fay, drafted_at=AT)
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    assert draft_payout_run(fay, AT).pk != run.pk


def test_each_contributor_gets_one_transfer_of_the_exact_amount(run: PayoutRun, gateway: Gateway) -> None:
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)
    listed = gateway.list_transfers(transfer_group=f"payout-run:development:{run.pk}")
    assert {t.metadata["deployment"] for t in listed} == {"development"}
    keys = {f"payout:development:{run.pk}:{payout.pk}:1" for payout in run.payouts.all()}
    assert set(Attempt.objects.values_list("idempotency_key", flat=True)) == keys
    assert {t.stripe_account_id: t.amount_minor for t in listed} == dict(
        Payout.objects.values_list("connected_account__stripe_account_id", "amount_minor")
    )


def test_sending_a_run_again_sends_nothing_more(run: PayoutRun, gateway: Gateway) -> None:
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    entries = Entry.objects.count()
    send_payout_run(run.pk, gateway, AT)
    assert Entry.objects.count() == entries
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_task_that_is_delivered_twice_pays_once(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    fund(gateway, 10_000)
    for _ in range(2):
        tasks.send_payout_run(run.pk)
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_crash_between_the_reservation_and_the_call_pays_once(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(attempts, "reserve", crash_after(attempts.reserve))
        send_payout_run(run.pk, gateway, AT)
    assert stripe_transfers(run, gateway) == {}
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 12_340_000
    assert Attempt.objects.get().outcome == AttemptOutcome.PENDING
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_crash_between_the_call_and_its_record_pays_once(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(gateway, "create_transfer", crash_after(gateway.create_transfer))
        send_payout_run(run.pk, gateway, AT)
    assert list(stripe_transfers(run, gateway).values()) == [1_234]
    assert not Transfer.objects.exists()
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_crash_while_the_outcome_is_being_recorded_pays_once(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(attempts, "_conclude", crash_instead)  # within the transaction that records it
        send_payout_run(run.pk, gateway, AT)
    assert not Transfer.objects.exists()
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 12_340_000
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_crash_after_the_last_record_and_before_settling_pays_once(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(sending, "_settled_if_all_ended", crash_instead)
        send_payout_run(run.pk, gateway, AT)
    run.refresh_from_db()
    assert run.state == RunState.SENDING
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)


def test_what_stripe_does_not_hold_is_refused_before_anything_is_sent_and_works_after_a_top_up(
    run: PayoutRun, gateway: Gateway
) -> None:
    fund(gateway, 1_733)
    with pytest.raises(RunRefused, match=r"needs 17\.34 USD and 17\.33 USD are available at Stripe: top up"):
        send_payout_run(run.pk, gateway, AT)
    assert stripe_transfers(run, gateway) == {}
    assert not Attempt.objects.exists()
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 0
    fund(gateway, 1, "top-up")
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)


def test_funds_that_run_out_in_the_middle_pause_the_run_until_the_top_up(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something else spent from the balance between the look at it and the second transfer."""
    fund(gateway, 1_500)
    with monkeypatch.context() as stale, pytest.raises(RunRefused, match=r"does not cover 5\.00 USD: top up"):
        stale.setattr(gateway, "available_minor", lambda currency: 1_734)
        send_payout_run(run.pk, gateway, AT)
    assert list(stripe_transfers(run, gateway).values()) == [1_234]
    assert Payout.objects.get(amount_minor=500).state == PayoutState.RESERVED
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    fund(gateway, 234, "top-up")
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)
    numbers = Attempt.objects.filter(payout__amount_minor=500).order_by("number").values_list("number", "outcome")
    assert list(numbers) == [(1, AttemptOutcome.REJECTED), (2, AttemptOutcome.SUCCEEDED)]


def test_a_destination_that_stripe_rejects_gives_the_contributor_their_balance_back(
    ana: Contributor, ben: Contributor, fay: User, finn: User, gateway: Gateway
) -> None:
    make_policy()
    owe(ana, 12_345_678)
    owe(ben, 5_000_000)
    make_connected_account(ana)  # Stripe has never heard of it
    onboard(ben, gateway)
    fund(gateway, 10_000)
    run = approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)
    assert send_payout_run(run.pk, gateway, AT).state == RunState.SETTLED

    rejected = run.payouts.get(contributor=ana)
    assert (rejected.state, bool(rejected.reason)) == (PayoutState.REJECTED, True)
    assert "acct_test_" in rejected.explanation
    assert payable_micro(ana) == 12_345_678
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 0
    assert list(stripe_transfers(run, gateway).values()) == [500]  # the others are paid

    assert -balance_micro(AccountKind.STRIPE_BALANCE) == gateway.available_minor("usd") * 10_000


def test_the_same_payout_sent_twice_at_once_shares_one_attempt(run: PayoutRun) -> None:
    """What a second worker finds is the attempt of the first, with its idempotency key."""
    payout = run.payouts.order_by("pk")[0]
    first, second = attempts.reserve(payout.pk, AT), attempts.reserve(payout.pk, AT)
    assert first is not None
    assert first == second
    assert payable_micro(payout.contributor) == 5_678
    with pytest.raises(IntegrityError, match="one_live_attempt_per_payout"), transaction.atomic():
        Attempt.objects.create(
            payout=payout, number=2, idempotency_key="another", request_sha256="0" * 64, first_sent_at=AT
        )


def test_two_workers_that_send_one_run_at_once_pay_once(run: PayoutRun, sandbox: Sandbox, gateway: Gateway) -> None:
    """Where both call Stripe at the same moment, Stripe turns one away, which asks again after a pause."""
    fund(gateway, 10_000)

    def send() -> None:
        try:
            send_payout_run(run.pk, StripeGateway(KEY, sandbox.url), AT, Pace(pause_s=0.01))
        finally:
            connection.close()

    workers = [threading.Thread(target=send) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_wrong_draft_is_cancelled_and_another_is_drafted(
    ana: Contributor, fay: User, finn: User, gateway: Gateway
) -> None:
    make_policy(threshold_minor=100)
    owe(ana, 5_000_000)
    wrong = draft_payout_run(fay, AT)
    assert cancel_payout_run(wrong.pk).state == RunState.CANCELLED
    onboard(ana, gateway)
    fund(gateway, 500)
    right = approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)
    with pytest.raises(TransitionRefused, match="cancelled cannot become approved"):
        approve_payout_run(wrong.pk, finn, AT)
    with pytest.raises(TransitionRefused, match="cancelled cannot become sending"):
        send_payout_run(wrong.pk, gateway, AT)
    with pytest.raises(TransitionRefused, match="approved cannot become cancelled"):
        cancel_payout_run(right.pk)
    send_payout_run(right.pk, gateway, AT)
    assert list(stripe_transfers(right, gateway).values()) == [500]
    assert stripe_transfers(wrong, gateway) == {}


def test_of_two_people_who_draft_at_once_the_second_is_told_of_the_first(fay: User, finn: User) -> None:
    make_policy()
    told: list[str] = []

    def draft() -> None:
        try:
            draft_payout_run(finn, AT)
        except RunRefused as error:
            told.append(str(error))
        finally:
            connection.close()

    second = threading.Thread(target=draft)
    with transaction.atomic():
        draft_payout_run(fay, AT)
        second.start()
        wait_until_one_is_blocked()
    second.join()
    assert told == ["Somebody else drafted a payout run at the same moment: look at that one."]
    assert PayoutRun.objects.get().drafted_by == fay


@pytest.mark.owner
def test_amounts_and_states_of_payouts_only_move_as_the_rules_say(run: PayoutRun) -> None:
    payout = run.payouts.order_by("pk")[0]
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Payout.objects.filter(pk=payout.pk).update(amount_minor=9_999)
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Payout.objects.filter(pk=payout.pk).update(state=PayoutState.SENT)
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        PayoutRun.objects.update(state=RunState.SETTLED)
    for table in ("payouts_payout", "payouts_payoutrun"):
        with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")


@pytest.mark.owner
def test_accounts_of_two_deployments_at_one_stripe_do_not_meet(
    ana: Contributor, gateway: Gateway, settings: LazySettings
) -> None:
    here = connect_account(ana, gateway, AT).stripe_account_id
    ConnectedAccount.objects.all().delete()  # as in another deployment's database, which has its own Ana
    settings.DEPLOYMENT = "staging"
    assert connect_account(ana, gateway, AT).stripe_account_id != here


def test_an_account_is_opened_once_and_needs_a_country(ana: Contributor, gateway: Gateway) -> None:
    assert connect_account(ana, gateway, AT) == connect_account(ana, gateway, AT)
    with pytest.raises(ValueError, match="Nowhere has no country yet"):
        connect_account(make_contributor("Nowhere", country=""), gateway, AT)
    assert ConnectedAccount.objects.count() == 1
