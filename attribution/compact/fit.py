"""Fit the compact encoder's statistics on the benchmark's background: pictures that nothing is measured with.

python -m attribution.compact.fit --photos FOLDER
"""

import argparse
from dataclasses import replace
from pathlib import Path

from attribution.benchmark.photographs import deal_parts, read_folder
from attribution.benchmark.trial import Size, background_images
from attribution.encoders import find_recipe, fit_statistics, load_encoder
from attribution.tiles import WHITENED


def main() -> None:
    """Write statistics.npz beside the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs with manifest.csv")
    background = background_images(deal_parts(read_folder(parser.parse_args().photos)), Size())
    encoder = load_encoder(replace(find_recipe("compact"), statistics=None))
    fit_statistics(encoder, background, Path(__file__).with_name("statistics.npz"), WHITENED)


if __name__ == "__main__":
    main()
