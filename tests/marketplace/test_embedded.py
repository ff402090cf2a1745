"""The embedded parts: started on demand, shared, out of the network's reach, and gone with their last user."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from marketplace.embedded import data_folder, parts

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="there is no /proc to read on this system")

ROOT = Path(__file__).resolve().parents[2]
TCP_LISTENING = "0A"
GONE_WITHIN_SECONDS = 10

USER = """
import sys
from marketplace.embedded import parts
with parts():
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One data folder for all of these tests, since making a database takes seconds.

    It is not below pytest's own folder: who runs as root has a database that runs as somebody else, and is kept out.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve()


@pytest.fixture
def folder(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder, and none of the URLs that this test run has."""
    monkeypatch.setenv("TRIBUTARY_DATA", str(data))
    for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "DEBUG", "TRIBUTARY_EMBEDDED"):
        monkeypatch.delenv(name, raising=False)
    yield data
    for pid in running(data):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def running(folder: Path) -> set[int]:
    """The processes that work in the data folder."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if os.readlink(entry / "cwd").startswith(str(folder)):
                    found.add(int(entry.name))
            except OSError:  # it ended, or is somebody else's
                continue
    return found


def listening(pid: int) -> list[str]:
    """The TCP addresses, of either family, that a process listens on; none where it has ended."""
    sockets = set()
    with suppress(FileNotFoundError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed just now
                sockets.add(os.readlink(descriptor))
    tables = [Path(f"/proc/net/{family}").read_text() for family in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()]
    return [row[1] for row in rows if row[3] == TCP_LISTENING and f"socket:[{row[9]}]" in sockets]


def test_a_listening_process_would_be_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert [address[-4:] for address in listening(os.getpid())] == [f"{server.getsockname()[1]:04X}"]


def wait_until(condition: Callable[[], bool]) -> None:
    waited_until = time.monotonic() + GONE_WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < waited_until, "it did not happen in time"
        time.sleep(0.05)


def start_users(count: int) -> list[subprocess.Popen[str]]:
    """Commands that use the parts, started all at once."""
    users = [
        subprocess.Popen(
            [sys.executable, "-c", USER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "ready\n"
    return users


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate("", timeout=GONE_WITHIN_SECONDS)
    assert user.returncode == 0


def test_the_parts_answer_on_unix_sockets_only_and_leave_no_process(folder: Path) -> None:
    with parts():
        with psycopg.connect(os.environ["DATABASE_URL"]) as database:
            row = database.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
            assert row.fetchone() is not None
            assert database.execute("SHOW listen_addresses").fetchone() == ("",)
        with Redis(unix_socket_path=os.environ["BROKER_URL"].removeprefix("redis+socket://")) as broker:
            assert broker.ping()
        processes = running(folder)
        assert len(processes) >= 2
        assert {pid: addresses for pid in processes if (addresses := listening(pid))} == {}
        assert os.environ["TRIBUTARY_EMBEDDED"] == "true"
    assert not {"DATABASE_URL", "BROKER_URL", "TRIBUTARY_EMBEDDED"} & os.environ.keys()
    wait_until(lambda: not running(folder))


def test_two_commands_share_the_parts_a_killed_one_is_not_counted_and_the_last_one_stops_them(folder: Path) -> None:
    first, killed, last = start_users(3)
    shared = running(folder)
    leave(first)
    assert running(folder) == shared
    killed.kill()
    killed.communicate()
    with parts(), psycopg.connect(os.environ["DATABASE_URL"]) as database:  # what the others left running still answers
        assert database.execute("SELECT 1").fetchone() == (1,)
    assert running(folder)
    leave(last)
    wait_until(lambda: not running(folder))


def test_parts_that_urls_name_are_neither_started_nor_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere:6379/0")
    with parts():
        assert running(folder) == set()
        assert "TRIBUTARY_EMBEDDED" not in os.environ
    assert os.environ["DATABASE_URL"] == "postgresql://elsewhere/db"
    assert os.environ["BROKER_URL"] == "redis://elsewhere:6379/0"


def test_the_secret_key_is_made_once_and_readable_by_its_owner_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere:6379/0")
    keys = []
    for _ in range(2):
        monkeypatch.delenv("SECRET_KEY", raising=False)
        with parts():
            keys.append(os.environ["SECRET_KEY"])
    assert keys[0] == keys[1]
    assert len(keys[0]) >= 50
    assert (data_folder() / "secret_key").stat().st_mode & 0o777 == 0o600
