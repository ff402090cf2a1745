"""Show everything that a file says of itself, and whether we delivered it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.ai_use_checking import ZIP_BEGINS, check_record, record_sections
from marketplace.describing import delivered, describe, verdict_of
from marketplace.images import UnreadableImage
from marketplace.licences import Section, open_seal, sections
from marketplace.signing import NotSigned
from marketplace.verifying import examine


class Command(BaseCommand):
    """`verify_file FILE`: manifest and trust, XMP and IPTC, hashes and delivery; or a certificate, or a record."""

    help = "Show what an image, the JSON of a licence certificate or the ZIP of a record says, and whether it is ours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            found = _found(file)
        except (OSError, UnreadableImage, NotSigned) as error:
            raise CommandError(f"{file}: {error}") from error
        for heading, rows in found:
            self.stdout.write(f"\n{heading}")
            for label, value in rows:
                self.stdout.write(f"  {label}: {value}")


def _found(file: Path) -> list[Section]:
    with file.open("rb") as opened:
        if opened.read(len(ZIP_BEGINS)) == ZIP_BEGINS:
            return record_sections(check_record(opened))
    data = file.read_bytes()
    return _certificate(data) if file.suffix.lower() == ".json" else _image(data)


def _certificate(data: bytes) -> list[Section]:
    return [("Licence certificate", [("Signature", "good, and under our root")]), *sections(open_seal(data))]


def _image(data: bytes) -> list[Section]:
    findings = examine(data)
    headline, meaning = verdict_of(findings)
    return [
        *describe(findings),
        ("Delivery", [("Found", f"{headline} {meaning}")]),
        *((f"Licence {match.delivery.download_id}", delivered(match.delivery)) for match in findings.matches),
    ]
