"""Whether a record of AI use is ours and unchanged: by its signature, and the SHA-256 of each file that it names."""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _

from marketplace.ai_use_archive import CHUNK_BYTES, RECORD, SIGNATURE
from marketplace.core.canonical import instant_in_words
from marketplace.licences import Document, Section
from marketplace.signing import NotSigned, check_signature, identity, signature_parts

ZIP_BEGINS = b"PK\x03\x04"
"""By which a ZIP is told from a picture that has one at its end."""
NO_RECORD = "This is no record of AI use."
UNREADABLE = (BadZipFile, zlib.error, EOFError, KeyError, OSError, RuntimeError, TypeError, ValueError)


def check_record(file: IO[bytes], most_bytes: int | None = None) -> Document:
    """The record of a ZIP that anybody may have made. Raises `NotSigned`, which names the file that is not as it was.

    It has to have been signed under our root, and each file to be the one that the record names. `most_bytes` is how
    much it may hold when it is unpacked.
    """
    try:
        with ZipFile(file) as zipped:
            if most_bytes is not None and sum(info.file_size for info in zipped.infolist()) > most_bytes:
                raise NotSigned(
                    f"Unpacked, the ZIP has more than {most_bytes // 10**6} MB: check it with your own tools."
                )
            record = _signed_record(zipped)
            _require_files(zipped, record)
    except NotSigned:
        raise
    except UNREADABLE as error:
        raise NotSigned(NO_RECORD) from error
    return record


def _signed_record(zipped: ZipFile) -> Document:
    data = zipped.read(RECORD)
    value, chain = signature_parts(json.loads(zipped.read(SIGNATURE)))
    check_signature(data, value, chain, identity().root)
    return dict(json.loads(data))


def _require_files(zipped: ZipFile, record: Document) -> None:
    named = {one["name"]: one["sha256"] for one in _files_of(record)}
    inside = Counter(zipped.namelist()) - Counter([RECORD, SIGNATURE])
    for name in [*(named.keys() ^ inside.keys()), *(name for name, times in inside.items() if times > 1)]:
        raise NotSigned(f"The record and the files beside it do not fit: {name} is missing, or was put in.")
    for name, sha256 in named.items():
        if _sha256(zipped, name) != sha256:
            raise NotSigned(f"{name} was changed after the record was signed.")


def _files_of(record: Document) -> Iterator[Document]:
    yield from record["files"]
    for licence in record["licences"]:
        for certificate in licence["certificates"]:
            yield from certificate["files"]


def _sha256(zipped: ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with zipped.open(name) as file:
        for piece in iter(partial(file.read, CHUNK_BYTES), b""):
            digest.update(piece)
    return digest.hexdigest()


def record_sections(record: Document) -> list[Section]:
    """What a record that was checked says of itself, in words."""
    rows: list[tuple[str, Any]] = [
        (_("Signature"), _("good, and under our root")),
        (_("Files"), _("%(count)d, each as the record names it") % {"count": sum(1 for _one in _files_of(record))}),
        (_("Record made at"), instant_in_words(record["made_at"])),
        (_("Project"), record["project"]["name"]),
        (_("Customer"), record["customer"]),
        (_("Licences"), ", ".join(str(licence["licence"]["number"]) for licence in record["licences"])),
    ]
    return [(_("Record of AI use"), rows)]
