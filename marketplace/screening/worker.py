"""The program that reads the files of strangers: `python -m marketplace.screening.worker`, started by `confined`.

It takes one file after another from its input, each behind its length, and answers each with a line of JSON. Before
it reads any, it gives up all memory beyond the limit, writing files, and dumping its memory to disk when it dies.
"""

import json
import os
import resource
import sys
from typing import BinaryIO

from marketplace.screening import screen
from marketplace.screening.report import as_json

LENGTH_BYTES = 8
MEMORY_BYTES = 3 * 1024**3  # the largest picture that is accepted takes 2.4 GB on its way to a preview


def main() -> None:
    """Answer until the input ends. Whatever a library prints goes to the error output, not into the answers."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for limit, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
            resource.setrlimit(limit, (most, most))
        while data := _next_file(sys.stdin.buffer):
            answers.write(json.dumps(as_json(screen(data))).encode() + b"\n")
            answers.flush()


def _next_file(files: BinaryIO) -> bytes:
    """The next file; nothing where the input has ended."""
    return files.read(int.from_bytes(files.read(LENGTH_BYTES)))


if __name__ == "__main__":
    main()
