"""Run a program for as long as whoever started it lives; then end it and all that it started. Needs no Django.

python leash.py PROGRAM ARGUMENT…, in a session of its own and with a pipe from the starter as standard input.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the program, hand a request to stop on to it, and end with its exit code."""
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: program.terminate())
    threading.Thread(target=_end_with_starter, daemon=True).start()
    code = program.wait()
    return code if code >= 0 else 128 - code


def _end_with_starter() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing is ever written: the pipe closes when the starter ends, however it ends
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
