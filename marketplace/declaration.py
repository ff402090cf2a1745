"""The declaration that contributors sign when they upload: a file for each version, which never changes."""

from dataclasses import dataclass
from pathlib import Path

from marketplace.images import sha256_hex

CURRENT_VERSION = "2026-11"
FOLDER = Path(__file__).parent / "declarations"


@dataclass(frozen=True)
class Declaration:
    """A version of the text, and the SHA-256 of the file that has it."""

    version: str
    text: str
    sha256: str


def current_declaration() -> Declaration:
    """What is signed from now on."""
    data = (FOLDER / f"{CURRENT_VERSION}.txt").read_bytes()
    return Declaration(CURRENT_VERSION, data.decode(), sha256_hex(data))
