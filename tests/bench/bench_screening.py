"""What screening a file costs beside decoding it.

python -m tests.bench.bench_screening [FILE …]

Without files, it takes the photographs of shared/photos and the files of shared/screening beside the repository or,
where those are absent, drawn works.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from marketplace.images import UnreadableImage, decode
from marketplace.screening import find_signals
from marketplace.screening.fields import read_subject
from tests.bench.fuzz_screening import samples

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
GOAL_MS = 25
TURNS = 3


def main() -> None:
    """Print the CPU that screening takes a file and that of decoding it with Pillow, and their ratio."""
    shared = [*SHARED.glob("screening/*/*"), *SHARED.glob("photos/*.*")]
    paths = [Path(name) for name in sys.argv[1:]] or sorted(shared)
    rows = [row for data in [path.read_bytes() for path in paths] or samples() if (row := _milliseconds(data))]
    decoding, screening = np.array(rows).T
    print(f"| {len(rows)} files | median ms CPU | p95 | goal |\n|---|---|---|---|")
    print(f"| decoding to sRGB | {np.median(decoding):.1f} | {np.percentile(decoding, 95):.1f} | |")
    print(f"| screening besides | {np.median(screening):.1f} | {np.percentile(screening, 95):.1f} | {GOAL_MS} |")
    print(f"| ratio, screening by decoding | {np.median(screening / decoding):.2f} | | |")


def _milliseconds(data: bytes) -> tuple[float, float] | None:
    """CPU of decoding and of all checks, each the best of some turns; None for a file that is not readable."""
    try:
        decoded = decode(data)
    except UnreadableImage:
        return None
    return _best(lambda: decode(data)), _best(lambda: find_signals(read_subject(data, decoded)))


def _best(work: Callable[[], object]) -> float:
    return 1000 * min(_cpu_seconds(work) for _ in range(TURNS))


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
