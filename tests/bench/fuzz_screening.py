"""Damaged files through the screening of uploads, as strangers would send them: none may crash, hang or fill memory.

python -m tests.bench.fuzz_screening [--inputs 10000] [--seed 1] [FILE …]

Without files, it damages those of shared/screening beside the repository or, where that is absent, drawn works of every
accepted type. Ends with exit code 1 and the seed of each damaged file that broke something.
"""

import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image, PngImagePlugin

from marketplace.images import PILLOW_NAMES
from marketplace.sample_catalogue import STYLES, draw_work
from marketplace.screening import confined
from marketplace.screening.report import Report
from tests.bench.memory import most_held_mib

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "screening"
LARGEST = 700_000  # bytes; larger files take their time in decoding and hold nothing that is read otherwise
HEAD = 4_096  # bytes, where headers and most metadata are
BROKE = {"stops_its_reader", "too_slow", "check_failed"}
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)


def samples() -> list[bytes]:
    """A small file of each accepted type, with metadata that the checks read."""
    image = draw_work(STYLES[0], 1, 128).image
    exif = Image.Exif()
    exif[270], exif[305] = "a duck Job ID: 1", "a program"
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a duck\nSteps: 15, Sampler: Euler a, Seed: 42, Size: 512x512")
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a:RDF xmlns:a='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></x:xmpmeta>"
    own: dict[str, dict[str, object]] = {"PNG": {"pnginfo": info}, "TIFF": {}}
    return [_file(image, name, exif=exif, **own.get(name, {"xmp": xmp})) for name in PILLOW_NAMES.values()]


def _file(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def mutate(data: bytes, other: bytes, random: Random) -> bytes:
    """Damage a file in one to three ways, half of them in its head."""
    damaged = bytearray(data)
    for _ in range(random.randint(1, 3)):
        if damaged:
            random.choice(WAYS)(damaged, other, random)
    return bytes(damaged)


def _place(damaged: bytearray, random: Random) -> int:
    return random.randrange(min(len(damaged), HEAD) if random.random() < 0.5 else len(damaged))


def _flip(damaged: bytearray, other: bytes, random: Random) -> None:
    damaged[_place(damaged, random)] ^= 1 << random.randrange(8)


def _set(damaged: bytearray, other: bytes, random: Random) -> None:
    at = _place(damaged, random)
    value = random.choice(INTERESTING)
    damaged[at : at + random.choice((1, 2, 4))] = bytes([value]) * random.choice((1, 2, 4))


def _cut(damaged: bytearray, other: bytes, random: Random) -> None:
    del damaged[_place(damaged, random) :]


def _drop(damaged: bytearray, other: bytes, random: Random) -> None:
    at = _place(damaged, random)
    del damaged[at : at + random.randint(1, 64)]


def _repeat(damaged: bytearray, other: bytes, random: Random) -> None:
    at = _place(damaged, random)
    damaged[at:at] = damaged[at : at + random.randint(1, 512)] * random.randint(1, 16)


def _splice(damaged: bytearray, other: bytes, random: Random) -> None:
    at, there = _place(damaged, random), random.randrange(len(other))
    damaged[at : at + 256] = other[there : there + random.randint(1, 1024)]


WAYS: tuple[Callable[[bytearray, bytes, Random], None], ...] = (*[_flip, _set] * 3, _cut, _drop, _repeat, _splice)


def damaged_files(files: list[bytes], seeds: range) -> Iterator[tuple[int, bytes]]:
    """For each seed the file that it damages, which can so be made again."""
    for seed in seeds:
        random = Random(seed)
        yield seed, mutate(random.choice(files), random.choice(files), random)


def is_broken(report: Report) -> bool:
    """Whether a file stopped or stalled its reader, or a check of ours failed on it."""
    return not BROKE.isdisjoint(report.reasons)


def main() -> int:
    """Print how many files got which verdict, the slowest one and the most memory held; 1 where one broke something."""
    arguments = ArgumentParser()
    arguments.add_argument("files", nargs="*", type=Path)
    arguments.add_argument("--inputs", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    paths = asked.files or sorted(path for path in SHARED.glob("*/*") if path.stat().st_size <= LARGEST)
    files = [path.read_bytes() for path in paths] or samples()
    reader = confined.Reader()
    verdicts: Counter[str] = Counter()
    slowest, held, broken = 0.0, 0.0, []
    for seed, data in damaged_files(files, range(asked.seed, asked.seed + asked.inputs)):
        started = time.monotonic()
        report = reader.screen(data) if data else confined.screen(data)
        slowest = max(slowest, time.monotonic() - started)
        held = max(held, most_held_mib(reader.pid) if reader.pid else 0.0)
        verdicts[report.verdict] += 1
        if is_broken(report):
            broken.append(f"seed {seed}: {', '.join(report.reasons)} {report.signals[-1].evidence['value']}")
    print("| inputs | verdicts | slowest, s | most memory, MiB | broken |\n|---|---|---|---|---|")
    found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    print(f"| {asked.inputs} of {len(files)} files | {found} | {slowest:.1f} | {held:.0f} | {len(broken)} |")
    print("\n".join(broken))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
