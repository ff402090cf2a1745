"""The fields of a file that a mark of a generator can stand in, read once for all signals."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from marketplace.images import DecodedImage
from marketplace.screening.records import read_record
from marketplace.screening.xmp_packets import XmpProperty, read_properties

EXCERPT_CHARACTERS = 200
PILLOW = f"Pillow {version('pillow')}"
DEFUSEDXML = f"defusedxml {version('defusedxml')}"
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
PNG_XMP = "XML:com.adobe.xmp"
RAW_XMP = "Raw profile type xmp"  # as ImageMagick stores it in PNG: a name, a length, then hexadecimal digits
IPTC_TEXTS = {65: "OriginatingProgram", 110: "Credit", 115: "Source", 120: "Description"}
WINDOWS_TEXTS = {0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9E: "XPKeywords", 0x9C9F: "XPSubject"}  # UTF-16-LE


@dataclass(frozen=True)
class TextField:
    """A text in a file: `container` is PNG, EXIF, JPEG, IPTC or XMP, `key` the name that it has there."""

    container: str
    key: str
    value: str

    @property
    def name(self) -> str:
        return f"{self.container} {self.key}"

    @cached_property
    def record(self) -> dict[str, Any]:
        """The JSON object that the text holds, empty where it holds none."""
        return read_record(self.value)


@dataclass(frozen=True)
class Subject:
    """A file under screening: its bytes, its pixels, its texts and its XMP properties."""

    data: bytes
    decoded: DecodedImage
    texts: tuple[TextField, ...]
    xmp: tuple[XmpProperty, ...]

    def texts_named(self, *keys: str) -> Iterator[TextField]:
        """Yield the texts with one of these bare names, wherever they stand."""
        return (text for text in self.texts if text.key in keys)


def read_subject(data: bytes, decoded: DecodedImage) -> Subject:
    """Read the fields of a decoded file. Malformed metadata holds no fields; it is not an error."""
    with warnings.catch_warnings(action="ignore"):
        properties = tuple(found for packet in _xmp_packets(decoded.source) for found in read_properties(packet))
        texts = (
            *_png_texts(decoded),
            *_exif_texts(decoded.source),
            *_comment(decoded.source),
            *_iptc_texts(decoded.source),
            *_xmp_texts(properties),
        )
    return Subject(data, decoded, texts, properties)


def evidence(field: str, value: str, tool: str) -> dict[str, str]:
    """Return the evidence of a signal: where it stands, what stands there (an excerpt), and what read it."""
    return {"field": _excerpt(field), "value": _excerpt(value), "tool": tool}


def _excerpt(text: str) -> str:
    """Shorten a text that others wrote, without what no database and no page can hold (such as zero bytes)."""
    short = text[:EXCERPT_CHARACTERS]
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in short)


def _png_texts(decoded: DecodedImage) -> Iterator[TextField]:
    """Yield PNG text chunks, which are complete only after load(): some writers put them behind the pixels."""
    if decoded.format == "PNG":
        for key, value in decoded.source.info.items():
            if isinstance(key, str) and isinstance(value, str):
                yield TextField("PNG", key, value)


def _exif_texts(source: Image.Image) -> list[TextField]:
    try:
        exif = source.getexif()
        entries = [*exif.items(), *exif.get_ifd(ExifTags.IFD.Exif).items()]
        return [field for tag, value in entries if (field := _exif_text(tag, value))]
    except Exception:  # Pillow's EXIF reader fails in many ways on malformed blocks
        return []


def _exif_text(tag: int, value: object) -> TextField | None:
    if isinstance(value, bytes) and tag == ExifTags.Base.UserComment:
        value = _user_comment(value)
    elif isinstance(value, bytes) and tag in WINDOWS_TEXTS:
        value = value.decode("utf-16-le", "replace")
    if not isinstance(value, str):
        return None
    return TextField("EXIF", WINDOWS_TEXTS.get(tag) or ExifTags.TAGS.get(tag, f"tag {tag}"), value.strip("\0\ufeff"))


def _user_comment(raw: bytes) -> str:
    """Decode EXIF UserComment: eight bytes name the character code, which some writers leave out."""
    code, text = raw[:8], raw[8:]
    if code == b"UNICODE\0":
        big_endian = text[::2].count(0) >= text[1::2].count(0)  # writers disagree on the byte order
        return text.decode("utf-16-be" if big_endian else "utf-16-le", "replace")
    return (text if code in (b"ASCII\0\0\0", bytes(8)) else raw).decode("utf-8", "replace")


def _comment(source: Image.Image) -> Iterator[TextField]:
    comment = source.info.get("comment")
    if isinstance(comment, bytes):
        yield TextField("JPEG", "comment", comment.decode("utf-8", "replace"))


def _iptc_texts(source: ImageFile.ImageFile) -> Iterator[TextField]:
    """Yield the texts of the older IPTC block (IIM) that name a program, a credit or a description."""
    try:
        block = IptcImagePlugin.getiptcinfo(source) or {}
    except Exception:  # Pillow's reader fails in many ways on malformed blocks
        return
    for dataset, key in IPTC_TEXTS.items():
        values = block.get((2, dataset), b"")
        for value in values if isinstance(values, list) else [values]:
            if value:
                yield TextField("IPTC", key, value.decode("utf-8", "replace"))


def _xmp_texts(properties: Iterable[XmpProperty]) -> Iterator[TextField]:
    for found in properties:
        if found.value and not found.nested:
            yield TextField("XMP", found.local_name, found.value)


def _xmp_packets(source: Image.Image) -> list[bytes]:
    """Return every XMP packet; a JPEG may hold several, of which Pillow's info has only the last."""
    packets = [data[len(JPEG_XMP) :] for _, data in getattr(source, "applist", ()) if data.startswith(JPEG_XMP)]
    for stored in (source.info.get("xmp"), source.info.get(PNG_XMP)):
        if isinstance(stored, bytes | str):
            packets.append(stored if isinstance(stored, bytes) else stored.encode(errors="replace"))
    raw = source.info.get(RAW_XMP)
    if isinstance(raw, str):
        packets.append(_from_raw_profile(raw))
    return list(dict.fromkeys(packets))


def _from_raw_profile(text: str) -> bytes:
    try:
        return bytes.fromhex("".join(text.split()[2:]))
    except ValueError:
        return b""
