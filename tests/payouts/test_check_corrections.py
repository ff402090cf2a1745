"""`check_ledger` names what a superuser did to refunds, adjustments, debts and holds, and finds nothing otherwise."""

import pytest

from marketplace.models import Contributor, Customer, User
from payouts.disputes import record_dispute
from payouts.integrity import findings
from payouts.integrity_corrections import CORRECTIONS
from payouts.refunds import record_refund
from tests.payouts.selling import IN_NOVEMBER, Shop
from tests.payouts.tampering import unexpected

pytestmark = pytest.mark.django_db(transaction=True)

# By what was done: the SQL, and the patterns of all findings.
TAMPERED = {
    "an adjustment is made smaller": (
        "UPDATE payouts_adjustment SET amount_micro = amount_micro + 1 WHERE contributor_id IS NOT NULL "
        "AND id = (SELECT min(id) FROM payouts_adjustment)",
        [r"adjustments are posted: Entry \d+ changes what contributor \d+ .* by -2330400 micro, .* come to -2330399"],
    ),
    "what the common fund gave back is forgotten": (
        "DELETE FROM payouts_adjustment WHERE training_set_id IS NOT NULL",
        ["common funds are their adjustments: The common fund has -971000 micro USD .* come to 0"],
    ),
    "a debt is turned into a claim": (
        "UPDATE payouts_ledgeraccount SET balance_micro = -balance_micro WHERE kind = 'receivable' AND contributor_id "
        "= (SELECT min(contributor_id) FROM payouts_ledgeraccount WHERE kind = 'receivable')",
        ["balances are their postings: Account .*receivable", r"receivables are debts: Account \d+ .* is at 2328750"],
    ),
    "a hold is forgotten": (
        "DELETE FROM payouts_hold WHERE contributor_id = (SELECT max(contributor_id) FROM payouts_hold)",
        [r"what is held has a reason: Contributor \d+ has .* micro USD on hold, but their holds come to 0"],
    ),
    "more went back than was paid": (
        "UPDATE payouts_revenueevent SET gross_minor = -1001, net_minor = -1001 - fee_minor WHERE kind = 'refund'",
        [
            r"revenue is posted: Entry .* moves -10000000 micro of cash .* have -10010000 gross",
            r"no more goes back than was paid: Of download \d+, -1 of 1000 minor units are left",
        ],
    ),
}


@pytest.fixture
def _books(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> None:
    """October closed and paid; then one sale refunded and the other disputed."""
    shop = Shop(ana, ben, carla, fay, finn)
    first, second = shop.worked_month()
    shop.close_october()
    shop.pay(ana, 597)
    record_refund(first, 1_000, "re_1", IN_NOVEMBER)
    record_dispute(second, 2_000, 1_500, "dp_1", IN_NOVEMBER)


def found() -> list[str]:
    corrections = {query.check for query in CORRECTIONS} | {"balances are their postings", "revenue is posted"}
    return [f"{one.check}: {one.sentence}" for one in findings() if one.check in corrections]


@pytest.mark.owner
@pytest.mark.usefixtures("_books")
def test_each_tampering_with_corrections_is_found_and_named() -> None:
    assert unexpected(TAMPERED, found) == {}


def test_every_check_of_corrections_has_a_tampering_that_it_finds() -> None:
    tried = {pattern.partition(":")[0] for _, expected in TAMPERED.values() for pattern in expected}
    assert {query.check for query in CORRECTIONS} <= tried
