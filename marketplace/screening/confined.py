"""Screening in a process of its own, so that a file which breaks a decoder breaks nothing else.

The process knows no secret of ours, and has limits on its memory and its time. What it says comes back as JSON.
"""

import atexit
import json
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from threading import Lock, Timer

from marketplace import screening
from marketplace.images import MAX_BYTES
from marketplace.screening.report import Report, from_json
from marketplace.screening.worker import LENGTH_BYTES

SECONDS = 60.0
FILES_PER_WORKER = 1_000  # then a new one begins: decoders leak
ROOT = Path(__file__).resolve().parent.parent.parent
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG")
FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}  # each reserves memory, which is limited


def screen(data: bytes) -> Report:
    """Screen one file. Never raises for what is in it.

    A file that takes more than 60 seconds or 3 GiB, or stops the program that reads it, is `unreadable`.
    """
    if not data or len(data) > MAX_BYTES:
        return screening.screen(data)  # refused unread
    return _reader(os.getpid()).screen(data)


class Reader:
    """The process that reads files; started when it is first needed, and anew after a file has stopped it."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0
        atexit.register(self.stop)

    def screen(self, data: bytes) -> Report:
        """Have one file screened, at a time."""
        with self._lock:
            process = self._started()
            watchdog = Timer(SECONDS, process.kill)
            watchdog.daemon = True  # nobody who is told to stop waits for it
            began = time.monotonic()
            watchdog.start()
            try:
                answer = _ask(process, data)
            except BaseException:
                self.stop()  # or its answer would be taken for the next file's
                raise
            finally:
                watchdog.cancel()
            if answer is None:
                self.stop()
                return _stopped(in_time=time.monotonic() - began < SECONDS)
            return from_json(json.loads(answer))

    @property
    def pid(self) -> int | None:
        """Of the process that runs now, if any."""
        return self._process.pid if self._process else None

    def stop(self) -> None:
        """End the process, unless it is that of the program which this one was forked from."""
        if self._process is not None and self._pid == os.getpid():
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> "subprocess.Popen[bytes]":
        has_ended = self._process is not None and self._process.poll() is not None  # no fault of the next file
        if has_ended or self._files >= FILES_PER_WORKER:
            self.stop()
        if self._process is None:
            environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} | FEW_THREADS
            command = [sys.executable, "-m", "marketplace.screening.worker"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT
            )
            self._files = 0
        self._files += 1
        return self._process


@cache
def _reader(pid: int) -> Reader:
    """The reader of this process: one that is shared with a fork would answer either of them."""
    return Reader()


def _ask(process: "subprocess.Popen[bytes]", data: bytes) -> bytes | None:
    """The answer about a file; None where the process ended without one."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(len(data).to_bytes(LENGTH_BYTES) + data)
        process.stdin.flush()
    except BrokenPipeError:
        return None
    answer = process.stdout.readline()
    return answer if answer.endswith(b"\n") else None


def _stopped(*, in_time: bool) -> Report:
    if not in_time:
        return screening.unreadable(
            "too_slow", f"Reading the file takes more than {SECONDS:.0f} seconds. Export it again and upload that."
        )
    return screening.unreadable(
        "stops_its_reader", "The file stops the program that reads it, as damaged ones do. Export it again."
    )
