"""The checks of what changes after a month is closed, or before money leaves: adjustments, debts and holds."""

from payouts.integrity_queries import Query

CORRECTIONS = (
    Query(
        "adjustments are posted",
        "Entry {} changes what contributor {} is owed by {} micro, but their adjustments in it come to {}.",
        """
        SELECT entry_id, contributor_id, coalesce(posted.total, 0), coalesce(recorded.total, 0)
        FROM (SELECT p.entry_id, a.contributor_id, sum(p.amount_micro) AS total
              FROM payouts_posting AS p JOIN payouts_ledgeraccount AS a ON a.id = p.account_id
              JOIN payouts_entry AS e ON e.id = p.entry_id AND e.kind IN ('refund', 'dispute_lost', 'adjustment')
              WHERE a.contributor_id IS NOT NULL GROUP BY 1, 2) AS posted
        FULL JOIN (SELECT entry_id, contributor_id, sum(amount_micro) AS total
                   FROM payouts_adjustment WHERE contributor_id IS NOT NULL GROUP BY 1, 2) AS recorded
            USING (entry_id, contributor_id)
        WHERE coalesce(posted.total, 0) <> coalesce(recorded.total, 0) ORDER BY 1, 2
        """,
    ),
    Query(
        "common funds are their adjustments",
        "The common fund has {} micro {} beside what was shared, but its adjustments come to {}.",
        """
        SELECT coalesce(posted.total, 0), currency, coalesce(recorded.total, 0)
        FROM (SELECT currency, balance_micro AS total FROM payouts_ledgeraccount WHERE kind = %(common_fund)s) AS posted
        FULL JOIN (SELECT period.currency, sum(a.amount_micro) AS total
                   FROM payouts_adjustment AS a JOIN payouts_entry AS e ON e.id = a.entry_id
                   JOIN payouts_period AS period ON period.id = e.period_id
                   WHERE a.training_set_id IS NOT NULL GROUP BY 1) AS recorded USING (currency)
        WHERE coalesce(posted.total, 0) <> coalesce(recorded.total, 0)
        """,
    ),
    Query(
        "receivables are debts",
        "Account {} (receivable of contributor {}) is at {} micro {}: nobody owes less than nothing.",
        """
        SELECT id, contributor_id, balance_micro, currency FROM payouts_ledgeraccount
        WHERE kind = %(receivable)s AND balance_micro > 0 ORDER BY id
        """,
    ),
    Query(
        "what is held has a reason",
        "Contributor {} has {} micro {} on hold, but their holds come to {}.",
        """
        SELECT contributor_id, coalesce(posted.total, 0), currency, coalesce(placed.total, 0)
        FROM (SELECT contributor_id, currency, balance_micro AS total
              FROM payouts_ledgeraccount WHERE kind = %(held)s) AS posted
        FULL JOIN (SELECT contributor_id, currency, sum(amount_micro) AS total FROM payouts_hold AS h
                   WHERE NOT EXISTS (SELECT FROM payouts_holdend AS ended WHERE ended.hold_id = h.id)
                   GROUP BY 1, 2) AS placed USING (contributor_id, currency)
        WHERE coalesce(posted.total, 0) <> coalesce(placed.total, 0) ORDER BY 1
        """,
    ),
    Query(
        "no more goes back than was paid",
        "Of download {}, {} of {} minor units are left.",
        """
        SELECT download_id, sum(gross_minor), sum(gross_minor) FILTER (WHERE kind = 'download_sale') AS paid
        FROM payouts_revenueevent WHERE download_id IS NOT NULL GROUP BY 1
        HAVING sum(gross_minor) NOT BETWEEN 0 AND sum(gross_minor) FILTER (WHERE kind = 'download_sale') ORDER BY 1
        """,
    ),
)
