"""Accept or reject a contributor's tax form."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payouts.core.tax_forms import TaxFormKind
from payouts.management.arguments import add_by, contributor_numbered, finance_person
from payouts.tax_forms import TaxFormRefused, record_tax_form


class Command(BaseCommand):
    """`record_tax_form CONTRIBUTOR KIND --received DATE [--valid-until DATE] [--rejected WHY] --by NAME`."""

    help = "Accept or reject a contributor's tax form: the newest record of theirs says whether they are paid."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contributor_id", type=int, metavar="CONTRIBUTOR", help="the number of the contributor")
        parser.add_argument("kind", choices=[kind.name.lower() for kind in TaxFormKind])
        parser.add_argument("--received", required=True, type=date.fromisoformat, metavar="DATE")
        parser.add_argument("--valid-until", type=date.fromisoformat, metavar="DATE", help="its last day, if it ends")
        parser.add_argument("--rejected", default="", metavar="WHY", help="reject it; the contributor reads why")
        add_by(parser)

    def handle(self, *, contributor_id: int, kind: str, by: str, **options: Any) -> None:
        contributor, person = contributor_numbered(contributor_id), finance_person(by)
        dates = options["received"], options["valid_until"]
        try:
            review = record_tax_form(
                contributor, TaxFormKind[kind.upper()], *dates, options["rejected"], person, timezone.now()
            )
        except TaxFormRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{review} of {contributor}: {'accepted' if review.is_accepted else 'rejected'}.")
