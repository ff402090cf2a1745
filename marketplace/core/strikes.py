"""Strikes: whoever uploads generated images again and again cannot upload for a while."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class StrikesRule:
    """So many strikes within so many days suspend uploads for so many days, from the last of them on."""

    strikes: int
    within_days: int
    suspended_days: int

    def __str__(self) -> str:
        return (
            f"{self.strikes} uploads rejected as generated within {self.within_days} days suspend uploads for "
            f"{self.suspended_days} days. An appeal that is won takes its strike back."
        )


def suspended_until(strikes_at: Iterable[datetime], rule: StrikesRule, at: datetime) -> datetime | None:
    """Until when, not included, uploads are suspended at that time by the strikes up to then; None where they are not.

    Strikes that lie exactly `within_days` apart count together.
    """
    ordered = sorted(strike_at for strike_at in strikes_at if strike_at <= at)
    pairs = zip(ordered, ordered[rule.strikes - 1 :], strict=False)
    within = timedelta(days=rule.within_days)
    ends = [last + timedelta(days=rule.suspended_days) for first, last in pairs if last - first <= within]
    return max((end for end in ends if at < end), default=None)
