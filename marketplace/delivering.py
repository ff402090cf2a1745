"""Handing out what was licensed: the file is signed once for each format, and logged with its licence certificate."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from marketplace.credentials import Made, sign_file
from marketplace.files import store
from marketplace.generating import source_type_of
from marketplace.images import DecodedImage, decode, sha256_hex
from marketplace.licences import licence_document, seal
from marketplace.models import Delivery, Download
from marketplace.near_hashes import perceptual_hash
from marketplace.provenance import ImageFormat, mark_generated

EXTENSIONS: dict[str, ImageFormat] = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
MEANING = "Resemblance within an image embedding; no proof that an image was used."
OPAQUE_DIGITS = 32
CERTIFICATE_BYTES = 10


@dataclass(frozen=True)
class DownloadShares:
    """What attribution says of a download: the shares of assets in order of rank and the remainder, all in ppm."""

    method: str
    encoder: str
    shares_ppm: Mapping[int, int]
    unattributed_ppm: int


@dataclass(frozen=True)
class KnownMarks:
    """How many known marks of others the picture was searched for before the sale, and how many it seemed to show."""

    looked_for: int
    found: int


def deliver(
    download: Download,
    file_format: ImageFormat,
    shares: DownloadShares | None,
    at: datetime,
    marks: KnownMarks | None = None,
) -> Delivery:
    """The signed file of a download in one format; signed and logged when it is first asked for.

    `shares` is None where they cannot be computed, which the file then says, and `marks` where none was looked for.
    Raises `CannotSign`.
    """
    known = Delivery.objects.filter(download=download, file_format=file_format).first()
    if known is not None:
        return known
    generation = download.generation
    with generation.file.open("rb") as original:
        data = original.read()
    decoded = decode(data)
    made, inspiration = _made(download), inspiration_assertion(download, shares)
    signed, label = sign_file(_unsigned(data, decoded, file_format, made), file_format, made, inspiration)
    hash_ = perceptual_hash(decoded.image)
    certificate_id = base64.b32encode(secrets.token_bytes(CERTIFICATE_BYTES)).decode()
    delivered = {
        "format": file_format,
        "sha256": sha256_hex(signed),
        "perceptual_hash": f"{hash_ % 2**64:016x}",
        "manifest": label,
    }
    document = licence_document(download, delivered, inspiration, certificate_id, at)
    document |= {"known_marks": asdict(marks) if marks else None}
    delivery, _ = Delivery.objects.get_or_create(
        download=download,
        file_format=file_format,
        defaults={
            "file": store("deliveries", signed, f".{file_format.lower()}"),
            "sha256": delivered["sha256"],
            "perceptual_hash": hash_,
            "manifest_label": label,
            "certificate_id": certificate_id,
            "certificate": seal(document),
            "delivered_at": at,
        },
    )
    return delivery


def inspiration_assertion(download: Download, shares: DownloadShares | None) -> dict[str, Any]:
    """What the file says of its inspiration list: shares, each with an id that nobody can trace without our key.

    An asset has another id in every download, so that files cannot be searched for one that they share.
    """
    if shares is None:
        return {"meaning": "The shares of this image could not be computed."}
    return {
        "meaning": MEANING,
        "method": shares.method,
        "encoder": shares.encoder,
        "inspirations": [
            {"id": opaque_id(download.pk, asset_id), "share_ppm": share_ppm}
            for asset_id, share_ppm in shares.shares_ppm.items()
        ],
        "unattributed_ppm": shares.unattributed_ppm,
    }


def opaque_id(download_id: int, asset_id: int) -> str:
    """32 hexadecimal digits that stand for an asset in the files of one download."""
    keyed = salted_hmac("marketplace.delivering.opaque_id", f"{download_id}:{asset_id}", algorithm="sha256")
    return keyed.hexdigest()[:OPAQUE_DIGITS]


def _made(download: Download) -> Made:
    model = download.generation.generator_model
    return Made(source_type_of(model), model.name, model.version, download.generation.generated_at)


def _unsigned(data: bytes, decoded: DecodedImage, file_format: ImageFormat, made: Made) -> bytes:
    """The generation's file as it is, which is marked already, or encoded and marked in another format."""
    if decoded.format == file_format:
        return data
    return mark_generated(
        decoded.image,
        source_type=made.source_type,
        system=made.system,
        system_version=made.system_version,
        file_format=file_format,
    )
