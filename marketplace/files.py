"""Files by content: the name is the SHA-256 of the bytes, so the same bytes are stored once and never change."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.core.files.storage import default_storage

from marketplace.images import sha256_hex


def store(folder: str, data: bytes, suffix: str) -> str:
    """Write `data` below `folder` unless it is there already; returns its storage name.

    A file has its name only once all of it is on the disk. Raises `NotImplementedError` for a storage that is no
    local folder.
    """
    digest = sha256_hex(data)
    name = f"{folder}/{digest[:2]}/{digest}{suffix}"
    path = Path(default_storage.path(name))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path, data)
    return name


def _write_whole(path: Path, data: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as partial:
        try:
            partial.write(data)
            partial.flush()
            os.fchmod(partial.fileno(), settings.FILE_UPLOAD_PERMISSIONS)
            os.fsync(partial.fileno())
            os.replace(partial.name, path)
        except BaseException:
            Path(partial.name).unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, is to survive a power cut
    finally:
        os.close(folder)
