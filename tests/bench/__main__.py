"""`make bench`: every benchmark, each a table of ratios or of seconds by stage.

python -m tests.bench [--images 200000] [--downloads 20000]
"""

from argparse import ArgumentParser

from tests.bench import bench_attribution, bench_demo, bench_embedding

parser = ArgumentParser()
bench_attribution.add_sizes(parser)
sizes = vars(parser.parse_args())
bench_embedding.main()
bench_attribution.main(**sizes)
bench_demo.main()
