"""One benchmark: a catalogue, derived pictures with their true shares for tuning and for testing, and attacks."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from attribution.benchmark.derive import EASY, VARIANTS, blend, collage, inpaint
from attribution.benchmark.photographs import Parts, open_small
from attribution.benchmark.retraining import Ppm, Retraining, retrain
from attribution.compact.pictures import Photograph
from marketplace.core.ppm import WHOLE_PPM
from marketplace.sample_catalogue import STYLES, draw_work

FAMILIES = ("collage 2", "collage 3", "collage 4", "blend 2", "blend 3", "inpainted", "single", "unrelated")
ATTACKED = "collage 3"
COPIES = 20
DRAWN_FROM = 2_000_000
"""Works of each style from this number on are background: in no catalogue, and never trained on."""
WINDOWS = 4

Images = list[Image.Image]


@dataclass(frozen=True)
class Size:
    """How many pictures are made; `single` is for each easy change, `queries` for each other family."""

    single: int = 4
    queries: int = 24
    tuning_single: int = 2
    tuning_queries: int = 10
    attacks: int = 4
    halves: int = 48
    drawn_background: int = 7


@dataclass(frozen=True)
class Query:
    """A derived picture; `truth_ppm` maps assets to their true shares, the rest is nobody's."""

    family: str
    image: Image.Image
    truth_ppm: Ppm


@dataclass(frozen=True)
class Attack:
    """Variants of one true source of the test query at `query`, uploaded later than the rest of the catalogue."""

    query: int
    asset: int
    variants: Images


@dataclass(frozen=True)
class Trial:
    """Assets are numbered by their place in `catalogue`, which is also the order of first ingest."""

    catalogue: Images
    authors: list[str]
    tuning: list[Query]
    test: list[Query]
    attacks: list[Attack]
    retraining: Retraining


def make_trial(parts: Parts, size: Size) -> Trial:
    """The same parts and sizes give the same pictures."""
    listed = catalogued(parts)
    catalogue = [open_small(photograph) for photograph in listed]
    own = range(len(parts.sources))
    tuning_own = range(len(own), len(own) + len(parts.tuning_sources))
    test = make_queries("test", catalogue, own, open_all(parts.outside), size.single, size.queries)
    tuning = make_queries(
        "tuning", catalogue, tuning_own, open_all(parts.tuning_outside), size.tuning_single, size.tuning_queries
    )
    authors = [photograph.author for photograph in listed]
    attacks = _attacks(catalogue, test, size.attacks)
    return Trial(catalogue, authors, tuning, test, attacks, retrain(catalogue, size.halves))


def catalogued(parts: Parts) -> list[Photograph]:
    """The photographs of the catalogue, in its order."""
    return [*parts.sources, *parts.tuning_sources, *parts.bystanders]


def background_images(parts: Parts, size: Size) -> Images:
    """What an encoder may fit its statistics on: photographs, windows of them, and drawn works."""
    photographs = open_all(parts.background)
    rng = random.Random("background")  # noqa: S311 -- repeatable, not secret
    windows = [_window(image, rng) for image in photographs for _ in range(WINDOWS)]
    numbers = range(DRAWN_FROM, DRAWN_FROM + size.drawn_background)
    return photographs + windows + [draw_work(style, number).image for style in STYLES for number in numbers]


def make_queries(
    side: str,
    catalogue: Images,
    own: Sequence[int],
    outside: Images,
    single: int,
    queries: int,
    changes: Sequence[str] = tuple(EASY),
    families: Sequence[str] = FAMILIES,
) -> list[Query]:
    """Pictures derived from the assets `own`, so many `single` of each change and `queries` of each other family; and
    the pictures `outside`, unrelated. The same `side` and sizes give the same pictures."""
    made = []
    for change in changes:
        for number in range(single):
            rng = random.Random(f"{side}/{change}/{number}")  # noqa: S311 -- repeatable, not secret
            asset = rng.choice(own)
            made.append(Query("single", EASY[change](catalogue[asset], rng), {asset: WHOLE_PPM}))
    for family in families:
        made += [
            _compose(family, catalogue, own, outside, random.Random(f"{side}/{family}/{number}"))  # noqa: S311
            for number in range(queries)
            if family not in ("single", "unrelated")
        ]
    return made + [Query("unrelated", image, {}) for image in outside]


def _compose(family: str, catalogue: Images, own: Sequence[int], outside: Images, rng: random.Random) -> Query:
    kind, _, count = family.partition(" ")
    assets = rng.sample(own, int(count or 1))
    sources = [catalogue[asset] for asset in assets]
    if kind == "inpainted":
        image, shares = inpaint(sources[0], rng.choice(outside), rng)
    else:
        image, shares = (collage if kind == "collage" else blend)(sources, rng)
    return Query(family, image, dict(zip(assets, shares, strict=True)))


def _attacks(catalogue: Images, test: list[Query], count: int) -> list[Attack]:
    attacks = []
    for query in [number for number, each in enumerate(test) if each.family == ATTACKED][:count]:
        rng = random.Random(f"attack/{query}")  # noqa: S311 -- repeatable, not secret
        asset = min(test[query].truth_ppm)
        variants = [VARIANTS[number % len(VARIANTS)](catalogue[asset], rng) for number in range(COPIES)]
        attacks.append(Attack(query, asset, variants))
    return attacks


def open_all(photographs: Sequence[Photograph]) -> Images:
    """Each as it is worked with."""
    return [open_small(photograph) for photograph in photographs]


def _window(image: Image.Image, rng: random.Random) -> Image.Image:
    edge = round(min(image.size) * rng.uniform(0.5, 0.8))
    left, top = rng.randint(0, image.width - edge), rng.randint(0, image.height - edge)
    return image.crop((left, top, left + edge, top + edge))
