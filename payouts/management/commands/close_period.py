"""Close a month, or see what closing it would do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import format_micro
from marketplace.core.periods import Month
from payouts.closing import CannotClose, close_period
from payouts.management import arguments
from payouts.previewing import ClosePreview, preview_close


class Command(BaseCommand):
    """`close_period MONTH --by NAME`, which somebody else approves with `approve_close`; or `--dry-run`."""

    help = "The first of two people closes a month that has ended; with --dry-run, print what that would do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", type=arguments.month, metavar="MONTH", help="such as 2026-10")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--by", metavar="NAME", help="the login name of who in finance closes it")
        which.add_argument("--dry-run", action="store_true", help="compute and print everything, and write nothing")

    def handle(self, *, month: Month, by: str | None, **options: Any) -> None:
        at = timezone.now()
        try:
            if by is None:
                self._print(preview_close(month, at))
                return
            close_period(month, arguments.finance_person(by), at)
        except CannotClose as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{month} is closing. Somebody else must approve it now: approve_close {month} --by NAME.")

    def _print(self, preview: ClosePreview) -> None:
        for step in preview.waterfall:
            self.stdout.write(f"{'= ' if step.is_sum else '  '}{format_micro(step.amount_micro):>20} {step.label}")
        earned, netted = format_micro(preview.earned_micro), format_micro(preview.netted_micro)
        self.stdout.write(
            f"{preview.statement_count} statements would be issued, with {earned} {preview.currency} earned, of which "
            f"{netted} would be netted from what contributors owe. Nothing was written."
        )
