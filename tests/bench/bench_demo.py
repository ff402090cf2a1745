"""How long the main job takes from a warm install, and where the time goes.

python -m tests.bench.bench_demo
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RUNS = ("first run: draws its catalogue", "second run: finds it drawn")


def main() -> None:
    """Run the demo twice in a new data folder and print a row for each run."""
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary.json"
        print("| demo | seconds | of these, by stage |\n|---|---|---|")
        for name in RUNS:
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "manage.py", "demo", "--json", str(summary)],
                cwd=REPOSITORY,
                env=os.environ | {"TRIBUTARY_DATA": folder, "ENCODER_RECIPE": "compact"},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            seconds = time.perf_counter() - started
            stages = json.loads(summary.read_text())["seconds"]
            print(f"| {name} | {seconds:.0f} | {', '.join(f'{stage} {spent}' for stage, spent in stages.items())} |")


if __name__ == "__main__":
    main()
