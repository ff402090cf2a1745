"""Files by content: the name is the SHA-256 of the bytes, so the same bytes are stored once and never change."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from marketplace.images import sha256_hex


def store(folder: str, data: bytes, suffix: str) -> str:
    """Write `data` below `folder` unless it is there already; returns its storage name."""
    digest = sha256_hex(data)
    name = f"{folder}/{digest[:2]}/{digest}{suffix}"
    if default_storage.exists(name):
        return name
    return default_storage.save(name, ContentFile(data))
