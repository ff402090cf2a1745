"""Generator parameters hidden in the least significant bits of the pixels ("stealth pnginfo").

The bits run down the columns, from alpha or from red, green and blue in turn: a magic word of 15 bytes, the number of
payload bits in four bytes, and the payload, gzipped where the magic word ends in `comp`.
"""

import zlib

import numpy as np
from PIL import Image

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import EXCERPT_CHARACTERS, PILLOW, Subject, evidence

MAGIC_WORDS = {"A": (b"stealth_pnginfo", b"stealth_pngcomp"), "RGB": (b"stealth_rgbinfo", b"stealth_rgbcomp")}
MAGIC_BYTES = 15
LENGTH_BYTES = 4
GZIP = 16 + zlib.MAX_WBITS
READ_BYTES = 2048  # enough for the magic word and an excerpt


def check(subject: Subject) -> list[Signal]:
    """Reject a file whose pixels hide generator parameters."""
    source = subject.decoded.source
    for channels, magic_words in MAGIC_WORDS.items():
        if set(channels) <= set(source.getbands()):
            hidden = _hidden_bytes(source, channels)
            if hidden[:MAGIC_BYTES] in magic_words:
                found = evidence(f"least significant bits of {channels}", _excerpt(hidden), PILLOW)
                return [Signal("stealth_pnginfo", Verdict.REJECT, "stealth_parameters", found)]
    return []


def _hidden_bytes(source: Image.Image, channels: str) -> bytes:
    """Return the first bytes hidden in the channels, most significant bit first."""
    columns = min(source.width, -(-READ_BYTES * 8 // (source.height * len(channels))))
    left = source.crop((0, 0, columns, source.height))
    planes = [np.asarray(left.getchannel(channel)).T for channel in channels]
    return np.packbits(np.stack(planes, axis=-1).ravel() & 1).tobytes()[:READ_BYTES]


def _excerpt(hidden: bytes) -> str:
    magic, payload = hidden[:MAGIC_BYTES], hidden[MAGIC_BYTES + LENGTH_BYTES :]
    if magic.endswith(b"comp"):
        try:
            payload = zlib.decompressobj(GZIP).decompress(payload, EXCERPT_CHARACTERS)
        except zlib.error:
            payload = b""
    return f"{magic.decode()}: {payload.decode('utf-8', 'replace')}"
