"""What a file says of itself, and whether it is one that we handed out: by its bytes, its manifest or its looks.

Files come from anybody. None is kept, reading one opens no connection, and more pixels than a delivery can have several
times over are refused before they are decoded.
"""

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

from django.db import connection
from PIL import Image, ImageOps

from marketplace.credentials import Credentials, CredentialsUnreadable, read_credentials
from marketplace.images import PILLOW_NAMES, DecodedImage, UnreadableImage, decode, sha256_hex
from marketplace.models import Delivery
from marketplace.near_hashes import flips_within, near_hashes, perceptual_hash
from marketplace.screening import confined
from marketplace.screening.fields import TextField, read_subject
from marketplace.screening.xmp_packets import XmpProperty

MOST_BYTES = 32_000_000
MOST_PIXELS = 40_000_000
HASH_BITS = 6
"""Of 64 that may differ: as many as for one of our own generations among uploads."""
MOST_ALIKE = 5
SIGNED_BY_OTHERS = ("signingCredential.untrusted", "claimSignature.mismatch", "signingCredential.invalid")

NEAR = near_hashes("marketplace_delivery", "perceptual_hash", "id")
ALIKE = f"""
    SELECT DISTINCT ON (download.generation_id) near.id, near.distance
    FROM ({NEAR}) AS near
    JOIN marketplace_delivery AS delivery ON delivery.id = near.id
    JOIN marketplace_download AS download ON download.id = delivery.download_id
    WHERE near.distance <= %(bits)s ORDER BY download.generation_id, near.distance, near.id
"""  # noqa: S608 -- of constants only


class FoundBy(StrEnum):
    """What a delivery was found by."""

    BYTES = "bytes"
    """Every byte is as we handed it out."""
    MANIFEST = "manifest"
    """It holds our manifest, now or in its history, but its bytes are others."""
    LOOKS = "looks"
    """Its picture looks like one of ours; nothing in the file says so."""


@dataclass(frozen=True)
class Match:
    """A delivery that a file was found to be, and in how many of 64 bits the perceptual hashes differ.

    `distance` is None where hashes were not compared, since the bytes are the same.
    """

    delivery: Delivery
    found_by: FoundBy
    distance: int | None

    @property
    def looks_alike(self) -> bool:
        """Whether the picture still looks like what was handed out."""
        return self.distance is None or self.distance <= HASH_BITS


@dataclass(frozen=True)
class Findings:
    """All that a file says. `credentials` are None where it has none, `unreadable` says why some cannot be read."""

    sha256: str
    perceptual_hash: int
    decoded: DecodedImage
    credentials: Credentials | None
    unreadable: str
    xmp: tuple[XmpProperty, ...]
    texts: tuple[TextField, ...]
    matches: tuple[Match, ...]


def examine(data: bytes) -> Findings:
    """Read a file of anybody's and look for it among deliveries. Raises `UnreadableImage` that says what is wrong."""
    _refuse_too_large(data)
    refuse_unreadable(data)
    decoded = decode(data)
    subject = read_subject(data, decoded)
    credentials, unreadable = None, ""
    try:
        credentials = read_credentials(data, decoded.format)
    except CredentialsUnreadable as error:
        unreadable = str(error)
    return Findings(
        sha256=sha256_hex(data),
        perceptual_hash=perceptual_hash(decoded.image),
        decoded=decoded,
        credentials=credentials,
        unreadable=unreadable,
        xmp=subject.xmp,
        texts=subject.texts,
        matches=_matches(data, decoded.image, credentials),
    )


def _refuse_too_large(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise UnreadableImage(
            "too_large_bytes",
            f"The file has {len(data) / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB can be checked here.",
        )
    try:
        with Image.open(BytesIO(data), formats=list(PILLOW_NAMES.values())) as header:
            pixels = header.width * header.height
    except Exception:  # `decode` says what is wrong with it
        return
    if pixels > MOST_PIXELS:
        raise UnreadableImage(
            "too_many_pixels",
            f"The picture has {pixels / 1e6:.0f} megapixels; at most {MOST_PIXELS / 1e6:.0f} can be checked here.",
        )


def refuse_unreadable(data: bytes) -> None:
    """Raise `UnreadableImage`; a file that breaks a decoder breaks it in a program of its own, not here."""
    report = confined.screen(data)
    if report.picture is None:
        raise UnreadableImage(report.reasons[0], report.signals[0].evidence["value"])


def _matches(data: bytes, image: Image.Image, credentials: Credentials | None) -> tuple[Match, ...]:
    """What the bytes find, else what the manifest finds, else what the looks find."""
    deliveries = Delivery.objects.select_related("download__generation__generator_model")
    same = deliveries.filter(sha256=sha256_hex(data)).first()
    if same is not None:
        return (Match(same, FoundBy.BYTES, None),)
    hashes = [perceptual_hash(image), perceptual_hash(ImageOps.mirror(image))]
    if credentials is not None:
        named = deliveries.filter(manifest_label__in=_labels(credentials))[:MOST_ALIKE]
        if named:
            return tuple(Match(one, FoundBy.MANIFEST, _distance(one, hashes)) for one in named)
    alike = _alike(hashes)
    found = deliveries.in_bulk(alike)
    return tuple(Match(found[pk], FoundBy.LOOKS, distance) for pk, distance in alike.items())


def _labels(credentials: Credentials) -> frozenset[str]:
    """The manifests that a file can be found by: not one that bears the label of ours and was signed by others."""
    forged = any(failure.startswith(SIGNED_BY_OTHERS) for failure in credentials.failures)
    return credentials.labels - {credentials.label} if forged else credentials.labels


def _alike(hashes: list[int]) -> dict[int, int]:
    """The nearest delivery of each generation that looks like one of the hashes, the nearest first: ids, distances."""
    with connection.cursor() as cursor:
        cursor.execute(ALIKE, {"ways": hashes, "bits": HASH_BITS, **flips_within(HASH_BITS)})
        nearest = sorted(cursor.fetchall(), key=lambda row: (row[1], row[0]))
    return dict(nearest[:MOST_ALIKE])


def _distance(delivery: Delivery, hashes: list[int]) -> int:
    return min(((delivery.perceptual_hash ^ one) % 2**64).bit_count() for one in hashes)
