"""`make bench`: every benchmark, each a table of ratios or of seconds by stage.

python -m tests.bench [--images 200000] [--downloads 20000] [--contributors 100000] [--month-downloads 1000000]
"""

import subprocess
import sys
from argparse import ArgumentParser

from tests.bench import bench_attribution, bench_close, bench_demo, bench_embedding

attributed, closed = ArgumentParser(add_help=False), ArgumentParser(add_help=False)
bench_attribution.add_sizes(attributed)
bench_close.add_sizes(closed)
ArgumentParser(parents=[attributed, closed]).parse_args()
sizes, to_close = attributed.parse_known_args()
bench_embedding.main()
bench_attribution.main(**vars(sizes))
# These have databases or settings of their own, and Django takes one of each in a program.
for name in ("bench_preview", "bench_duplicates", "bench_screening", "bench_signing", "bench_pages"):
    subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=True)
subprocess.run([sys.executable, "-m", "tests.bench.bench_close", *to_close], check=True)
bench_demo.main()
