"""The checks of what was sold through checkout: orders against their sales, and against what is pending."""

from payouts.integrity_queries import PER_MINOR, Query

ORDERS = (
    Query(
        "orders are sales",
        "Order {} was paid with {} minor, {} of it Stripe's fee, and its sale was booked with {} and {}.",
        """
        SELECT o.id, o.price_minor, o.fee_minor, r.gross_minor, r.fee_minor
        FROM payouts_order AS o
        JOIN payouts_revenueevent AS r ON r.download_id = o.download_id AND r.kind = 'download_sale'
        WHERE (o.price_minor, o.fee_minor, o.currency) IS DISTINCT FROM (r.gross_minor, r.fee_minor, r.currency)
        ORDER BY o.id
        """,
    ),
    Query(
        "what is pending is of orders",
        "{} micro {} are pending, but the orders whose money is not available yet come to {}.",
        f"""
        SELECT coalesce(posted.micro, 0), currency, coalesce(waiting.micro, 0)
        FROM (SELECT currency, -balance_micro AS micro FROM payouts_ledgeraccount
              WHERE kind = 'stripe_pending') AS posted
        FULL JOIN (SELECT o.currency, sum((o.price_minor - o.fee_minor) * c.micro) AS micro
                   FROM payouts_order AS o JOIN {PER_MINOR} USING (currency)
                   WHERE o.available_by_id IS NULL AND (o.state = 'refused' OR EXISTS (
                       SELECT FROM payouts_revenueevent AS r
                       WHERE r.download_id = o.download_id AND r.kind = 'download_sale'))
                   GROUP BY 1) AS waiting USING (currency)
        WHERE coalesce(posted.micro, 0) <> coalesce(waiting.micro, 0)
        """,  # noqa: S608
    ),
)
