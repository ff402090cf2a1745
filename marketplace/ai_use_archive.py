"""The record of AI use of a project as one ZIP: for people, for programs, and with every file that it names."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse

from marketplace.ai_use import Document, licence_record, licences_in
from marketplace.core.canonical import canonical, instant
from marketplace.core.prompts import PromptDecision, PromptOutcome, PromptState, prompt_state
from marketplace.core.terms import Audience
from marketplace.images import decode, derivative
from marketplace.licence_pdf import certificate_as_pdf
from marketplace.licences import grouped, inspiration_rows
from marketplace.model_cards import card_sections
from marketplace.models import Delivery, Generation, Project, ProjectLicence, PromptCheck, TermsAcceptance
from marketplace.prompts.checking import findings_of
from marketplace.prompts.reasons import reason_of
from marketplace.signing import signature_of
from marketplace.terms import terms_of

FORMAT = "tributary-ai-use-record-1"
LICENCES_AT_ONCE = 100
CHUNK_BYTES = 64 * 1024
SHOWN_EDGE = 320
STYLE_SHEET = "marketplace/site.css"
LICENCES_OF_PAGE = b"<!-- licences -->"
LICENCES_OF_DOCUMENT = b'"licences":['
RECORD, SIGNATURE = "record.json", "signature.json"

AddressOf = Callable[[str], str]


class Archive:
    """A ZIP that is being written: says of each file how it is named, its SHA-256 and its size."""

    def __init__(self, zipped: ZipFile, at: datetime) -> None:
        self._zipped = zipped
        self._date_time = at.timetuple()[:6]

    def add(self, name: str, data: Iterable[bytes], compression: int = ZIP_DEFLATED) -> Document:
        """Write a file of which no more than a piece is in memory."""
        info = ZipInfo(name, self._date_time)
        info.compress_type = compression
        sha256, size = hashlib.sha256(), 0
        with self._zipped.open(info, "w") as file:
            for piece in data:
                file.write(piece)
                sha256.update(piece)
                size += len(piece)
        return {"name": name, "sha256": sha256.hexdigest(), "bytes": size}


def write_record(project: Project, address_of: AddressOf, at: datetime) -> IO[bytes]:
    """The ZIP in a temporary file that stands at its beginning; `address_of` makes a whole address of a path.

    However many licences there are, the files of one at a time are in memory. The bytes of the record, which names the
    SHA-256 of every other file, are signed as certificates are. Raises `CannotSign`.
    """
    file = TemporaryFile()  # noqa: SIM115 - whoever asked closes it
    with ZipFile(file, "w") as zipped, TemporaryFile() as records, TemporaryFile() as shown:
        archive = Archive(zipped, at)
        cards: dict[str, str] = {}
        accepted: dict[int, TermsAcceptance] = {}
        count = 0
        for count, licence in enumerate(licences_in(project).iterator(LICENCES_AT_ONCE), 1):
            download, card = licence.download, licence.download.generation.model_card
            if card:
                cards[card.sha256] = card.text
            if terms := getattr(download, "accepted_terms", None):
                accepted[terms.acceptance_id] = terms.acceptance
            certificates = [_add_delivery(archive, one, address_of) for one in download.deliveries.all()]
            facts_of_licence = licence_record(licence) | {"certificates": certificates}
            records.write((b"," if count > 1 else b"") + canonical(facts_of_licence))
            shown.write(_licence_in_words(licence, facts_of_licence).encode())
        facts = {
            "format": FORMAT,
            "made_at": instant(at),
            "project": {"number": project.pk, "name": project.name, "created_at": instant(project.created_at)},
            "customer": project.customer.name,
            "verify_at": address_of(reverse("verify")),
        }
        files = [*_add_cards(archive, cards), *_add_terms(archive, accepted.values())]
        page = {
            "project": project,
            "facts": facts,
            "at": at,
            "count": count,
            "accepted": accepted.values(),
            "cards": [_card_in_words(sha256, json.loads(text)) for sha256, text in cards.items()],
            "files": files,
        }
        files.append(archive.add("record.html", _around(shown, _page(page), LICENCES_OF_PAGE)))
        document = canonical(facts | {"files": files, "licences": []})
        record = b"".join(_around(records, document, LICENCES_OF_DOCUMENT))
        archive.add(RECORD, [record])
        archive.add(SIGNATURE, [json.dumps(signature_of(record), indent=2).encode()])
    file.seek(0)
    return file


def _add_delivery(archive: Archive, delivery: Delivery, address_of: AddressOf) -> Document:
    """Write a file as it was handed out, before anybody altered it, and its certificate."""
    address = address_of(reverse("certificate", args=[delivery.certificate_id]))
    number = grouped(delivery.certificate_id)
    folder = f"licences/{delivery.download_id}"
    paper = certificate_as_pdf(delivery.certificate, address)
    return {
        "number": number,
        "address": address,
        "format": delivery.file_format,
        "delivered_at": instant(delivery.delivered_at),
        "files": [
            archive.add(f"{folder}/{number}.{delivery.file_format.lower()}", _pieces_of(delivery), ZIP_STORED),
            archive.add(f"{folder}/{number}.pdf", [paper]),
            archive.add(f"{folder}/{number}.json", [delivery.certificate.encode()]),
        ],
    }


def _add_cards(archive: Archive, cards: dict[str, str]) -> Iterator[Document]:
    """Write the models' cards in the spelling that is hashed."""
    for sha256, text in cards.items():
        yield archive.add(_card_name(sha256), [text.encode()])


def _add_terms(archive: Archive, accepted: Iterable[TermsAcceptance]) -> Iterator[Document]:
    """Write each version of the terms of use that was accepted."""
    for version in sorted({one.version for one in accepted}):
        yield archive.add(f"terms/{version}.txt", [terms_of(Audience.CUSTOMER, version).text.encode()])


def _licence_in_words(licence: ProjectLicence, record: Document) -> str:
    """The part of the page that is about a licence."""
    generation = licence.download.generation
    check = generation.prompt_check
    context = {
        "download": licence.download,
        "generation": generation,
        "picture": _picture(generation),
        "card_name": _card_name(generation.model_card.sha256) if generation.model_card else "",
        "certificates": record["certificates"],
        "state": _state_of(check) if check else None,
        "people": record["people_check"],
        "reasons": [reason_of(finding) for finding in findings_of(check)] if check else [],
        "inspiration": inspiration_rows(record["inspiration"]) if record["inspiration"] else [],
    }
    return render_to_string("marketplace/_ai_use_licence.html", context)


def _state_of(check: PromptCheck) -> PromptState:
    """Where the prompt stood when it was generated: what is contested is not."""
    decisions = [PromptDecision(review.decision) for review in check.reviews.all()]
    newest = decisions[-1] if decisions else None
    return prompt_state(PromptOutcome(check.outcome), newest, is_contested=False, is_contest_decided=False)


def _card_name(sha256: str) -> str:
    return f"cards/{sha256}.json"


def _card_in_words(sha256: str, card: Document) -> Document:
    """A model's card for the page."""
    return {
        "name": _card_name(sha256),
        "model": card["model"],
        "version": card["version"],
        "sections": card_sections(card),
    }


def _picture(generation: Generation) -> str:
    """The generation in small, as an address that needs no other file."""
    with generation.preview.open("rb") as file:
        small = derivative(decode(file.read()).image, SHOWN_EDGE)
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"


def _page(context: dict[str, Any]) -> bytes:
    """The page around the licences: it needs no other file."""
    style_sheet = finders.find(STYLE_SHEET)
    assert isinstance(style_sheet, str)  # it is part of the source
    return render_to_string(
        "marketplace/ai_use_record.html", context | {"style": Path(style_sheet).read_text()}
    ).encode()


def _around(inside: IO[bytes], frame: bytes, mark: bytes) -> Iterator[bytes]:
    """The frame with a file put in after its mark, which escaped text cannot hold."""
    head, _, foot = frame.partition(mark)
    inside.seek(0)
    yield head + mark
    yield from _pieces(inside)
    yield foot


def _pieces_of(delivery: Delivery) -> Iterator[bytes]:
    with delivery.file.open("rb") as file:
        yield from _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.read, CHUNK_BYTES), b"")
