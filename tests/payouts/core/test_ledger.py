from collections import Counter
from collections.abc import Callable

import pytest

from marketplace.core.money import CurrencyError
from marketplace.core.periods import Month
from payouts.core.ledger import (
    Account,
    AccountKind,
    Entry,
    PostingLine,
    UnbalancedEntryError,
    check_balanced,
    close_pool,
    funds_available,
    order_refused,
    payout_reserved,
    payout_sent,
    sale,
)

NOVEMBER = Month(2026, 11)
CASH, FEES = Account(AccountKind.STRIPE_BALANCE), Account(AccountKind.FEES)


def balances(*entries: Entry) -> dict[str, int]:
    """Return each account's balance that is not zero, by its printed name."""
    totals: Counter[str] = Counter()
    for entry in entries:
        for line in entry:
            totals[str(line.account)] += line.amount_micro
    return {account: balance for account, balance in totals.items() if balance}


def earning(contributor_id: int, attributed_micro: int, common_fund_micro: int) -> Entry:
    """As a closing posts it."""
    lines = {
        Account(AccountKind.POOL, period=NOVEMBER): -attributed_micro,
        Account(AccountKind.COMMON_FUND): -common_fund_micro,
        Account(AccountKind.PAYABLE, contributor_id): attributed_micro + common_fund_micro,
    }
    return tuple(PostingLine(account, micro, "USD") for account, micro in lines.items() if micro)


MONTH = (
    sale(2000, 88, "USD"),
    funds_available(1912, "USD"),
    close_pool(NOVEMBER, 5_736_000, 1_000_000, "USD"),
    earning(17, 4_736_000, 400_000),
    earning(18, 0, 600_000),
    payout_reserved(17, 513, "USD"),
    payout_sent(513, "USD"),
)


def test_one_dollar_from_sale_to_transfer() -> None:
    # 20.00 paid, .88 of it Stripe's fee; pool 30 % of 19.12; 17 earns 5.136, of which whole cents are sent
    assert balances(*MONTH[:2]) == {"stripe_balance": -19_120_000, "fees": -880_000, "platform_revenue": 20_000_000}
    assert balances(*MONTH[2:3]) == {
        "platform_revenue": -5_736_000,
        "pool:2026-11": 4_736_000,
        "common_fund": 1_000_000,
    }
    assert balances(*MONTH) == {
        "stripe_balance": -13_990_000,
        "fees": -880_000,
        "platform_revenue": 14_264_000,
        "payable:17": 6_000,
        "payable:18": 600_000,
    }


def test_all_balances_together_are_zero_after_every_entry() -> None:
    for count in range(1, len(MONTH) + 1):
        assert sum(balances(*MONTH[:count]).values()) == 0


def test_what_is_reserved_is_neither_payable_nor_sent() -> None:
    assert balances(*MONTH[:-1])["payout_in_transit"] == 5_130_000


def test_money_is_pending_until_it_is_available() -> None:
    sold = sale(2000, 88, "USD", through_checkout=True)
    assert balances(sold)["stripe_pending"] == -19_120_000
    assert balances(sold, funds_available(1912, "USD", through_checkout=True)) == balances(*MONTH[:2])


def test_what_did_not_come_through_checkout_is_elsewhere_until_it_is_brought_to_stripe() -> None:
    assert balances(sale(2000, 88, "USD"))["collected_elsewhere"] == -19_120_000


def test_what_was_paid_and_refused_costs_the_fee() -> None:
    refused = order_refused(2000, 88, "USD")
    assert balances(refused) == {"stripe_pending": -19_120_000, "stripe_balance": 20_000_000, "fees": -880_000}


def test_a_sale_without_fee_has_no_line_for_it() -> None:
    assert [str(line.account) for line in sale(2000, 0, "USD")] == ["collected_elsewhere", "platform_revenue"]


def test_yen_have_no_minor_unit() -> None:
    assert balances(payout_sent(500, "JPY")) == {"payout_in_transit": -500_000_000, "stripe_balance": 500_000_000}


def test_only_what_is_owed_to_a_contributor_may_never_be_below_zero() -> None:
    floored = {kind for kind in AccountKind if _account(kind).is_floored}
    assert floored == {AccountKind.PAYABLE, AccountKind.HELD}


def _account(kind: AccountKind) -> Account:
    of_contributor = kind in {AccountKind.PAYABLE, AccountKind.HELD, AccountKind.RECEIVABLE}
    return Account(kind, 17 if of_contributor else None, NOVEMBER if kind is AccountKind.POOL else None)


def test_an_unbalanced_entry_is_refused_with_its_difference_by_currency() -> None:
    lines = [
        PostingLine(CASH, -100, "USD"),
        PostingLine(FEES, 99, "USD"),
        PostingLine(CASH, -5, "EUR"),
        PostingLine(CASH, 7, "JPY"),
        PostingLine(FEES, -7, "JPY"),
    ]
    with pytest.raises(UnbalancedEntryError, match=r"leave -5 micro EUR, -1 micro USD\.$"):
        check_balanced(lines)


def test_dollars_do_not_balance_euros() -> None:
    with pytest.raises(UnbalancedEntryError, match="EUR"):
        check_balanced([PostingLine(CASH, -100, "USD"), PostingLine(FEES, 100, "EUR")])


def test_an_entry_without_postings_is_refused() -> None:
    with pytest.raises(UnbalancedEntryError, match="has none"):
        check_balanced([])
    with pytest.raises(UnbalancedEntryError, match="has none"):
        sale(0, 0, "USD")


def test_a_posting_that_moves_nothing_or_in_no_known_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="fees moves nothing"):
        PostingLine(FEES, 0, "USD")
    with pytest.raises(CurrencyError, match="XXX"):
        PostingLine(FEES, 1, "XXX")


@pytest.mark.parametrize(
    ("kind", "contributor_id", "period", "message"),
    [
        (AccountKind.PAYABLE, None, None, "payable needs a contributor"),
        (AccountKind.FEES, 17, None, "fees cannot have a contributor"),
        (AccountKind.POOL, None, None, "pool needs a period"),
        (AccountKind.FEES, None, NOVEMBER, "fees cannot have a period"),
    ],
)
def test_an_account_names_exactly_what_it_belongs_to(
    kind: AccountKind, contributor_id: int | None, period: Month | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Account(kind, contributor_id, period)


def test_no_entry_is_made_of_negative_amounts() -> None:
    refused: list[Callable[[], Entry]] = [
        lambda: sale(-1, 0, "USD"),
        lambda: sale(100, 101, "USD"),
        lambda: funds_available(-1, "USD"),
        lambda: close_pool(NOVEMBER, 10, 11, "USD"),
        lambda: payout_reserved(17, -1, "USD"),
        lambda: payout_sent(-1, "USD"),
    ]
    for make in refused:
        with pytest.raises(ValueError, match="cannot be negative"):
            make()
