"""Closing a month: compute everything first, then post it in one transaction, by two people."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from marketplace.core.periods import Month
from marketplace.models import Download, User
from payouts.booking import NoPolicy, policy_of
from payouts.core.ledger import close_pool
from payouts.findings import blocked_by_findings
from payouts.models import Period, RevenueKind
from payouts.posting import lock_accounts, locked_period, post, post_selected
from payouts.revenue import Revenue, revenue_of
from payouts.splitting import NobodyToShare, Split, split, weigh, weights_sha256
from payouts.statements import issue_statements
from payouts.telling import tell_issued

# The sums are what was computed for the pool: where the parts do not add up to them, the database refuses the entry.
EARNED = """
SELECT kind, contributor_id, period_id, amount_micro FROM (
    SELECT 'pool' AS kind, NULL::bigint AS contributor_id, {period}::bigint AS period_id, {pool}::bigint AS amount_micro
    UNION ALL SELECT 'common_fund', NULL, NULL, {common_fund}
    UNION ALL SELECT 'payable', contributor_id, NULL, sum(amount_micro)::bigint FROM split_part GROUP BY contributor_id
) AS line WHERE amount_micro <> 0
"""
EARNINGS = """
INSERT INTO payouts_earning (period_id, contributor_id, kind, amount_micro, entry_id)
SELECT %(period)s, contributor_id, kind, amount_micro, %(entry)s FROM split_part ORDER BY contributor_id, kind
"""
NETTED = """
INSERT INTO payouts_adjustment (entry_id, reason, training_set_id, amount_micro, note)
SELECT %(entry)s, 'netted', training_set_id, netted_micro, '' FROM split_set WHERE netted_micro > 0
"""
RECEIVABLES = """
SELECT line.kind, contributor_id, NULL::bigint AS period_id, line.amount_micro
FROM payouts_ledgeraccount AS payable JOIN payouts_ledgeraccount AS receivable USING (contributor_id, currency)
CROSS JOIN LATERAL (VALUES ('payable', -least(payable.balance_micro, -receivable.balance_micro)),
                           ('receivable', least(payable.balance_micro, -receivable.balance_micro)))
    AS line(kind, amount_micro)
WHERE payable.kind = 'payable' AND payable.balance_micro > 0 AND receivable.kind = 'receivable'
    AND receivable.balance_micro < 0 AND currency = '{currency}'
"""


class CannotClose(ValueError):
    """The month cannot be closed now; the message says what is missing."""


@transaction.atomic
def close_period(month: Month, closed_by: User, at: datetime) -> Period:
    """Take a month that has ended from open to closing, which a second person then approves. Raises `CannotClose`."""
    period = locked_period(month)
    require_closable(month, period, at)
    period.state, period.closed_by = Period.CLOSING, closed_by
    period.save(update_fields=["state", "closed_by"])
    return period


@transaction.atomic
def approve_close(
    month: Month, approved_by: User, at: datetime, tell: Callable[[str], object] = lambda stage: None
) -> Period:
    """Approve a closing month: split its pool, post the earnings, issue the statements. Raises `CannotClose`.

    One transaction: whatever stops it leaves the month closing, to be approved again. `tell` hears of each stage.
    """
    period = locked_period(month)
    if period.state != Period.CLOSING:
        raise CannotClose(f"{month} is {period.state}: it can be approved while it is closing.")
    if period.closed_by_id == approved_by.pk:
        raise CannotClose(f"{approved_by} closed {month}: somebody else must approve it.")
    _require_complete(month, period)
    tell(f"{month}: computing weights and the split.")
    revenue = revenue_of(period)
    done = compute_split(month, period, revenue, at)
    tell(f"{month}: posting what was earned.")
    lock_accounts(period.currency)
    if done.total_micro:
        _post_earnings(month, period, done, at)
    netted = RECEIVABLES.format(currency=period.currency)
    post_selected("receivable_netted", period, f"receivable_netted:{period}", netted, at)
    period.state, period.approved_by, period.closed_at = Period.CLOSED, approved_by, at
    period.gross_minor, period.net_minor = revenue.gross_minor, revenue.net_minor
    period.pool_micro, period.deals_micro = done.total_micro, done.deals_micro
    period.common_fund_micro, period.weights_sha256 = done.common_fund_micro, weights_sha256()
    tell(f"{month}: issuing statements.")
    issue_statements(period, at)
    tell_issued(period, at)
    period.save()
    return period


def require_closable(month: Month, period: Period, at: datetime) -> None:
    """Raise `CannotClose` unless an open month has ended, the earlier ones are closed, and nothing of it is missing."""
    if period.state != Period.OPEN:
        raise CannotClose(f"{month} is {period.state} already: it is closed once and never reopened.")
    if at < month.end_at:
        raise CannotClose(f"{month} ends at {month.end_at:%Y-%m-%d %H:%M} UTC: close it after that.")
    earlier = Period.objects.filter(month_on__lt=period.month_on, currency=period.currency)
    unclosed = earlier.exclude(state=Period.CLOSED).order_by("month_on").first()
    if unclosed is not None:
        raise CannotClose(f"{unclosed} is still {unclosed.state}: close the months in their order.")
    _require_complete(month, period)
    contributor_rate_ppm(month)


def contributor_rate_ppm(month: Month) -> int:
    """The part of a month's net revenue that its policy gives to contributors. Raises `CannotClose`."""
    try:
        return policy_of(month).contributor_rate_ppm
    except NoPolicy as error:
        raise CannotClose(f"{month} cannot be shared: {error}") from error


def _require_complete(month: Month, period: Period) -> None:
    """Every download so far is booked, every booked one is attributed, and no finding is open: nobody is left out."""
    blocked = blocked_by_findings()
    if blocked:
        raise CannotClose(blocked)
    so_far = Download.objects.filter(downloaded_at__lt=month.end_at, currency=settings.SETTLEMENT_CURRENCY)
    unbooked = so_far.filter(revenue_event__isnull=True).count()
    if unbooked:
        raise CannotClose(f"{unbooked} downloads up to {month} are not booked yet: let the worker finish, then close.")
    sales = period.revenue_events.filter(kind=RevenueKind.DOWNLOAD_SALE)
    unattributed = sales.filter(download__inspiration_list__isnull=True).count()
    if unattributed:
        raise CannotClose(
            f"{unattributed} downloads of {month} have no inspiration list yet: let the worker finish. If they stay, "
            "its log names the file that is away or damaged, to be restored from a backup, or what it cannot attribute."
        )


def compute_split(month: Month, period: Period, revenue: Revenue, at: datetime) -> Split:
    """Split the month's pool by the policy in force, into temporary tables. Raises `CannotClose`."""
    rate_ppm = contributor_rate_ppm(month)
    deals_micro = revenue.deal_pools_micro(rate_ppm)
    weigh(period, deals_micro, at)
    try:
        return split(revenue.download_pool_micro(rate_ppm), deals_micro, period.currency, net_debts=True)
    except NobodyToShare as error:
        raise CannotClose(f"{month} cannot be shared: {error}") from error


def _post_earnings(month: Month, period: Period, done: Split, at: datetime) -> None:
    """Post the pool, then what each contributor earned of it."""
    lines = close_pool(month, done.total_micro, done.common_fund_micro, period.currency)
    close = post("close", period, f"close:{period}", lines, at)
    sums = {
        "pool": done.common_fund_micro - done.total_micro,
        "common_fund": done.netted_micro - done.common_fund_micro,
        "period": period.pk,
    }
    entry = post_selected("earnings", period, f"earnings:{period}", EARNED.format(**sums), at)
    with connection.cursor() as cursor:
        cursor.execute(NETTED, {"entry": close.pk})
        if entry is not None:
            cursor.execute(EARNINGS, {"period": period.pk, "entry": entry.pk})
