"""Every figure on copies counts what it says, and nothing that is a source is called a false alarm."""

from pathlib import Path
from random import Random

import pytest

from attribution.benchmark import copying
from attribution.benchmark.copy_counts import (
    Compared,
    FalseFlags,
    Row,
    check_columns,
    count,
    false_flags,
    ingest_columns,
)
from attribution.benchmark.copying import OTHERS, everyone, measure_copying, pictures_compared
from attribution.benchmark.copying_report import copying_as_markdown
from attribution.benchmark.derive import collage, recompress
from attribution.benchmark.embedding import KeptEncoder
from attribution.benchmark.photographs import Parts, open_small
from attribution.benchmark.retraining import retrain
from attribution.benchmark.trial import Query, Trial, catalogued
from attribution.compact.distort import mirror
from attribution.compact.pictures import Photograph
from attribution.core.copies import Tier, rate_of
from attribution.core.geometry import EDGE_PX
from attribution.recipes import find_recipe
from marketplace.sample_catalogue import STYLES, draw_work

NONE: frozenset[int] = frozenset()
FOUND = Compared(  # from asset 0, which the hash alone finds, and flagged for asset 2 as well
    family="mirror",
    name="found",
    sources=frozenset({0}),
    by_hash=frozenset({0}),
    by_embedding={"e": frozenset({1})},
    copied=frozenset({0}),
    nearest={"e": frozenset({0, 2})},
    tiers={0: Tier.NEAR_COPY, 1: Tier.NEAR_COPY, 2: Tier.NEAR_COPY},
)
MISSED = Compared(  # from asset 1, which only its embedding finds, and no proof
    family="mirror",
    name="missed",
    sources=frozenset({1}),
    by_hash=NONE,
    by_embedding={"e": frozenset({1})},
    copied=NONE,
    nearest={"e": frozenset({0})},
    tiers={0: Tier.NONE, 1: Tier.POSSIBLE_COPY, 2: Tier.NONE},
)


def test_a_copy_is_recognised_where_it_is_both_found_alike_and_proved() -> None:
    assert count([FOUND, MISSED], ingest_columns(["e"])) == [
        Row("mirror", 2, {"by hash": 1, "by e": 1, "proved, if compared": 1, "recognised with e": 1})
    ]


def test_a_generation_is_flagged_where_its_source_is_on_the_shortlist_and_proved() -> None:
    (row,) = count([FOUND, MISSED], check_columns(["e"]))
    assert row.counts == {
        "alike by hash": 1,
        "on the shortlist by e": 1,
        "near copy, if compared": 1,
        "near copy with e": 1,
        "near or possible copy, if compared": 2,
        "near or possible copy with e": 1,
    }


def test_a_flag_for_what_is_not_a_source_is_false_and_named() -> None:
    near = check_columns(["e"])["near copy with e"]
    assert false_flags("near", [FOUND, MISSED], near) == FalseFlags("near", rate_of(1, 2), ["found"])


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """Drawn works, one in each part but for the bystanders: one of them is stored twice."""

    def drawn(number: int, name: str = "") -> Photograph:
        path = tmp_path / f"{name or number}.png"
        draw_work(STYLES[number], 3, EDGE_PX).image.save(path)
        return Photograph(path, f"author {number}", "", "")

    return Parts(
        sources=[drawn(0)],
        outside=[drawn(1)],
        tuning_sources=[drawn(2)],
        tuning_outside=[drawn(3)],
        bystanders=[drawn(4), drawn(4, "again")],
        background=[drawn(5)],
    )


def test_from_pictures_to_the_table(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "CHANGES", {"mirror": mirror, "recompress": recompress})
    monkeypatch.setattr(copying, "SAME_PICTURE", ({"4.png", "again.png"}, {"not.png", "here.png"}))
    catalogue = [open_small(each) for each in catalogued(parts)]
    image, shares = collage(catalogue[:2], Random(1))
    queries = [Query("collage 2", image, dict(enumerate(shares))), Query("unrelated", image, {})]
    authors = [each.author for each in catalogued(parts)]
    trial = Trial(catalogue, authors, [], queries, [], retrain(catalogue, 1))
    derived = pictures_compared(parts, trial)
    assert [query.family for _, query in derived] == ["mirror", "recompress", "collage 2", *[OTHERS] * 3]
    compared: list[int] = []
    encoders = {"compact": KeptEncoder(find_recipe("compact"), tmp_path / "kept")}
    found = measure_copying(parts, trial, derived, encoders, compared.append)
    assert sum(compared) == len(derived) + len(everyone(parts))
    assert [(row.family, row.counts["recognised with compact"]) for row in found.ingest] == [
        ("mirror", 1),
        ("recompress", 1),
    ]
    assert [row.counts["near copy with compact"] for row in found.checks] == [1, 1, 1]
    assert found.same_photographs == {"4.png and again.png": True}
    pairs, *flags = found.false_flags
    assert pairs.rate == rate_of(0, 7 * 6 // 2 - 1)
    assert {flag.what: (flag.rate.count, flag.rate.n) for flag in flags} == {
        "changed pictures, copies of another with compact": (0, 2),
        "derived pictures, near copies of another with compact": (0, 3),
        "photographs by others, near copy with compact": (0, 3),
        "photographs by others, near or possible copy with compact": (0, 3),
    }
    assert "| mirror | 1 | 100 % |" in copying_as_markdown(found)
