"""The period of all accounts: one UTC month, from its first instant up to the first instant of the next."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_FORMAT = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_MONTHS = 12
_LAST_YEAR = 9998  # the end of a month is the start of the next, which must still be a datetime


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC; months compare in order of time and print as '2026-11'."""

    year: int
    month: int

    def __post_init__(self) -> None:
        """Raise ValueError for a month that no calendar has."""
        if not (1 <= self.month <= _MONTHS and 1 <= self.year <= _LAST_YEAR):
            raise ValueError(f"No such month: year {self.year}, month {self.month}.")

    @classmethod
    def containing(cls, at: datetime) -> Self:
        """Return the UTC month in which an instant falls; raise ValueError if `at` has no time zone."""
        if at.utcoffset() is None:
            raise ValueError(f"{at.isoformat()} has no time zone; give an aware datetime.")
        in_utc = at.astimezone(UTC)
        return cls(in_utc.year, in_utc.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read '2026-11'; raise ValueError for any other form."""
        match = _FORMAT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a month; write it as YYYY-MM, for example 2026-11.")
        return cls(int(match[1]), int(match[2]))

    @property
    def start_at(self) -> datetime:
        """The first instant, UTC."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end_at(self) -> datetime:
        """The first instant after the month, UTC: not part of it."""
        return datetime(self.year + self.month // _MONTHS, self.month % _MONTHS + 1, 1, tzinfo=UTC)

    @property
    def next(self) -> Self:
        """The month after."""
        return self._shifted(1)

    @property
    def previous(self) -> Self:
        """The month before."""
        return self._shifted(-1)

    def _shifted(self, months: int) -> Self:
        year, month_index = divmod(self.year * _MONTHS + self.month - 1 + months, _MONTHS)
        return type(self)(year, month_index + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
