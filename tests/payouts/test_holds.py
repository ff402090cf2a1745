"""Holds: parts of a balance that are not paid out until somebody decides."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from marketplace.core.money import minor_to_micro
from marketplace.models import Contributor, Customer, User
from payouts.core.ledger import AccountKind
from payouts.core.states import PayoutState
from payouts.disputes import record_dispute, settle_dispute
from payouts.holds import HoldRefused, end_hold, place_hold
from payouts.models import DisputeOutcome, Hold, HoldEnd
from payouts.refunds import record_refund
from payouts.runs import cancel_payout_run, draft_payout_run
from tests.builders import make_connected_account
from tests.payouts.selling import IN_NOVEMBER, Shop, balances, off, told
from tests.payouts.test_pages import log_in


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """October is closed: Ana has 5.971650 and Ben 5.680350, and 5.00 are paid out."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    shop.close_october()
    for contributor in (ana, ben):
        make_connected_account(contributor)
    return shop


def hold(shop: Shop, amount_micro: int, key: str = "h 1") -> Hold:
    return place_hold(shop.ana, amount_micro, "We ask who took this.", shop.fay, key, IN_NOVEMBER)


def drafted(shop: Shop) -> dict[str, tuple[str, int, str, str]]:
    """By name: state, amount, reason and explanation of the next payout run."""
    run = draft_payout_run(shop.fay, IN_NOVEMBER)
    payouts = run.payouts.select_related("contributor")
    cancel_payout_run(run.pk)
    return {p.contributor.name: (p.state, p.amount_minor, p.reason, p.explanation) for p in payouts}


def test_what_is_held_is_not_paid_and_the_run_says_so(shop: Shop) -> None:
    hold(shop, 3_000_000)
    assert drafted(shop) == {
        "Ana": (
            PayoutState.EXCLUDED,
            0,
            "on_hold",
            "3.000000 USD is on hold, and the rest of 2.97 USD is below the threshold of 5.00 USD.",
        ),
        "Ben": (PayoutState.DRAFTED, 568, "", ""),
    }


def test_who_has_all_on_hold_is_in_the_run_with_the_reason(shop: Shop) -> None:
    hold(shop, 5_971_650)
    assert drafted(shop)["Ana"][:3] == (PayoutState.EXCLUDED, 0, "on_hold")


def test_what_is_not_held_is_paid_where_it_reaches_the_threshold(shop: Shop) -> None:
    hold(shop, 900_000)
    assert drafted(shop)["Ana"] == (PayoutState.DRAFTED, 507, "", "")


def test_what_is_released_is_paid(shop: Shop) -> None:
    end = end_hold(hold(shop, 3_000_000), HoldEnd.RELEASED, "It was her own.", shop.finn, IN_NOVEMBER)
    assert (end.ended_by, end.reason) == (shop.finn, "It was her own.")
    assert balances(AccountKind.HELD) == {}
    assert drafted(shop)["Ana"][:2] == (PayoutState.DRAFTED, 597)


def test_what_is_taken_stays_with_the_platform_and_the_statement_shows_it(shop: Shop) -> None:
    end_hold(hold(shop, 3_000_000), HoldEnd.TAKEN, "It was somebody else's.", shop.finn, IN_NOVEMBER)
    assert balances(AccountKind.HELD) == {}
    assert balances(AccountKind.PAYABLE)["Ana"] == 2_971_650
    assert told(shop.close_november())["Ana"] == (5_971_650, 0, -3_000_000, 0, 2_971_650)
    assert off() == []


def test_a_hold_is_placed_once_per_key_and_ends_once(shop: Shop) -> None:
    once = hold(shop, 3_000_000)
    assert hold(shop, 3_000_000) == once
    with pytest.raises(HoldRefused, match=r"hold:h 1 is hold \d+ already, which is another one"):
        hold(shop, 2_000_000)
    end_hold(once, HoldEnd.RELEASED, "It was her own.", shop.finn, IN_NOVEMBER)
    with pytest.raises(HoldRefused, match=r"Hold \d+ has ended already: it was released"):
        end_hold(once, HoldEnd.TAKEN, "No.", shop.finn, IN_NOVEMBER)
    assert balances(AccountKind.PAYABLE)["Ana"] == 5_971_650


@pytest.mark.parametrize("amount_micro", [0, -1, 5_971_651])
def test_more_than_is_there_cannot_be_held(shop: Shop, amount_micro: int) -> None:
    with pytest.raises(HoldRefused, match=r"USD cannot be held: Ana has 5\.971650 USD payable"):
        hold(shop, amount_micro)


def test_a_hold_needs_a_reason(shop: Shop) -> None:
    with pytest.raises(HoldRefused, match="Say why"):
        place_hold(shop.ana, 1, "  ", shop.fay, "h 1", IN_NOVEMBER)


def test_a_hold_that_finance_released_is_not_taken_by_a_lost_dispute(shop: Shop) -> None:
    (first, _) = shop.sold
    dispute = record_dispute(first, 1_000, 0, "dp_1", IN_NOVEMBER)
    for one in Hold.objects.filter(contributor=shop.ana):
        end_hold(one, HoldEnd.RELEASED, "Paid for by us.", shop.finn, IN_NOVEMBER)
    settle_dispute(dispute, DisputeOutcome.LOST, IN_NOVEMBER)
    assert balances(AccountKind.HELD) == {}
    assert balances(AccountKind.PAYABLE) == {"Ana": 3_641_250, "Ben": 5_097_750}
    assert off() == []


def test_the_contributor_sees_what_is_on_hold_and_why_and_what_they_owe(shop: Shop, client: Client) -> None:
    first, _ = shop.sold
    hold(shop, 5_000_000)
    record_refund(first, 1_000, "re_1", IN_NOVEMBER)
    log_in(client, shop.ana)
    page = client.get("/contributor/").content.decode()
    assert "5.000000 USD since Nov 10, 2026, 09:00 UTC: We ask who took this." in page
    assert "1.358750" in page.partition("Owed by you")[2].partition("</div>")[0]


def test_finance_places_and_ends_holds_from_the_command_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    place = ("place_hold", str(shop.ana.pk), "300", "--reason=We ask.", "--key=h 1")
    call_command(*place, "--by=fay")
    (placed,) = Hold.objects.all()
    assert (placed.amount_micro, placed.placed_by) == (minor_to_micro(300, "USD"), shop.fay)
    assert capsys.readouterr().out == f"3.00 USD of Ana is on hold: hold {placed.pk}.\n"
    end = ("end_hold", str(placed.pk), "released", "--reason=Hers.")
    with pytest.raises(CommandError, match="There is no login nobody"):
        call_command(*end, "--by=nobody")
    with pytest.raises(CommandError, match="ana is not in finance"):
        call_command(*end, "--by=ana")
    call_command(*end, "--by=finn")
    assert capsys.readouterr().out == f"Hold {placed.pk} is released.\n"
    with pytest.raises(CommandError, match="has ended already"):
        call_command(*end, "--by=finn")
    with pytest.raises(CommandError, match="There is no hold 0"):
        call_command("end_hold", "0", "released", "--reason=Hers.", "--by=finn")
    with pytest.raises(CommandError, match="There is no contributor 0"):
        call_command("place_hold", "0", "300", "--reason=We ask.", "--key=h 2", "--by=fay")
    with pytest.raises(CommandError, match="cannot be held"):
        call_command("place_hold", str(shop.ana.pk), "600", "--reason=We ask.", "--key=h 2", "--by=fay")


def test_what_a_dispute_put_on_hold_goes_back_once_and_only_where_the_dispute_is_lost(shop: Shop) -> None:
    (first, _) = shop.sold
    dispute = record_dispute(first, 1_000, 0, "dp_1", IN_NOVEMBER)
    for one in Hold.objects.all():
        with pytest.raises(HoldRefused, match="is of a dispute, which takes it where it is lost"):
            end_hold(one, HoldEnd.TAKEN, "It will be lost.", shop.finn, IN_NOVEMBER)
    settle_dispute(dispute, DisputeOutcome.LOST, IN_NOVEMBER)
    assert balances(AccountKind.HELD) == {}
    assert balances(AccountKind.PAYABLE) == {"Ana": 3_641_250, "Ben": 5_097_750}
    assert off() == []
