"""The reports of finance: one query each, whose columns are the file's, for a month or a year in one currency.

Amounts are exact decimals in whole units of the currency, instants are ISO 8601 in UTC. `usage_month` is the month that
an amount is about, and the other dates say when it was booked, issued or sent.
"""

from typing import NamedTuple


class Report(NamedTuple):
    """One query; the footer adds up the columns named in `summed`."""

    name: str
    columns: tuple[str, ...]
    summed: tuple[str, ...]
    sql: str
    is_of_a_year: bool = False


def _micro(amount: str) -> str:
    return f"round({amount} / 1000000::numeric, 6)"


def _minor(amount: str) -> str:
    return f"round({amount} / power(10::numeric, %(exponent)s), %(exponent)s)"


def _instant(at: str) -> str:
    return f"""to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


RUNS = """
FROM payouts_payout AS p
JOIN payouts_payoutrun AS run ON run.id = p.run_id AND run.state <> 'cancelled'
JOIN marketplace_contributor AS c ON c.id = p.contributor_id
LEFT JOIN payouts_connectedaccount AS account ON account.id = p.connected_account_id
LEFT JOIN payouts_transfer AS t ON t.payout_id = p.id
WHERE run.currency = %(currency)s AND run.drafted_at >= %(start_at)s AND run.drafted_at < %(end_at)s
"""
PAYOUTS = Report(
    "payouts",
    (
        *("run", "drafted_at", "payout", "contributor", "name", "country", "state", "amount", "reversed", "currency"),
        *("stripe_account_id", "stripe_transfer_id", "sent_at", "reason", "explanation"),
    ),
    ("amount", "reversed"),
    f"""
    SELECT p.run_id, {_instant("run.drafted_at")}, p.id, c.id, c.name, account.country, p.state,
           {_minor("p.amount_minor")},
           {_minor("(SELECT coalesce(sum(amount_minor), 0) FROM payouts_reversal WHERE transfer_id = t.id)")},
           run.currency, account.stripe_account_id, t.stripe_transfer_id, {_instant("t.created_at")}, p.reason,
           p.explanation
    {RUNS} AND p.state <> 'excluded' ORDER BY p.run_id, c.id
    """,  # noqa: S608
)
EXCLUSIONS = Report(
    "exclusions",
    ("run", "drafted_at", "contributor", "name", "country", "payable", "currency", "reason", "explanation"),
    ("payable",),
    f"""
    SELECT p.run_id, {_instant("run.drafted_at")}, c.id, c.name, coalesce(account.country, c.country),
           {_micro("p.payable_micro")}, run.currency, p.reason, p.explanation
    {RUNS} AND p.state = 'excluded' ORDER BY p.run_id, c.id
    """,
)
STATEMENTS = Report(
    "statements",
    (
        *("usage_month", "issued_at", "contributor", "name", "opening", "earned", "adjusted", "paid", "closing"),
        *("owed_back", "currency"),
    ),
    ("opening", "earned", "adjusted", "paid", "closing", "owed_back"),
    f"""
    SELECT to_char(period.month_on, 'YYYY-MM'), {_instant("s.issued_at")}, c.id, c.name, {_micro("s.opening_micro")},
           {_micro("s.earned_micro")}, {_micro("s.adjusted_micro")}, {_micro("s.paid_micro")},
           {_micro("s.closing_micro")}, {_micro("s.owed_back_micro")}, period.currency
    FROM payouts_statement AS s JOIN payouts_period AS period ON period.id = s.period_id
    JOIN marketplace_contributor AS c ON c.id = s.contributor_id
    WHERE period.currency = %(currency)s AND period.month_on >= %(start_on)s AND period.month_on < %(end_on)s
    ORDER BY period.month_on, c.id
    """,  # noqa: S608
)
JOURNAL = Report(
    "journal",
    (
        *("entry", "kind", "idempotency_key", "posted_at", "month", "usage_month", "account", "contributor", "amount"),
        "currency",
    ),
    ("amount",),
    f"""
    SELECT e.id, e.kind, e.idempotency_key, {_instant("e.posted_at")}, to_char(period.month_on, 'YYYY-MM'),
           to_char(coalesce(origin.month_on, period.month_on), 'YYYY-MM'), a.kind, a.contributor_id,
           {_micro("p.amount_micro")}, p.currency
    FROM payouts_posting AS p JOIN payouts_entry AS e ON e.id = p.entry_id
    JOIN payouts_ledgeraccount AS a ON a.id = p.account_id
    JOIN payouts_period AS period ON period.id = e.period_id
    LEFT JOIN payouts_period AS origin ON origin.id = e.origin_period_id
    WHERE p.currency = %(currency)s AND period.month_on >= %(start_on)s AND period.month_on < %(end_on)s
    ORDER BY e.id, p.id
    """,  # noqa: S608
)
YEARLY_TOTALS = Report(
    "yearly_totals",
    (
        *("contributor", "name", "country", "tax_form", "tax_form_valid_until", "currency", "paid_q1", "paid_q2"),
        *("paid_q3", "paid_q4", "paid", "transfers", "earned", "adjusted"),
    ),
    ("paid_q1", "paid_q2", "paid_q3", "paid_q4", "paid", "transfers", "earned", "adjusted"),
    f"""
    WITH moved AS (
        SELECT payout.contributor_id, t.created_at, t.amount_minor, 1 AS transfers
        FROM payouts_transfer AS t JOIN payouts_payout AS payout ON payout.id = t.payout_id
        WHERE t.currency = %(currency)s
        UNION ALL
        SELECT payout.contributor_id, r.created_at, -r.amount_minor, 0
        FROM payouts_reversal AS r JOIN payouts_transfer AS t ON t.id = r.transfer_id
        JOIN payouts_payout AS payout ON payout.id = t.payout_id
        WHERE t.currency = %(currency)s
    ), paid AS (
        SELECT contributor_id, coalesce(sum(amount_minor) FILTER (WHERE quarter = 1), 0) AS q1,
               coalesce(sum(amount_minor) FILTER (WHERE quarter = 2), 0) AS q2,
               coalesce(sum(amount_minor) FILTER (WHERE quarter = 3), 0) AS q3,
               coalesce(sum(amount_minor) FILTER (WHERE quarter = 4), 0) AS q4,
               sum(amount_minor) AS amount_minor, sum(transfers) AS transfers
        FROM moved CROSS JOIN LATERAL (SELECT extract(quarter FROM created_at AT TIME ZONE 'UTC') AS quarter) AS of
        WHERE created_at >= %(start_at)s AND created_at < %(end_at)s GROUP BY 1
    ), told AS (
        SELECT s.contributor_id, sum(s.earned_micro) AS earned_micro, sum(s.adjusted_micro) AS adjusted_micro
        FROM payouts_statement AS s JOIN payouts_period AS period ON period.id = s.period_id
        WHERE period.currency = %(currency)s AND period.month_on >= %(start_on)s
            AND period.month_on < %(end_on)s
        GROUP BY 1
    ), form AS (
        SELECT DISTINCT ON (contributor_id) contributor_id, kind, valid_until_on FROM payouts_taxformreview
        WHERE is_accepted ORDER BY contributor_id, reviewed_at DESC, id DESC
    )
    SELECT c.id, c.name, coalesce(account.country, c.country), form.kind, form.valid_until_on::text, %(currency)s::text,
           {_minor("coalesce(q1, 0)")}, {_minor("coalesce(q2, 0)")}, {_minor("coalesce(q3, 0)")},
           {_minor("coalesce(q4, 0)")}, {_minor("coalesce(paid.amount_minor, 0)")}, coalesce(paid.transfers, 0)::bigint,
           {_micro("coalesce(told.earned_micro, 0)")}, {_micro("coalesce(told.adjusted_micro, 0)")}
    FROM paid FULL JOIN told USING (contributor_id) JOIN marketplace_contributor AS c ON c.id = contributor_id
    LEFT JOIN payouts_connectedaccount AS account USING (contributor_id) LEFT JOIN form USING (contributor_id)
    ORDER BY c.id
    """,  # noqa: S608
    is_of_a_year=True,
)
REPORTS = {report.name: report for report in (PAYOUTS, EXCLUSIONS, STATEMENTS, JOURNAL, YEARLY_TOTALS)}
