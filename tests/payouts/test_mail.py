"""Contributors get mail of their money: once, with amounts, and only those whom it is about."""

import pytest
from django.core import mail as sent

from marketplace import tasks
from marketplace.models import Contributor, Customer, Mail, User
from payouts.disputes import record_dispute, settle_dispute
from payouts.gateway import StripeGateway
from payouts.holds import end_hold, place_hold
from payouts.models import Hold, PayoutRun, Period
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import send_next_payouts
from tests.builders import make_policy
from tests.payouts.paying import AT, fund, owe
from tests.payouts.selling import IN_NOVEMBER, Shop


def told() -> list[tuple[str, str]]:
    return list(Mail.objects.order_by("pk").values_list("kind", "recipient__username"))


def test_everybody_with_a_statement_and_a_login_is_told_of_it(closed_month: Period, ana: Contributor) -> None:
    assert sorted(told()) == [("statement_issued", "ana"), ("statement_issued", "ben")]
    tasks.send_mail()
    letter = next(one for one in sent.outbox if one.to == ["ana@example.org"])
    assert letter.subject == "Your statement of October 2026"
    earned = ana.statements.get().earned_micro
    assert f"You earned {earned // 1_000_000}.{earned % 1_000_000:06} USD" in letter.body
    assert "/contributor/statements/2026-10/" in letter.body


def test_a_payout_that_is_sent_is_told_once(run: PayoutRun, gateway: StripeGateway) -> None:
    fund(gateway, 2_000)
    for _again in range(3):
        send_next_payouts(run.pk, gateway, AT)
    assert sorted(told()) == [("payout_sent", "ana"), ("payout_sent", "ben")]
    tasks.send_mail()
    assert {one.subject for one in sent.outbox} == {
        "12.34 USD is on its way to you",
        "5.00 USD is on its way to you",
    }


def test_who_is_left_out_is_told_why_unless_a_small_balance_is_just_carried_over(
    ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    make_policy(threshold_minor=500)
    owe(ana, 12_345_678)
    owe(ben, 4_000_000)
    approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)
    assert told() == [("payout_waiting", "ana")]
    tasks.send_mail()
    assert "connect a Stripe account" in sent.outbox[0].body


def test_a_draft_tells_nobody(ana: Contributor, fay: User) -> None:
    make_policy(threshold_minor=500)
    owe(ana, 12_345_678)
    draft_payout_run(fay, AT)
    assert told() == []


def test_a_hold_and_its_end_are_told_with_their_reasons(ana: Contributor, fay: User) -> None:
    make_policy()
    owe(ana, 12_345_678)
    hold = place_hold(ana, 5_000_000, "We ask who took this.", fay, "case 1", AT)
    end_hold(hold, "released", "Ana took it.", fay, AT)
    assert told() == [("hold_placed", "ana"), ("hold_ended", "ana")]
    tasks.send_mail()
    assert [one.subject for one in sent.outbox] == ["5.000000 USD is on hold", "5.000000 USD is payable again"]
    assert "We ask who took this." in sent.outbox[0].body
    assert "Ana took it." in sent.outbox[1].body


@pytest.mark.parametrize(("outcome", "says"), [("won", "is payable again"), ("lost", "is taken back")])
def test_those_whose_money_a_dispute_holds_are_told_how_it_ended(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User, outcome: str, says: str
) -> None:
    shop = Shop(ana, ben, carla, fay, finn)
    first, _ = shop.worked_month()
    shop.close_october()
    dispute = record_dispute(first, 1_000, 1_500, "dp_1", IN_NOVEMBER)
    settle_dispute(dispute, outcome, IN_NOVEMBER)
    assert Hold.objects.count() == 2
    tasks.send_mail()
    assert sum(says in one.subject for one in sent.outbox) == 2
