"""Try a policy on the last closed month."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.core.money import Money, format_micro
from payouts.policy_preview import Change, Outcome, PreviewRefused, preview_policy


class Command(BaseCommand):
    """`preview_policy --contributor-rate-ppm RATE --threshold-minor THRESHOLD`: nothing is written."""

    help = "Print how the last closed month would have been shared by another policy, and for whom most changes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--contributor-rate-ppm", type=int, required=True, metavar="RATE")
        parser.add_argument("--threshold-minor", type=int, required=True, metavar="THRESHOLD")

    def handle(self, *, contributor_rate_ppm: int, threshold_minor: int, **options: Any) -> None:
        try:
            preview = preview_policy(contributor_rate_ppm, threshold_minor)
        except PreviewRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{preview.month} in {preview.currency}, as it was shared and as it would have been:")
        for outcome in (preview.before, preview.after):
            self.stdout.write(self._told(outcome, preview.currency))
        for title, changes in (("Most gained", preview.winners), ("Most lost", preview.losers)):
            self.stdout.write(f"{title}: {'; '.join(map(self._changed, changes)) or 'by nobody'}")
        self.stdout.write("Nothing was written. A policy is added on the page of policies.")

    def _told(self, outcome: Outcome, currency: str) -> str:
        reached = f"{outcome.reached_count} earned {Money(outcome.threshold_minor, currency)} or more"
        return (
            f"  rate {outcome.contributor_rate_ppm} ppm: {format_micro(outcome.pool_micro)} to contributors, "
            f"{format_micro(outcome.platform_micro)} to the platform; {reached}"
        )

    def _changed(self, change: Change) -> str:
        before, after = format_micro(change.before_micro), format_micro(change.after_micro)
        return f"{change.name} ({change.contributor_id}) {before} to {after}"
