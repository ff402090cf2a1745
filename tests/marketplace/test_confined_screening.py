"""A file that breaks what reads it breaks nothing else: it is read without secrets, in limited memory and time."""

import os
import signal
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from marketplace.core.verdicts import Verdict
from marketplace.screening import confined, screen
from marketplace.screening.worker import MEMORY_BYTES
from tests.builders import jpeg_bytes, make_picture


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[confined.Reader]:
    """A reader of its own, that has read a file."""
    reader = confined.Reader()
    monkeypatch.setattr(confined, "_reader", lambda pid: reader)
    confined.screen(jpeg_bytes(make_picture()))
    yield reader
    reader.stop()


def _pid(reader: confined.Reader) -> int:
    assert reader.pid is not None
    return reader.pid


def _slow_file() -> bytes:
    out = BytesIO()
    Image.new("RGB", (6000, 6000)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def test_what_is_found_there_is_what_would_be_found_here() -> None:
    data = jpeg_bytes(make_picture(width=200, height=120))
    report = confined.screen(data)
    assert report == screen(data)
    assert report.picture is not None
    assert Image.open(BytesIO(report.picture.thumbnail)).size == (200, 120)
    for refused in (b"", b"<svg/>", data[:-200]):
        assert confined.screen(refused) == screen(refused)


def test_the_program_that_reads_uploads_knows_no_secret(
    reader: confined.Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.stop()
    monkeypatch.setenv("STRIPE_API_KEY", "a secret")
    confined.screen(jpeg_bytes(make_picture()))
    environment = Path(f"/proc/{_pid(reader)}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"a secret" not in environment


def test_it_has_limits_on_its_memory_and_writes_no_file(reader: confined.Reader) -> None:
    limits = Path(f"/proc/{_pid(reader)}/limits").read_text()
    line = {name: row.split() for row in limits.splitlines() for name in [row[:26].strip()]}
    assert line["Max address space"][3:5] == [str(MEMORY_BYTES)] * 2
    assert line["Max file size"][3:5] == ["0", "0"]
    assert line["Max core file size"][4:6] == ["0", "0"]


def test_a_file_that_kills_its_reader_is_unreadable_and_the_next_one_is_read(reader: confined.Reader) -> None:
    killer = threading.Timer(0.1, os.kill, [_pid(reader), signal.SIGKILL])
    slow = _slow_file()
    killer.start()
    report = confined.screen(slow)
    assert (report.verdict, report.reasons, report.picture) == (Verdict.UNREADABLE, ("stops_its_reader",), None)
    assert confined.screen(jpeg_bytes(make_picture())).verdict is Verdict.ACCEPT


def test_a_file_is_not_blamed_for_a_reader_that_ended_before_it_came(reader: confined.Reader) -> None:
    first = _pid(reader)
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert confined.screen(jpeg_bytes(make_picture())).verdict is Verdict.ACCEPT
    assert _pid(reader) != first


def test_a_file_that_takes_too_long_is_unreadable_and_the_next_one_is_read(
    reader: confined.Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "SECONDS", 0.01)
    report = confined.screen(_slow_file())
    assert (report.verdict, report.reasons) == (Verdict.UNREADABLE, ("too_slow",))
    assert report.signals[0].evidence["value"].startswith("Reading the file takes more than")
    monkeypatch.undo()
    assert confined.screen(jpeg_bytes(make_picture())).verdict is Verdict.ACCEPT


def test_after_a_number_of_files_a_new_program_reads_on(
    reader: confined.Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _pid(reader)
    confined.screen(jpeg_bytes(make_picture()))
    assert _pid(reader) == first
    monkeypatch.setattr(confined, "FILES_PER_WORKER", 2)
    confined.screen(jpeg_bytes(make_picture()))
    assert _pid(reader) != first
    assert not Path(f"/proc/{first}").exists()


def test_a_fork_has_a_reader_of_its_own() -> None:
    assert confined._reader(os.getpid()) is confined._reader(os.getpid())
    assert confined._reader(os.getpid()) is not confined._reader(os.getppid())


class ToldToStop(BaseException):
    """What a signal raises in the middle of anything."""


def test_who_is_stopped_while_a_file_is_read_waits_for_nothing_and_the_next_file_gets_its_own_answer(
    reader: confined.Reader,
) -> None:
    def stop(*_: object) -> None:
        raise ToldToStop

    slow = _slow_file()
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(ToldToStop):
            confined.screen(slow)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert [one for one in threading.enumerate() if not one.daemon] == [threading.main_thread()]
    picture = confined.screen(jpeg_bytes(make_picture(width=200, height=120))).picture
    assert picture is not None
    assert (picture.width, picture.height) == (200, 120)
