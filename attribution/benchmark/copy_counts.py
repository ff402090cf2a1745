"""What is counted of pictures beside a catalogue: which copies are found, by what, and which pictures by mistake."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, methodcaller

from attribution.core.copies import Rate, Tier, rate_of

NEAR = "near copy"
FLAGS = {NEAR: {Tier.NEAR_COPY}, "near or possible copy": {Tier.NEAR_COPY, Tier.POSSIBLE_COPY}}

Assets = frozenset[int]


@dataclass(frozen=True)
class Compared:
    """A picture beside the catalogue: which assets it is from, and which it is found to be from.

    At ingest it is compared with `by_hash` and, by encoder, `by_embedding`, and is proved to be a copy of `copied`. For
    the copy check, `nearest` is the shortlist by encoder, and `tiers` what each asset gives, were it on it.
    """

    family: str
    name: str
    sources: Assets
    by_hash: Assets
    by_embedding: Mapping[str, Assets]
    copied: Assets
    nearest: Mapping[str, Assets]
    tiers: Mapping[int, Tier]

    def embedded(self, encoder: str) -> Assets:
        """What the embedding finds alike at ingest."""
        return self.by_embedding[encoder]

    def recognised(self, encoder: str) -> Assets:
        """What it counts as a copy of."""
        return (self.by_hash | self.by_embedding[encoder]) & self.copied

    def shortlisted(self, encoder: str) -> Assets:
        """What the copy check compares it with."""
        return self.nearest[encoder]

    def would_flag(self, flag: str) -> Assets:
        """What it is flagged for if it is compared with all."""
        return frozenset(asset for asset, tier in self.tiers.items() if tier in FLAGS[flag])

    def flagged(self, flag: str, encoder: str) -> Assets:
        """What it is flagged for."""
        return self.would_flag(flag) & self.nearest[encoder]


Column = Callable[[Compared], Assets]


@dataclass(frozen=True)
class Row:
    """For how many pictures of a family each column has one source or more."""

    family: str
    pictures: int
    counts: dict[str, int]


@dataclass(frozen=True)
class FalseFlags:
    """How often different pictures are taken for copies, and which these are."""

    what: str
    rate: Rate
    names: list[str]


def ingest_columns(encoders: Iterable[str]) -> dict[str, Column]:
    """What is counted of changed copies that come in."""
    columns: dict[str, Column] = {"by hash": attrgetter("by_hash")}
    columns |= {f"by {encoder}": methodcaller("embedded", encoder) for encoder in encoders}
    columns |= {"proved, if compared": attrgetter("copied")}
    return columns | {f"recognised with {encoder}": methodcaller("recognised", encoder) for encoder in encoders}


def check_columns(encoders: Iterable[str]) -> dict[str, Column]:
    """What is counted of generations that hold sources."""
    columns: dict[str, Column] = {"alike by hash": attrgetter("by_hash")}
    columns |= {f"on the shortlist by {encoder}": methodcaller("shortlisted", encoder) for encoder in encoders}
    for flag in FLAGS:
        columns[f"{flag}, if compared"] = methodcaller("would_flag", flag)
        columns |= {f"{flag} with {encoder}": methodcaller("flagged", flag, encoder) for encoder in encoders}
    return columns


def count(compared: Sequence[Compared], columns: Mapping[str, Column]) -> list[Row]:
    """A row for each family, in the order in which they come."""
    rows = []
    for family in dict.fromkeys(picture.family for picture in compared):
        own = [picture for picture in compared if picture.family == family]
        rows.append(
            Row(
                family,
                len(own),
                {name: sum(bool(of(one) & one.sources) for one in own) for name, of in columns.items()},
            )
        )
    return rows


def false_flags(what: str, compared: Sequence[Compared], of: Column) -> FalseFlags:
    """The pictures for which a column has what is not a source."""
    names = [one.name for one in compared if of(one) - one.sources]
    return FalseFlags(what, rate_of(len(names), len(compared)), names)
