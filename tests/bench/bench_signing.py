"""What signing a delivered file costs beside saving the same picture, for each format.

python -m tests.bench.bench_signing
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import django
import numpy as np
from PIL import Image

EDGE, TIMES, INSPIRATIONS = 1024, 15, 60
GOAL_MS = 10
UNUSED = {"DATABASE_URL": "postgresql:///unused", "BROKER_URL": "redis://", "SECRET_KEY": "unused", "DEBUG": "true"}


def main() -> None:
    """Sign a picture of 1024 x 1024 pixels in each format, and print a row of medians of CPU time for each."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= UNUSED | {"TRIBUTARY_DATA": folder, "DJANGO_SETTINGS_MODULE": "marketplace.settings"}
        django.setup()
        _print_rows()


def _print_rows() -> None:
    from marketplace.credentials import Made, sign_file
    from marketplace.provenance import DigitalSourceType, ImageFormat, mark_generated

    source_type = DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA
    made = Made(source_type, "sample", "1", datetime(2026, 10, 1, tzinfo=UTC))
    listed = [{"id": f"{place:032x}", "share_ppm": 10_000} for place in range(INSPIRATIONS)]
    said = {"inspirations": listed, "unattributed_ppm": 400_000}
    print(f"\n| signing, {EDGE} x {EDGE} | ms CPU (goal {GOAL_MS}) | saving it, ms CPU | ratio | adds kB |")
    print("|---|---|---|---|---|")
    for file_format in get_args(ImageFormat):
        picture = _picture()

        def save(kind: ImageFormat = file_format, picture: Image.Image = picture) -> bytes:
            return mark_generated(
                picture, source_type=source_type, system="sample", system_version="1", file_format=kind
            )

        file = save()

        def sign(kind: ImageFormat = file_format, file: bytes = file) -> bytes:
            return sign_file(file, kind, made, said)[0]

        added = (len(sign()) - len(file)) / 1000
        signing, saving = _median_ms(sign), _median_ms(save)
        print(f"| {file_format} | {signing:.1f} | {saving:.1f} | {signing / saving:.2f} | {added:.1f} |")


def _picture() -> Image.Image:
    """Coarse and fine noise: about as many bytes as a photograph."""
    rng = np.random.default_rng(1)
    coarse, fine = (
        Image.fromarray(rng.integers(0, 256, (size, size, 3), dtype=np.uint8)).resize((EDGE, EDGE), 3)
        for size in (8, 256)
    )
    return Image.blend(coarse, fine, 0.2)


def _median_ms(act: Callable[[], object]) -> float:
    spent = []
    for _ in range(TIMES):
        begun = time.process_time()
        act()
        spent.append(time.process_time() - begun)
    return statistics.median(spent) * 1000


if __name__ == "__main__":
    main()
