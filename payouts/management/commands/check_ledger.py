"""Whether the books are right."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.utils import timezone

from marketplace.task_runs import record_run
from payouts.integrity import findings
from payouts.operations import LEDGER_CHECK

SOMETHING_IS_OFF = 1


class Command(BaseCommand):
    """Reads everything and changes none of it; how it ended is shown to operators. The exit code is 1 if it is off."""

    help = "Check the books from their rows: one line for each thing that is off, with the check that found it."

    def handle(self, **options: Any) -> None:
        started_at = timezone.now()
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                # One moment for all checks: what is posted meanwhile is in none of them.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            count = 0
            for finding in findings():
                self.stdout.write(f"{finding.check}: {finding.sentence}")
                count += 1
        problem = f"{count} findings. Stop paying, and find out how each came about." if count else ""
        record_run(LEDGER_CHECK, started_at, timezone.now(), problem)
        if problem:
            self.stderr.write(problem)
            sys.exit(SOMETHING_IS_OFF)
        self.stdout.write("The books are right: nothing was found.")
