"""`manage.py stripe_sandbox` in a process of its own: started, stopped, killed, refused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from payouts.gateway import InsufficientFunds, StripeGateway
from payouts.sandbox import Sandbox
from tests.payouts.sandbox.client import KEY, ready_account

REPOSITORY = Path(__file__).resolve().parents[3]


@contextmanager
def command(state: Path, ready_file: Path, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    """The command where no database and no broker can be reached; killed at the end."""
    nowhere = {
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "DJANGO_SETTINGS_MODULE": "marketplace.settings",
        "SECRET_KEY": "test",
    }
    arguments = ["stripe_sandbox", "--state", str(state), "--ready-file", str(ready_file), "--port", str(port)]
    child = subprocess.Popen(
        [sys.executable, "-m", "django", *arguments],
        cwd=REPOSITORY,
        env=os.environ | nowhere,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


def url_when_ready(child: subprocess.Popen[str], ready_file: Path) -> str:
    """The base URL, as soon as the command has written it."""
    while not ready_file.exists():
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    return ready_file.read_text()


def send_500(url: str, account_id: str, key: str) -> str:
    """The id of the transfer that this key makes."""
    receipt = StripeGateway(KEY, url).create_transfer(
        amount_minor=500,
        currency="usd",
        stripe_account_id=account_id,
        transfer_group="run",
        metadata={},
        idempotency_key=key,
    )
    return receipt.stripe_transfer_id


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_tells_where_it_listens_and_stops_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    state, ready_file = tmp_path / "stripe.sqlite3", tmp_path / "ready"
    with command(state, ready_file) as child:
        url = url_when_ready(child, ready_file)
        assert StripeGateway(KEY, url).available_minor("usd") == 0
        child.send_signal(stop)
        output, errors = child.communicate(timeout=20)
    assert child.returncode == 0, errors
    assert url in output
    assert sorted(tmp_path.iterdir()) == [state]


def test_a_sandbox_that_is_killed_remembers_what_it_answered(tmp_path: Path) -> None:
    state = tmp_path / "stripe.sqlite3"
    with command(state, tmp_path / "first") as child:
        url = url_when_ready(child, tmp_path / "first")
        gateway = StripeGateway(KEY, url)
        gateway.top_up(900, "usd", idempotency_key="top-up")
        account_id = ready_account(gateway).stripe_account_id
        first = send_500(url, account_id, "k")
        child.kill()
    with command(state, tmp_path / "second") as child:
        url = url_when_ready(child, tmp_path / "second")
        assert send_500(url, account_id, "k") == first
        with pytest.raises(InsufficientFunds):
            send_500(url, account_id, "k+1")
        listed = StripeGateway(KEY, url).list_transfers(transfer_group="run")
        assert [receipt.stripe_transfer_id for receipt in listed] == [first]


def test_the_command_says_why_it_cannot_start(sandbox: Sandbox, tmp_path: Path) -> None:
    taken_port = int(urlsplit(sandbox.url).port or 0)
    ready_file = tmp_path / "ready"
    for state, port, reason in (
        (tmp_path / "other.sqlite3", taken_port, f"cannot listen on port {taken_port}"),
        (tmp_path / "stripe.sqlite3", 0, "cannot be used as the sandbox's state: database is locked"),
    ):
        with command(state, ready_file, port) as child:
            _, errors = child.communicate(timeout=60)
        assert child.returncode == 1
        assert reason in errors
        assert not ready_file.exists()
