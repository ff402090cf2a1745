"""What finance records from the command line after a sale."""

import pytest
from django.core.management import CommandError, call_command

from marketplace.models import Contributor, Customer, Download, User
from payouts.models import Adjustment, DisputeOutcome, RevenueEvent
from tests.payouts.selling import Shop


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    return Shop(ana, ben, carla, fay, finn)


@pytest.fixture
def sold(shop: Shop) -> Download:
    """Of October, which is closed."""
    first, _ = shop.worked_month()
    shop.close_october()
    return first


def printed(capsys: pytest.CaptureFixture[str], *command: object) -> str:
    call_command(*map(str, command))
    return capsys.readouterr().out


def test_a_refund_is_recorded_once_and_says_which_months_it_is_about(
    sold: Download, capsys: pytest.CaptureFixture[str]
) -> None:
    refund = ("record_refund", sold.pk, 1_000, "--key=re_1")
    out = printed(capsys, *refund)
    assert out.startswith(f"10.00 USD of download {sold.pk} went back, recorded as re_1 in ")
    assert out.endswith("USD, about 2026-10 USD.\n")
    assert printed(capsys, *refund) == out
    assert Adjustment.objects.count() == 3


@pytest.mark.parametrize("command", [["record_refund"], ["record_dispute", "--fee-minor=1500"]])
def test_what_cannot_go_back_is_refused_with_the_reason(sold: Download, command: list[str]) -> None:
    with pytest.raises(CommandError, match=r"10\.01 USD cannot go back: of download \d+ 10\.00 USD in 2026-10 is left"):
        call_command(*command, str(sold.pk), "1001", "--key=x")
    with pytest.raises(CommandError, match="There is no download 0"):
        call_command(*command, "0", "1", "--key=x")


def test_a_dispute_is_recorded_and_settled_by_its_key(sold: Download, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "record_dispute", sold.pk, 1_000, "--fee-minor=1500", "--key=dp_1")
    assert out.startswith(f"10.00 USD of download {sold.pk} is disputed, recorded as dp_1 in ")
    with pytest.raises(CommandError, match="No dispute is recorded as dp_2: see record_dispute"):
        call_command("settle_dispute", "dp_2", "lost")
    assert printed(capsys, "settle_dispute", "dp_1", "lost") == "The dispute dp_1 is lost.\n"
    assert RevenueEvent.objects.get(entry__kind="dispute").outcome.outcome == DisputeOutcome.LOST
    with pytest.raises(CommandError, match=r"The dispute was lost at .* already"):
        call_command("settle_dispute", "dp_1", "won")
