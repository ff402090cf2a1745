"""Free what an encoder that is no longer used takes up."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from attribution.models import Encoder
from attribution.reembed import NotReady, drop_encoder


class Command(BaseCommand):
    """`drop_encoder FINGERPRINT`: of a retired encoder, or of one whose building is given up."""

    help = "Drop an encoder's index, and its vectors where no inspiration list was computed from them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("fingerprint", help="the beginning of it is enough")

    def handle(self, *, fingerprint: str, **options: Any) -> None:
        found = list(Encoder.objects.filter(fingerprint__startswith=fingerprint))
        if len(found) != 1:
            known = ", ".join(f"{encoder} ({encoder.state})" for encoder in Encoder.objects.order_by("pk")) or "none"
            raise CommandError(f"{len(found)} encoders have a fingerprint that begins so. Known: {known}.")
        encoder = found[0]
        try:
            list_count = drop_encoder(encoder)
        except NotReady as error:
            raise CommandError(str(error)) from error
        if list_count:
            self.stdout.write(
                f"The index of {encoder} is dropped. Its vectors are kept: {list_count} inspiration lists were "
                "computed from them, and could not be recomputed without."
            )
        else:
            self.stdout.write(f"The index and the vectors of {encoder} are dropped: no list was computed from them.")
