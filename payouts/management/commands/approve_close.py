"""Approve the closing of a month."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import format_micro
from marketplace.core.periods import Month
from payouts.closing import CannotClose, approve_close
from payouts.management import arguments


class Command(BaseCommand):
    """`approve_close MONTH --by NAME`. All of it or nothing is done: where it was stopped, run it again."""

    help = "The second person approves a closing month: its pool is split, earnings are posted and statements issued."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", type=arguments.month, metavar="MONTH", help="such as 2026-10")
        arguments.add_by(parser)

    def handle(self, *, month: Month, by: str, **options: Any) -> None:
        try:
            period = approve_close(month, arguments.finance_person(by), timezone.now(), tell=self.stdout.write)
        except CannotClose as error:
            raise CommandError(str(error)) from error
        assert period.pool_micro is not None
        count = period.statement_root.statement_count
        pool = f"{format_micro(period.pool_micro)} {period.currency}"
        self.stdout.write(f"{month} is closed for good: a pool of {pool}, {count} statements.")
