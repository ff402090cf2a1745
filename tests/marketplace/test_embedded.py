"""The embedded parts: started on demand, shared, out of the network's reach, and gone with their last user."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ
import psycopg
import pytest
from redis import Redis

from marketplace.embedded import PartsUnavailable, _secret_key, _socket_path, data_folder, parts
from tests.builders import make_picture

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


def test_a_listening_server_would_be_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"{server.getsockname()[1]:04X}"
        assert port in [address[-4:] for address in listening(os.getpid())]
    assert port not in [address[-4:] for address in listening(os.getpid())]


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


def database() -> psycopg.Connection[tuple[Any, ...]]:
    """A connection to the database that the settings would read from `DATABASE_URL`."""
    found = environ.Env.db_url_config(os.environ["DATABASE_URL"])
    return psycopg.connect(host=found["HOST"], dbname=found["NAME"], user=found["USER"])


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        input="SELECT 6 * 7;",
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_parts_answer_on_unix_sockets_only_and_leave_nothing_running(folder: Path) -> None:
    with parts():
        with database() as connection:
            row = connection.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
            assert row.fetchone() is not None
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with Redis(unix_socket_path=os.environ["BROKER_URL"].removeprefix("redis+socket://")) as broker:
            assert broker.ping()
        pids = running(folder)
        assert len(pids) >= 2
        assert {pid: addresses for pid in pids if (addresses := listening(pid))} == {}
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
    with parts(), database() as connection:  # what the others left running still answers
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert running(folder)
    leave(last)
    wait_until(lambda: not running(folder))


def test_a_command_finds_its_tables_in_a_database_that_nobody_prepared(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "Ana").mkdir()
    make_picture(1).save(tmp_path / "Ana" / "one.jpg")
    with parts(), database() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    imported = manage("import_catalogue", str(tmp_path))
    assert imported.returncode == 0, imported.stderr
    assert "1 accepted" in imported.stdout


def test_a_command_fails_with_its_own_exit_code_while_another_shares_the_parts(folder: Path) -> None:
    (user,) = start_users(1)
    failed = manage("import_catalogue", "/does/not/exist")
    leave(user)
    assert failed.returncode == 2
    assert failed.stderr.startswith("CommandError: /does/not/exist is neither")


def test_dbshell_reaches_the_database_where_no_psql_is_installed(tmp_path: Path, folder: Path) -> None:
    shell = manage("dbshell", PATH=str(tmp_path))
    assert shell.returncode == 0, shell.stderr
    assert "42" in shell.stdout


def test_a_command_that_is_told_to_stop_while_it_makes_the_database_leaves_a_whole_one(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as fresh:
        environment = os.environ | {"TRIBUTARY_DATA": fresh}
        command = subprocess.Popen([sys.executable, "manage.py", "showmigrations"], cwd=ROOT, env=environment)
        wait_until(lambda: Path(fresh, "postgres", "base").exists())  # initdb is at work
        command.terminate()
        assert command.wait() == 128 + signal.SIGTERM
        assert running(Path(fresh)) == set()
        assert manage("showmigrations", TRIBUTARY_DATA=fresh).returncode == 0


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


def test_commands_that_start_at_once_agree_on_the_secret_key_and_none_reads_half_of_it(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    with ThreadPoolExecutor(8) as commands:
        keys = set(commands.map(lambda _: _secret_key(file), range(8)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert list(tmp_path.iterdir()) == [file]


def test_the_data_folder_is_known_by_its_whole_path_to_programs_that_run_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "BROKER_URL"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIBUTARY_DATA", "data")
    with parts():
        assert os.environ["TRIBUTARY_DATA"] == str(tmp_path.resolve() / "data")


def test_the_broker_of_a_deep_folder_has_its_socket_in_a_private_folder_and_in_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    deep = tmp_path / ("deep" * 30)
    private = _socket_path(deep).parent
    assert private.parent == tmp_path
    assert private.stat().st_mode & 0o777 == 0o700
    private.chmod(0o755)
    with pytest.raises(PartsUnavailable, match="not a folder that you alone can use"):
        _socket_path(deep)
