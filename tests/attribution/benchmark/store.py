"""Store the benchmark as the shipped encoder sees it, for the gate: python -m tests.attribution.benchmark.store

Takes the photographs of the folder shared/photos beside the project, and what `manage.py benchmark_attribution` has
embedded of them.
"""

import sys
from pathlib import Path

from attribution.benchmark.embedding import KeptEncoder, embed_trial
from attribution.benchmark.photographs import deal_parts, read_folder
from attribution.benchmark.trial import Size, make_trial
from attribution.recipes import find_recipe

ROOT = Path(__file__).resolve().parents[3]
PHOTOS = ROOT.parent / "shared" / "photos"
KEPT = ROOT / ".tributary" / "benchmark" / "embeddings"
STORED = ROOT / "fixtures" / "benchmark" / "compact.npz"


def main() -> None:
    """Write the fixture."""
    trial = make_trial(deal_parts(read_folder(PHOTOS)), Size())
    embed_trial(trial, KeptEncoder(find_recipe("compact"), KEPT)).write(STORED)
    sys.stdout.write(f"{STORED.name}: {STORED.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
