"""The checks of the books that are one query each: its rows are what is off, and fill the sentence."""

from typing import Any, NamedTuple

from marketplace.core.money import EXPONENTS, micro_per_minor
from payouts.core.ledger import AccountKind
from payouts.core.states import PayoutState
from payouts.documents import EARNED, PAID


class Query(NamedTuple):
    """One query of a check; a check may have several."""

    check: str
    sentence: str
    sql: str


KNOWN: dict[str, Any] = {
    "earned": EARNED,
    "paid": PAID,
    "payable": AccountKind.PAYABLE,
    "held": AccountKind.HELD,
    "receivable": AccountKind.RECEIVABLE,
    "common_fund": AccountKind.COMMON_FUND,
    "fees": AccountKind.FEES,
    "stripe_balance": AccountKind.STRIPE_BALANCE,
    "cash": [AccountKind.STRIPE_BALANCE, AccountKind.STRIPE_PENDING, AccountKind.COLLECTED_ELSEWHERE],
    "in_transit": AccountKind.PAYOUT_IN_TRANSIT,
    "reserved": PayoutState.RESERVED,
    "sent": PayoutState.SENT,
    "reversed": PayoutState.REVERSED,
    "currencies": list(EXPONENTS),
    "micro_per_minor": [micro_per_minor(currency) for currency in EXPONENTS],
}
PER_MINOR = "unnest(%(currencies)s::text[], %(micro_per_minor)s::bigint[]) AS c(currency, micro)"

LEDGER = (
    Query(
        "entries balance",
        "Entry {} ({}) is off by {} micro {}.",
        """
        SELECT e.id, e.idempotency_key, sum(p.amount_micro), p.currency
        FROM payouts_entry AS e JOIN payouts_posting AS p ON p.entry_id = e.id
        GROUP BY e.id, p.currency HAVING sum(p.amount_micro) <> 0 ORDER BY e.id
        """,
    ),
    Query(
        "entries balance",
        "Entry {} ({}) has no postings.",
        """
        SELECT id, idempotency_key FROM payouts_entry AS e
        WHERE NOT EXISTS (SELECT FROM payouts_posting AS p WHERE p.entry_id = e.id) ORDER BY id
        """,
    ),
    Query(
        "entries balance",
        "Posting {} is of entry {}, which is not there.",
        """
        SELECT id, entry_id FROM payouts_posting AS p
        WHERE NOT EXISTS (SELECT FROM payouts_entry AS e WHERE e.id = p.entry_id) ORDER BY id
        """,
    ),
    Query(
        "balances are their postings",
        "Account {} ({}) has {} micro {}, but its postings come to {}.",
        """
        SELECT a.id, a.kind, a.balance_micro, a.currency, coalesce(p.total, 0)
        FROM payouts_ledgeraccount AS a
        LEFT JOIN (SELECT account_id, sum(amount_micro) AS total FROM payouts_posting GROUP BY 1) AS p
            ON p.account_id = a.id
        WHERE a.balance_micro <> coalesce(p.total, 0) ORDER BY a.id
        """,
    ),
    Query(
        "nobody is below zero",
        "Account {} ({} of contributor {}) is at {} micro {}; has a floor: {}.",
        """
        SELECT id, kind, contributor_id, balance_micro, currency, is_floored FROM payouts_ledgeraccount
        WHERE kind IN (%(payable)s, %(held)s) AND (balance_micro < 0 OR NOT is_floored) ORDER BY id
        """,
    ),
    Query(
        "closed periods stay closed",
        "Entry {} ({}) was written to {:%Y-%m} after that was closed.",
        """
        SELECT e.id, e.idempotency_key, p.month_on
        FROM payouts_entry AS e JOIN payouts_period AS p ON p.id = e.period_id
        JOIN payouts_auditlink AS written ON written.subject = 'entry' AND written.subject_id = e.id
        JOIN payouts_auditlink AS closed ON closed.subject = 'period_closed' AND closed.subject_id = p.id
        WHERE written.id > closed.id ORDER BY e.id
        """,
    ),
    Query(
        "origin periods are closed",
        "Entry {} ({}) is about {:%Y-%m}, which is {}.",
        """
        SELECT e.id, e.idempotency_key, p.month_on, p.state
        FROM payouts_entry AS e JOIN payouts_period AS p ON p.id = e.origin_period_id
        WHERE p.state <> 'closed' ORDER BY e.id
        """,
    ),
    Query(
        "origin periods are closed",
        "Revenue event {} is about {:%Y-%m}, which is {}.",
        """
        SELECT r.id, p.month_on, p.state
        FROM payouts_revenueevent AS r JOIN payouts_period AS p ON p.id = r.origin_period_id
        WHERE p.state <> 'closed' ORDER BY r.id
        """,
    ),
)
MONTHS = (
    Query(
        "revenue is posted",
        "Entry {} ({}) moves {} micro of cash and {} of fees, but its revenue events have {} gross, {} of it fees.",
        f"""
        SELECT * FROM (
            SELECT e.id, e.idempotency_key, coalesce(posted.cash, 0) AS cash, coalesce(posted.fees, 0) AS fees,
                   coalesce(booked.gross, 0) AS gross, booked.fee
            FROM payouts_entry AS e
            LEFT JOIN (SELECT r.entry_id, sum(r.gross_minor * c.micro) AS gross, sum(r.fee_minor * c.micro)
                              FILTER (WHERE r.kind IN ('download_sale', 'dataset_deal')) AS fee
                       FROM payouts_revenueevent AS r JOIN {PER_MINOR} USING (currency)
                       GROUP BY 1) AS booked ON booked.entry_id = e.id
            LEFT JOIN (SELECT p.entry_id, -sum(p.amount_micro) FILTER (WHERE a.kind = ANY(%(cash)s)) AS cash,
                              -sum(p.amount_micro) FILTER (WHERE a.kind = %(fees)s) AS fees
                       FROM payouts_posting AS p JOIN payouts_ledgeraccount AS a ON a.id = p.account_id
                       GROUP BY 1) AS posted ON posted.entry_id = e.id
            WHERE e.kind = 'sale' OR booked.entry_id IS NOT NULL) AS entry
        WHERE cash + fees <> gross OR fees <> fee ORDER BY id
        """,  # noqa: S608
    ),
    Query(
        "earnings are posted",
        "Entry {} posts {} micro to contributor {} as earned, but their earnings in it are {}.",
        """
        SELECT entry_id, coalesce(posted.total, 0), contributor_id, coalesce(earned.total, 0)
        FROM (SELECT p.entry_id, a.contributor_id, sum(p.amount_micro) AS total
              FROM payouts_posting AS p JOIN payouts_entry AS e ON e.id = p.entry_id AND e.kind = ANY(%(earned)s)
              JOIN payouts_ledgeraccount AS a ON a.id = p.account_id AND a.kind = %(payable)s
              GROUP BY 1, 2) AS posted
        FULL JOIN (SELECT entry_id, contributor_id, sum(amount_micro) AS total
                   FROM payouts_earning GROUP BY 1, 2) AS earned USING (entry_id, contributor_id)
        WHERE posted.total IS DISTINCT FROM earned.total ORDER BY 1, 3
        """,
    ),
    Query(
        "pools are shared out",
        "The pool of {:%Y-%m} is {} micro, {} of it in the common fund and {} of deals, but its earnings are {}, {} "
        "and {}, and the fund kept {} back.",
        """
        SELECT p.month_on, p.pool_micro, p.common_fund_micro, p.deals_micro, e.pool, e.fund, e.deals, netted.total
        FROM payouts_period AS p CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount_micro), 0) AS pool,
                   coalesce(sum(amount_micro) FILTER (WHERE kind = 'common_fund'), 0) AS fund,
                   coalesce(sum(amount_micro) FILTER (WHERE kind = 'dataset_deal'), 0) AS deals
            FROM payouts_earning
            WHERE period_id = p.id AND kind IN ('attribution', 'common_fund', 'dataset_deal')) AS e
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(a.amount_micro), 0) AS total
            FROM payouts_adjustment AS a JOIN payouts_entry ON payouts_entry.id = a.entry_id
            WHERE payouts_entry.period_id = p.id AND a.reason = 'netted') AS netted
        WHERE p.state = 'closed' AND (p.pool_micro, p.common_fund_micro, p.deals_micro)
            IS DISTINCT FROM (e.pool + netted.total, e.fund + netted.total, e.deals) ORDER BY 1
        """,
    ),
    Query(
        "pools are shared out",
        "The downloads of {:%Y-%m} brought {} minor in all, but the closed month says {}.",
        """
        SELECT p.month_on, coalesce(sum(r.gross_minor), 0), p.gross_minor
        FROM payouts_period AS p LEFT JOIN payouts_revenueevent AS r
            ON r.period_id = p.id AND r.origin_period_id IS NULL AND r.download_id IS NOT NULL
        WHERE p.state = 'closed' GROUP BY p.id
        HAVING p.gross_minor IS DISTINCT FROM coalesce(sum(r.gross_minor), 0) ORDER BY 1
        """,
    ),
    Query(
        "statements add up",
        "Contributor {} was told of {:%Y-%m}: it opens with {} micro, but the one before closed with {}.",
        """
        SELECT contributor_id, month_on, opening_micro, closed_micro
        FROM (SELECT s.contributor_id, p.month_on, s.opening_micro,
                     coalesce(lag(s.closing_micro) OVER (PARTITION BY s.contributor_id, p.currency
                                                         ORDER BY p.month_on), 0) AS closed_micro
              FROM payouts_statement AS s JOIN payouts_period AS p ON p.id = s.period_id) AS told
        WHERE opening_micro <> closed_micro ORDER BY 1, 2
        """,
    ),
    Query(
        "statements add up",
        "Contributor {} was told of {:%Y-%m}: it closes with {} micro, but comes to {}.",
        """
        SELECT s.contributor_id, p.month_on, s.closing_micro, opening_micro + earned_micro + adjusted_micro - paid_micro
        FROM payouts_statement AS s JOIN payouts_period AS p ON p.id = s.period_id
        WHERE closing_micro <> opening_micro + earned_micro + adjusted_micro - paid_micro ORDER BY 1, 2
        """,
    ),
)
PAYOUTS = (
    Query(
        "payouts are transfers",
        "Payout {} is {} with {} minor {}, and its transfer has {} minor {}.",
        """
        SELECT p.id, p.state, p.amount_minor, run.currency, t.amount_minor, t.currency
        FROM payouts_payout AS p JOIN payouts_payoutrun AS run ON run.id = p.run_id
        LEFT JOIN payouts_transfer AS t ON t.payout_id = p.id
        WHERE (p.state IN (%(sent)s, %(reversed)s)) <> (t.id IS NOT NULL)
            OR (t.amount_minor, t.currency) <> (p.amount_minor, run.currency) ORDER BY p.id
        """,
    ),
    Query(
        "payouts are transfers",
        "{} micro {} are in transit, but the payouts under way come to {}.",
        f"""
        SELECT coalesce(posted.micro, 0), currency, coalesce(reserved.micro, 0)
        FROM (SELECT currency, balance_micro AS micro FROM payouts_ledgeraccount WHERE kind = %(in_transit)s) AS posted
        FULL JOIN (SELECT currency, sum(p.amount_minor * c.micro) AS micro
                   FROM payouts_payout AS p JOIN payouts_payoutrun AS run ON run.id = p.run_id
                   JOIN {PER_MINOR} USING (currency)
                   WHERE p.state = %(reserved)s GROUP BY 1) AS reserved USING (currency)
        WHERE coalesce(posted.micro, 0) <> coalesce(reserved.micro, 0)
        """,  # noqa: S608
    ),
    Query(
        "payouts are transfers",
        "{} micro {} were posted as sent, but the transfers come to {}.",
        f"""
        SELECT coalesce(posted.micro, 0), currency, coalesce(made.micro, 0)
        FROM (SELECT p.currency, sum(p.amount_micro) AS micro FROM payouts_posting AS p
              JOIN payouts_entry AS e ON e.id = p.entry_id AND e.kind = 'payout_sent'
              JOIN payouts_ledgeraccount AS a ON a.id = p.account_id AND a.kind = %(stripe_balance)s
              GROUP BY 1) AS posted
        FULL JOIN (SELECT currency, sum(t.amount_minor * c.micro) AS micro
                   FROM payouts_transfer AS t JOIN {PER_MINOR} USING (currency) GROUP BY 1) AS made USING (currency)
        WHERE coalesce(posted.micro, 0) <> coalesce(made.micro, 0)
        """,  # noqa: S608
    ),
    Query(
        "payouts are transfers",
        "Payout {} is {} with {} minor sent, {} minor reversed, and {} micro posted as back.",
        f"""
        SELECT t.payout_id, p.state, t.amount_minor, coalesce(back.minor, 0), coalesce(posted.micro, 0)
        FROM payouts_transfer AS t JOIN payouts_payout AS p ON p.id = t.payout_id
        JOIN {PER_MINOR} USING (currency)
        LEFT JOIN (SELECT transfer_id, sum(amount_minor) AS minor
                   FROM payouts_reversal GROUP BY 1) AS back ON back.transfer_id = t.id
        LEFT JOIN (SELECT r.transfer_id, -sum(line.amount_micro) AS micro FROM payouts_reversal AS r
                   JOIN payouts_entry AS e ON e.idempotency_key = 'payout_reversed:' || r.stripe_reversal_id
                   JOIN payouts_posting AS line ON line.entry_id = e.id
                   JOIN payouts_ledgeraccount AS a ON a.id = line.account_id AND a.kind = %(stripe_balance)s
                   GROUP BY 1) AS posted ON posted.transfer_id = t.id
        WHERE coalesce(posted.micro, 0) <> coalesce(back.minor, 0) * c.micro
            OR (p.state = %(reversed)s) <> (coalesce(back.minor, 0) = t.amount_minor)
            OR coalesce(back.minor, 0) > t.amount_minor ORDER BY 1
        """,  # noqa: S608
    ),
    Query(
        "payouts are transfers",
        "Entry {} ({}) gives money back of a transfer, and no reversal is recorded.",
        """
        SELECT e.id, e.idempotency_key FROM payouts_entry AS e WHERE e.kind = 'payout_reversed' AND NOT EXISTS (
            SELECT FROM payouts_reversal AS r WHERE e.idempotency_key = 'payout_reversed:' || r.stripe_reversal_id)
        ORDER BY e.id
        """,
    ),
)
CHAIN = (
    Query(
        "audit chain",
        "Link {} ({} {}) {}.",
        """
        SELECT id, subject, subject_id, CASE
            WHEN sha256 <> expected THEN 'was changed'
            WHEN content IS NULL THEN 'records what is not there any more'
            WHEN content_sha256 <> content THEN 'records it as it was: it was changed since'
            WHEN id <> id_before + 1 THEN format('comes after link %%s: those between are missing', id_before)
            ELSE 'does not follow the link before it' END
        FROM (SELECT link.*, payouts_audit_content(subject, subject_id) AS content,
                     payouts_audit_sha256(link) AS expected, lag(id, 1, 0::bigint) OVER (ORDER BY id) AS id_before,
                     lag(sha256, 1, repeat('0', 64)::varchar) OVER (ORDER BY id) AS sha256_before
              FROM payouts_auditlink AS link) AS chain
        WHERE sha256 <> expected OR content_sha256 IS DISTINCT FROM content
            OR id <> id_before + 1 OR previous_sha256 <> sha256_before
        ORDER BY id
        """,
    ),
    Query(
        "audit chain",
        "There is no link of {} {}.",
        """
        SELECT subject, subject_id FROM (
            SELECT 'entry' AS subject, id AS subject_id FROM payouts_entry
            UNION ALL SELECT 'statement_root', id FROM payouts_statementroot
            UNION ALL SELECT 'period_closing', id FROM payouts_period WHERE state <> 'open'
            UNION ALL SELECT 'period_closed', id FROM payouts_period WHERE state = 'closed') AS recorded
        WHERE NOT EXISTS (SELECT FROM payouts_auditlink AS link
                          WHERE link.subject = recorded.subject AND link.subject_id = recorded.subject_id)
        ORDER BY 1, 2
        """,
    ),
)
QUERIES = LEDGER + MONTHS + PAYOUTS + CHAIN
