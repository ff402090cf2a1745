"""`make bench`: every benchmark, each a table of ratios or of seconds by stage."""

from tests.bench import bench_demo, bench_embedding

for benchmark in (bench_embedding, bench_demo):
    benchmark.main()
