"""`make bench`: every benchmark, each a table of ratios or of seconds by stage.

python -m tests.bench [--images 200000] [--downloads 20000]
"""

import subprocess
import sys
from argparse import ArgumentParser

from tests.bench import bench_attribution, bench_demo, bench_embedding

parser = ArgumentParser()
bench_attribution.add_sizes(parser)
sizes = vars(parser.parse_args())
bench_embedding.main()
bench_attribution.main(**sizes)
# They have databases of their own, and Django takes one in a program.
for name in ("bench_preview", "bench_duplicates"):
    subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=True)
bench_demo.main()
