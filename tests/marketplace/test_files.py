"""A stored file is whole or it is not there, whatever happens while it is written."""

import os
import threading
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.storage import Storage, default_storage

from marketplace import files
from marketplace.files import store

DATA = b"a picture" * 1_000


def written(settings: LazySettings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_write_that_is_cut_off_leaves_no_file_of_that_name_and_the_next_one_is_whole(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(descriptor: int) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="the power went"):
        broken.setattr(os, "fsync", power_cut)
        store("originals", DATA, "")
    assert written(settings) == []
    with default_storage.open(store("originals", DATA, "")) as file:
        assert file.read() == DATA


def test_what_a_killed_writer_left_is_never_taken_for_the_file(settings: LazySettings) -> None:
    name = store("originals", DATA, "")
    path = Path(default_storage.path(name))
    path.rename(path.with_name("tmp0123.partial"))
    path.with_name("tmp0123.partial").write_bytes(DATA[:100])
    assert store("originals", DATA, "") == name
    assert path.read_bytes() == DATA


def test_two_writers_of_the_same_bytes_both_find_the_whole_file(settings: LazySettings) -> None:
    names: list[str] = []
    writers = [threading.Thread(target=lambda: names.append(store("originals", DATA, ".jpg"))) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(set(names)) == 1
    assert len(names) == 4
    (path,) = written(settings)
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o777 == settings.FILE_UPLOAD_PERMISSIONS


def test_a_storage_that_is_no_local_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "default_storage", Storage())
    with pytest.raises(NotImplementedError):
        store("originals", DATA, "")
