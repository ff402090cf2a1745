"""Files for finance: one header, a row for each line and one footer, as CSV or XLSX, however long they become.

Rows are read, written and forgotten a few thousand at a time. Amounts are decimals and counts integers, never floats.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import connection

from marketplace.core.money import exponent_of
from marketplace.core.periods import Month
from payouts.report_queries import REPORTS, Report

if TYPE_CHECKING:
    from pandas import DataFrame

ROWS_AT_ONCE = 5_000
ROWS_OF_A_SHEET = 1_048_576
FORMULA_STARTS = ("=", "+", "-", "@")
YEAR_DIGITS = 4


class ReportRefused(ValueError):
    """There is no such report; the message says why and what to ask for."""


class Span(NamedTuple):
    """A month or a year, in UTC: from its start until before its end."""

    label: str
    start_at: datetime
    end_at: datetime

    @property
    def is_a_year(self) -> bool:
        """Whether it is a calendar year."""
        return len(self.label) == YEAR_DIGITS


def span_of(label: str) -> Span:
    """A month such as 2026-10 or a year such as 2026. Raises `ReportRefused`."""
    try:
        first, last = (f"{label}-01", f"{label}-12") if len(label) == YEAR_DIGITS else (label, label)
        return Span(label, Month.parse(first).start_at, Month.parse(last).end_at)
    except ValueError as error:
        raise ReportRefused(f"{label!r} is no month or year: give one such as 2026-10 or 2026.") from error


def report_of(name: str, label: str) -> tuple[Report, Span]:
    """A report by its name, and its span by its label. Raises `ReportRefused`."""
    if name not in REPORTS:
        raise ReportRefused(f"There is no report {name!r}: ask for one of {', '.join(REPORTS)}.")
    report, span = REPORTS[name], span_of(label)
    if report.is_of_a_year and not span.is_a_year:
        raise ReportRefused(f"{name} are of a year: give one such as {label[:YEAR_DIGITS]}.")
    return report, span


def as_csv(report: Report, span: Span) -> Iterator[str]:
    """The file in parts, made while it is read: `.` decimals, ISO dates, UTC."""
    for frame in _with_ends(report, span):
        yield frame.to_csv(index=False, header=False, lineterminator="\n")


def write_xlsx(report: Report, span: Span, file: IO[bytes]) -> None:
    """Write the file as a workbook of one sheet. Raises `ReportRefused` where it has more rows than a sheet holds."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(report.name)
    written = 0
    for frame in _with_ends(report, span):
        written += len(frame)
        if written > ROWS_OF_A_SHEET:
            sheet.close()
            raise ReportRefused(f"{report.name} of {span.label} has more rows than a sheet: take CSV, or a month.")
        for row in frame.itertuples(index=False, name=None):
            sheet.append(row)
    book.save(file)


def _with_ends(report: Report, span: Span) -> Iterator["DataFrame"]:
    """The header, the rows some at a time, and the footer with their count and the sums of what is summed."""
    count = 0
    totals: dict[str, Any] = dict.fromkeys(report.summed, 0)
    yield _frame(report, [report.columns])
    for rows in _rows(report, span):
        frame = _frame(report, [tuple(map(harmless, row)) for row in rows])
        count += len(frame)
        totals = {column: sum(frame[column].dropna(), total) for column, total in totals.items()}
        yield frame
    first = {report.columns[0]: f"total of {count} row{'' if count == 1 else 's'}"}
    yield _frame(report, [tuple((first | totals).get(column) for column in report.columns)])


def _frame(report: Report, rows: list[tuple[Any, ...]]) -> "DataFrame":
    from pandas import DataFrame

    # Objects, so that no integer or decimal becomes a float beside a missing one.
    return DataFrame(rows, columns=list(report.columns), dtype=object)


def harmless(cell: Any) -> Any:
    """The cell, so that no spreadsheet runs a name as a formula (https://owasp.org/www-community/attacks/CSV_Injection).

    An apostrophe before it makes it text. What cannot be printed, such as a tab before a formula, becomes a space.
    """
    if not isinstance(cell, str):
        return cell
    text = "".join(letter if letter.isprintable() else " " for letter in cell)
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) else text


def _rows(report: Report, span: Span) -> Iterator[list[tuple[Any, ...]]]:
    currency = settings.SETTLEMENT_CURRENCY
    known: dict[str, Any] = {
        "currency": currency,
        "exponent": exponent_of(currency),
        "start_at": span.start_at,
        "end_at": span.end_at,
        "start_on": span.start_at.date(),
        "end_on": span.end_at.date(),
    }
    with connection.chunked_cursor() as cursor:
        cursor.execute(report.sql, known)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows
