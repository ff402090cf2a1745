"""How well copies are found, as Markdown."""

from attribution.benchmark.copy_counts import FalseFlags, Row
from attribution.benchmark.copying import Copying
from attribution.benchmark.report import percent, table
from attribution.core.copies import rate_of
from attribution.proof import SHORTLIST


def copying_as_markdown(copying: Copying) -> str:
    """The tables, with a sentence on what was measured."""
    changed = copying.ingest[0].pictures
    known = copying.same_photographs.values()
    return "\n".join(
        [
            f"**Near-duplicates at ingest.** {changed} photographs of the test half, changed in every way, come in "
            f"after the catalogue of {copying.catalogue}. The original is found alike by the hash or by the embedding, "
            "its copy is proved, and where both are so the copy is recognised. With so few, all of them is "
            f"{percent(rate_of(changed, changed).low)} or more (95 %, Wilson).",
            "",
            *_rows("change", copying.ingest),
            "",
            "**Copy checks.** The same pictures as generations, and those with several sources. One source or more is "
            f"among the {SHORTLIST} of the catalogue that are nearest, and is flagged. These are "
            f"{percent(SHORTLIST / copying.catalogue)} of the catalogue: of a larger one it says little. The hash is "
            "not asked for copy checks.",
            "",
            *_rows("picture", copying.checks),
            "",
            f"**False alarms.** {sum(known)} of {len(known)} pairs that are one photograph twice were found, and are "
            "in no row here.",
            "",
            *table(
                ("flagged", "number", "of", "rate", "95 % interval", "which"),
                [_false_cells(each) for each in copying.false_flags],
            ),
        ]
    )


def _rows(first: str, rows: list[Row]) -> list[str]:
    return table(
        (first, "pictures", *rows[0].counts),
        [[row.family, str(row.pictures), *(percent(n / row.pictures) for n in row.counts.values())] for row in rows],
    )


def _false_cells(flags: FalseFlags) -> list[str]:
    rate = flags.rate
    interval = f"{rate.low:.3%} to {rate.high:.3%}".replace("%", " %")
    return [flags.what, str(rate.count), f"{rate.n:,}", percent(rate.rate), interval, "; ".join(flags.names)]
