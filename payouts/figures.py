"""A contributor's charts: what months earned, what the days of one brought, what an image earned, a statement."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import formats
from marketplace.charts import SUM, Chart, Mark, chart, line, shares, stacked_bars, waterfall
from marketplace.core.money import MICRO_DIGITS
from marketplace.core.periods import Month
from payouts.models import Period, Statement

MONTHS = 12
ByMonth = Mapping[date, Mapping[str, int]]


def whole_units(amount_micro: int) -> Decimal:
    """Micro-units in whole units of the currency, as charts draw them."""
    return Decimal(amount_micro).scaleb(-MICRO_DIGITS)


def months_chart(by_month: ByMonth, currency: str) -> Chart | None:
    """From the first month that earned to the last, twelve at most, stacked by the words of what was earned how.

    A single month is drawn by those words, and only said where it has one; None where nothing was earned.
    """
    totals = {on: sum(by_kind.values()) for on, by_kind in by_month.items() if any(by_kind.values())}
    if not totals:
        return None
    months = _months_between(min(totals), max(totals))
    kinds = list(dict.fromkeys(kind for on in months for kind, micro in by_month.get(on, {}).items() if micro))
    best_on = max(months, key=lambda on: totals.get(on, 0))
    sentence = ngettext(
        "%(total)s in %(month)s.", "%(total)s in %(count)s months; the best was %(month)s with %(best)s.", len(months)
    ) % {
        "total": formats.micro_amount(sum(totals.get(on, 0) for on in months), currency),
        "count": len(months),
        "month": formats.month(best_on),
        "best": formats.micro_amount(totals[best_on], currency),
    }
    marks = [
        Mark(formats.short_month(on), whole_units(micro), formats.micro_amount(micro, currency), kind)
        for on in months
        for kind, micro in ((kind, by_month.get(on, {}).get(kind, 0)) for kind in kinds)
    ]
    if len(months) > 1:
        return chart(stacked_bars, marks, sentence)
    if len(kinds) > 1:
        return chart(shares, [mark._replace(place=mark.kind, kind="") for mark in marks], sentence)
    return Chart(SafeString(), sentence, [])


def _months_between(first_on: date, last_on: date) -> list[date]:
    """The months from one to the other, the last twelve of them."""
    month, months = Month(last_on.year, last_on.month), [last_on]
    while months[-1] > first_on and len(months) < MONTHS:
        month = month.previous
        months.append(month.start_at.date())
    return months[::-1]


def days_chart(period: Period, by_day: Mapping[date, int], today: date) -> Chart | None:
    """Each day of a month, as far as it has come; None where no day brought anything."""
    if not by_day:
        return None
    month = period.month
    first_on, last_on = month.start_at.date(), min(today, month.end_at.date() - timedelta(days=1))
    days = {first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1)} | by_day.keys()
    amounts = [(on, by_day.get(on, 0)) for on in sorted(days)]
    marks = [
        Mark(str(on.day), whole_units(micro), formats.micro_amount(micro, period.currency)) for on, micro in amounts
    ]
    sentence = ngettext(
        "%(month)s: %(total)s on %(count)s day.", "%(month)s: %(total)s on %(count)s days.", len(by_day)
    ) % {
        "month": formats.month(period.month_on),
        "total": formats.micro_amount(sum(by_day.values()), period.currency),
        "count": len(by_day),
    }
    return chart(line, marks, sentence)


def statement_chart(one: Statement) -> Chart | None:
    """From opening to closing."""
    currency = one.period.currency
    steps = [
        (_("Opening"), one.opening_micro, SUM),
        (_("Earned"), one.earned_micro, ""),
        (_("Adjusted"), one.adjusted_micro, ""),
        (_("Paid"), -one.paid_micro, ""),
        (_("Closing"), one.closing_micro, SUM),
    ]
    marks = [
        Mark(place, whole_units(micro), formats.micro_amount(micro, currency), kind) for place, micro, kind in steps
    ]
    sentence = _("From %(opening)s at the beginning of the month to %(closing)s at its end.") % {
        "opening": formats.micro_amount(one.opening_micro, currency),
        "closing": formats.micro_amount(one.closing_micro, currency),
    }
    return chart(waterfall, marks, sentence)
