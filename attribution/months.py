"""The monthly partitions of inspiration lists."""

from datetime import datetime

from django.db import connection
from django.db.models import Max, Min

from marketplace.core.periods import Month
from marketplace.models import Download


def add_months(at: datetime) -> None:
    """Make the partitions that are not there yet, from the month of the first download to the one after `at`.

    To be called outside of a transaction: making one waits for sales and batches under way, and new ones wait for it.
    """
    downloads = Download.objects.aggregate(first=Min("downloaded_at"), last=Max("downloaded_at"))
    first = Month.containing(min(downloads["first"] or at, at))
    last = Month.containing(max(downloads["last"] or at, at)).next
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attribution_add_month(month_on::date) "
            "FROM generate_series(%s::timestamp, %s::timestamp, interval '1 month') AS month_on",
            [str(first.start_at.date()), str(last.start_at.date())],
        )
