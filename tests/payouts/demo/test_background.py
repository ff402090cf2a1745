"""The programs beside a command end with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from payouts.demo.background import BackgroundFailed, running

ROOT = Path(__file__).resolve().parents[3]
GONE_WITHIN_SECONDS = 10

# A program that does not stop when asked and starts another such, as a Celery worker does; both show the marker.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
while True:
    time.sleep(60)
"""
COMMAND = """
import sys, time
import django
django.setup()
from payouts.demo.background import running
with running("stubborn", ["-c", sys.argv[1], sys.argv[2]]):
    print("ready", flush=True)
    time.sleep(60)
"""


def shown_by(marker: str) -> list[psutil.Process]:
    return [one for one in psutil.process_iter(["cmdline"]) if marker in (one.info["cmdline"] or ())]


def wait_for(count: int, marker: str) -> None:
    waited_until = time.monotonic() + GONE_WITHIN_SECONDS
    while len(found := shown_by(marker)) != count:
        assert time.monotonic() < waited_until, f"{found}, not {count}"
        time.sleep(0.05)


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[str]:
    yield f"marker-of-{tmp_path.name}"
    for left in shown_by(f"marker-of-{tmp_path.name}"):
        left.kill()


@pytest.fixture
def _own_logs(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_FOLDER = tmp_path


def test_a_program_and_what_it_started_end_with_a_command_that_is_killed(marker: str, tmp_path: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, STUBBORN, marker],
        cwd=ROOT,
        env=os.environ | {"TRIBUTARY_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "marketplace.settings"},
        stdout=subprocess.PIPE,
    )
    assert command.stdout is not None
    assert command.stdout.readline() == b"ready\n"
    wait_for(4, marker)  # the command, the leash, the program and its child
    command.send_signal(signal.SIGKILL)
    command.communicate()
    wait_for(0, marker)


@pytest.mark.usefixtures("_own_logs")
def test_a_program_that_does_not_stop_when_asked_is_ended_with_its_children(
    marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payouts.demo.background.STOP_SECONDS", 0.2)
    with running("stubborn", ["-c", STUBBORN, marker]) as background:
        wait_for(3, marker)
        background.require_running()
    wait_for(0, marker)


@pytest.mark.usefixtures("_own_logs")
@pytest.mark.parametrize(("program", "code"), [("exit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)])
def test_a_program_that_ended_is_reported_with_its_code_and_its_log(program: str, code: int, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "failing.log"
    with running("failing", ["-c", program]) as background:
        waited_until = time.monotonic() + GONE_WITHIN_SECONDS
        with pytest.raises(BackgroundFailed, match=f"The failing ended with code {code}; its log: {log}"):
            while time.monotonic() < waited_until:
                background.require_running()
                time.sleep(0.05)
