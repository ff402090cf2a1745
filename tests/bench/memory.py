"""What a management command takes in memory."""

import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MIB = 1024  # KiB
LOOK_EVERY_SECONDS = 0.05


def manage(*command: str) -> float:
    """Run `manage.py` with these words in a process of its own; returns the most memory that it held, in MiB."""
    program = subprocess.Popen([sys.executable, "manage.py", *command], cwd=REPOSITORY, stdout=sys.stderr)
    peak_mib = 0.0
    while program.poll() is None:
        peak_mib = max(peak_mib, most_held_mib(program.pid))
        time.sleep(LOOK_EVERY_SECONDS)
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, program.args)
    return peak_mib


def most_held_mib(pid: int) -> float:
    """The most memory that a running program held so far; 0 once it has ended.

    Not from its resource usage: that starts at what the program that started it held, and would hide any less.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    held = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(held[0].split()[1]) / MIB if held else 0.0
