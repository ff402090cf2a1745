"""Write a report of finance to a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payouts.report_queries import REPORTS
from payouts.reports import ReportRefused, as_csv, report_of, write_xlsx


class Command(BaseCommand):
    """`export_report REPORT SPAN FILE`: the file's ending, .csv or .xlsx, says its format."""

    help = "Write payouts, exclusions, statements, the journal or a year's totals to a CSV or XLSX file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("report", choices=list(REPORTS))
        parser.add_argument("span", metavar="SPAN", help="a month such as 2026-10, or a year such as 2026")
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *, report: str, span: str, file: Path, **options: Any) -> None:
        if file.suffix not in (".csv", ".xlsx"):
            raise CommandError(f"{file} ends neither with .csv nor with .xlsx: say which it shall be.")
        unfinished = file.with_name(f"{file.name}.unfinished")
        try:
            asked, when = report_of(report, span)
            if file.suffix == ".xlsx":
                with unfinished.open("wb") as binary:
                    write_xlsx(asked, when, binary)
            else:
                with unfinished.open("w", encoding="utf-8", newline="") as text:
                    text.writelines(as_csv(asked, when))
            unfinished.replace(file)
        except (ReportRefused, OSError) as error:
            raise CommandError(str(error)) from error
        finally:
            unfinished.unlink(missing_ok=True)
        self.stdout.write(f"{file} is written.")
