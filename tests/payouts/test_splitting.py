"""The split in the database is that of the rule in plain Python, to the micro-unit, whatever the weights."""

from collections.abc import Iterable, Mapping

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.core.apportion import apportion
from marketplace.models import Contributor, Customer, Download, TrainingSet, User
from payouts.booking import book_downloads
from payouts.core.ledger import Account, AccountKind, PostingLine
from payouts.core.pool import PoolSplit, split_pool, weights_hash
from payouts.models import Adjustment, Earning, Period
from payouts.posting import period_of, post
from payouts.splitting import NobodyToShare, apportioned, split, weigh, weights_sha256
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    OCTOBER,
    link_copy,
    make_asset,
    make_attributed_downloads,
    make_download,
    make_encoder,
    make_inspiration_list,
)
from tests.payouts.oracle import attributed_weights, members, unattributed_weights

FUND = (Account(AccountKind.COMMON_FUND), Account(AccountKind.PLATFORM_REVENUE))
SETS = (1, 2, 3)

ids = st.integers(1, 40)
weights = st.integers(1, 10**15)


def filled(table: str, columns: str, rows: Iterable[tuple[int, ...]]) -> None:
    """A table of weights as `weigh` makes it."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}; CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP")
        for row in rows:
            cursor.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)


def parts(kind: str) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT contributor_id, amount_micro FROM split_part WHERE kind = %s", [kind])
        return dict(cursor.fetchall())


def found(pool_micro: int, deals_micro: Mapping[int, int], *, net_debts: bool = False) -> PoolSplit:
    """The split in the database, as the rule tells it."""
    done = split(pool_micro, deals_micro, "USD", net_debts=net_debts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT training_set_id, netted_micro::bigint FROM split_set WHERE netted_micro > 0")
        netted = dict(cursor.fetchall())
    return PoolSplit(
        attributed=parts(Earning.ATTRIBUTION),
        common_fund=parts(Earning.COMMON_FUND),
        dataset_deals=parts(Earning.DATASET_DEAL),
        common_fund_micro=done.common_fund_micro,
        netted=netted,
    )


def owe_from_common_funds(owed_micro: Mapping[int, int]) -> None:
    """Let training sets owe, as refunds of closed months do."""
    for training_set_id, micro in owed_micro.items():
        TrainingSet.objects.get_or_create(
            pk=training_set_id, name="set", version=str(training_set_id), created_at=FROZEN_AT
        )
        lines = [PostingLine(FUND[0], -micro, "USD"), PostingLine(FUND[1], micro, "USD")]
        entry = post("refund", period_of(OCTOBER), f"refund:{training_set_id}", lines, CLOSED_AT)
        Adjustment.objects.create(entry=entry, reason="refund", training_set_id=training_set_id, amount_micro=-micro)


# The database is rolled back after each example, so a fixture that lives as long as the test does no harm.
@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pool_micro=st.integers(0, 10**13),
    attributed=st.dictionaries(ids, weights, max_size=25),
    unattributed=st.dictionaries(st.sampled_from(SETS), weights, max_size=3),
    assets=st.fixed_dictionaries(
        {pk: st.dictionaries(ids, st.integers(1, 50), min_size=1, max_size=15) for pk in SETS}
    ),
    deals_micro=st.dictionaries(st.sampled_from(SETS), st.integers(0, 10**12), max_size=3),
    owed_micro=st.dictionaries(st.sampled_from(SETS), st.integers(1, 10**12), max_size=3),
)
def test_the_database_splits_a_pool_as_the_rule_does(
    pool_micro: int,
    attributed: dict[int, int],
    unattributed: dict[int, int],
    assets: dict[int, dict[int, int]],
    deals_micro: dict[int, int],
    owed_micro: dict[int, int],
) -> None:
    if not attributed and not unattributed:
        pool_micro = 0
    with transaction.atomic():
        owe_from_common_funds(owed_micro)
        filled("split_attributed", "contributor_id bigint, weight numeric", attributed.items())
        filled("split_unattributed", "training_set_id bigint, weight numeric", unattributed.items())
        claims = [*attributed.items(), *([(None, sum(unattributed.values()))] if unattributed else [])]
        filled("split_claim", "contributor_id bigint, weight numeric", claims)  # type: ignore[arg-type]
        rows = [(pk, contributor, count) for pk, counted in assets.items() for contributor, count in counted.items()]
        filled("split_member", "training_set_id bigint, contributor_id bigint, assets bigint", rows)
        expected = split_pool(
            pool_micro, attributed, unattributed, assets, deals_micro=deals_micro, owed_micro=owed_micro
        )
        assert found(pool_micro, deals_micro, net_debts=True) == expected
        assert weights_sha256() == weights_hash(attributed, unattributed, assets, deals_micro)
        without = split_pool(pool_micro, attributed, unattributed, assets, deals_micro=deals_micro)
        assert found(pool_micro, deals_micro) == without
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**15), st.dictionaries(ids, st.integers(0, 5), min_size=1)), max_size=4))
def test_equal_remainders_fall_to_the_smaller_id_as_everywhere(pots: list[tuple[int, dict[int, int]]]) -> None:
    """Small weights make many ties."""
    pots = [(total if sum(claims.values()) else 0, claims) for total, claims in pots]
    with transaction.atomic():
        rows = [(pot, *one, total) for pot, (total, claims) in enumerate(pots) for one in claims.items()]
        filled("claim", "pot int, key bigint, weight numeric, total numeric", rows)
        with connection.cursor() as cursor:
            cursor.execute(apportioned("SELECT pot, total, key, weight FROM claim"))
            got = {(pot, key): int(part) for pot, key, part in cursor.fetchall()}
        transaction.set_rollback(True)
    expected = {
        (pot, key): part
        for pot, (total, claims) in enumerate(pots)
        if sum(claims.values())
        for key, part in apportion(total, claims).items()
    }
    assert got == expected


@pytest.fixture
def october(ana: Contributor, ben: Contributor, carla: Customer, fay: User) -> Period:
    """October with three attributed downloads and one that nothing resembles; Ana has a copy in the training set."""
    original, copy = make_asset(ana), make_asset(ana)
    downloads = make_attributed_downloads([ana, ben], carla)
    link_copy(copy, original, FROZEN_AT)
    lonely: Download = make_download(carla, downloads[0].generation, gross_minor=777)
    make_inspiration_list(lonely, {}, make_encoder("another", is_current=False))
    book_downloads(CLOSED_AT)
    return period_of(OCTOBER)


@pytest.mark.usefixtures("finn")
def test_the_weights_of_a_real_month_are_those_read_row_by_row(october: Period) -> None:
    weigh(october, [], CLOSED_AT)
    pool_micro = 12_345_679
    attributed, unattributed = attributed_weights(october), unattributed_weights(october)
    assert found(pool_micro, {}) == split_pool(pool_micro, attributed, unattributed, members(unattributed, CLOSED_AT))
    assert weights_sha256() == weights_hash(attributed, unattributed, members(unattributed, CLOSED_AT))


def test_a_pool_that_nobody_has_a_claim_on_is_refused(db: None) -> None:
    weigh(period_of(OCTOBER), [], CLOSED_AT)
    with pytest.raises(NobodyToShare, match="nobody has a weight above zero"):
        split(100, {}, "USD", net_debts=True)


def test_a_deal_of_a_training_set_without_members_is_refused(db: None) -> None:
    empty = TrainingSet.objects.create(name="empty", version="1", created_at=FROZEN_AT)
    weigh(period_of(OCTOBER), [empty.pk], CLOSED_AT)
    with pytest.raises(NobodyToShare, match="no members"):
        split(0, {empty.pk: 5}, "USD", net_debts=True)
