"""The benchmark in numbers: every picture is embedded once, and what the tower gave is kept on disk."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attribution.benchmark.ingest import Ingest
from attribution.benchmark.retraining import Ppm
from attribution.benchmark.trial import Attack, Query, Trial
from attribution.encoders import BATCH, Embedded, Encoder, Recipe, load_encoder
from attribution.statistics import Outputs
from attribution.tiles import SMALL, WINDOWS, Rows, Tiles

Advance = Callable[[int], None]
"""Is told how many more pictures are done."""


class KeptEncoder(Encoder):
    """The recipe's encoder; its tower sees each picture once, and a later run takes the outputs from `folder`.

    An interrupted run loses one batch at most. Raises EncoderUnavailable.
    """

    def __init__(self, recipe: Recipe, folder: Path, advance: Advance = lambda pictures: None) -> None:
        loaded = load_encoder(recipe)
        super().__init__(recipe, loaded.visual, loaded.preprocess, loaded.statistics)
        tower = replace(recipe, name="tower", blocks=(), final=True, statistics=None)
        folder.mkdir(parents=True, exist_ok=True)
        self.kept = sqlite3.connect(folder / f"{tower.fingerprint}.sqlite3")
        self.kept.execute("CREATE TABLE IF NOT EXISTS output (picture, part, numbers, PRIMARY KEY (picture, part))")
        self.advance = advance

    def encode_all(self, images: Sequence[Image.Image]) -> Embedded:
        """`encode` in batches."""
        batches = [self.encode(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        return Embedded(
            np.concatenate([each.vectors for each in batches]), np.concatenate([each.tiles for each in batches])
        )

    def outputs(self, prepared: Sequence[Any]) -> Outputs:
        """The tower's outputs for tensors that `prepare` made, kept by the SHA-256 of their pixels."""
        parts = [f"block {block}" for block in self.recipe.blocks] + ["final"] * self.recipe.final
        names = parts + [f"tiles {block}" for block in self.recipe.blocks]
        pictures = [hashlib.sha256(pixels.numpy().tobytes()).hexdigest() for pixels in prepared]
        rows = [self._kept_rows(picture, names) for picture in pictures]
        missing = [place for place, row in enumerate(rows) if row is None]
        if missing:
            computed = super().outputs([prepared[place] for place in missing])
            for place, outputs in zip(missing, zip(*computed.parts, *computed.tiles, strict=True), strict=True):
                rows[place] = list(outputs)
                self._keep(pictures[place], names, list(outputs))
            self.kept.commit()
        self.advance(len(prepared))
        stacked = [np.stack(part) for part in zip(*(row for row in rows if row is not None), strict=True)]
        return Outputs(stacked[: len(parts)], stacked[len(parts) :])

    def _kept_rows(self, picture: str, names: list[str]) -> list[Rows] | None:
        found = dict(self.kept.execute("SELECT part, numbers FROM output WHERE picture = ?", [picture]).fetchall())
        if not found.keys() >= set(names):
            return None
        rows = [np.frombuffer(found[name], np.float32) for name in names]
        return [
            row.reshape(len(WINDOWS), -1) if name.startswith("tiles") else row
            for name, row in zip(names, rows, strict=True)
        ]

    def _keep(self, picture: str, names: list[str], outputs: list[Rows]) -> None:
        rows = [(picture, name, output.tobytes()) for name, output in zip(names, outputs, strict=True)]
        self.kept.executemany("INSERT OR REPLACE INTO output VALUES (?, ?, ?)", rows)


@dataclass(frozen=True)
class EmbeddedQueries:
    """m derived pictures: families, embeddings (m, d), small tiles (m, t, d), and true shares in ppm by asset."""

    families: list[str]
    vectors: Rows
    tiles: Tiles
    truth_ppm: list[Ppm]

    def rows_of(self, family: str) -> list[int]:
        """The places of one family's pictures."""
        return [row for row, each in enumerate(self.families) if each == family]


@dataclass(frozen=True)
class EmbeddedTrial:
    """A trial as one encoder sees it; all that the methods are judged by.

    `catalogue` (n, d), its `tiles` (n, u, d) and `authors` (n,), numbered from 0, are in order of first ingest;
    `originals` (n,) are the assets that stand for them: themselves, but for near-duplicates, which nothing is due to.
    Attack i sends the `variants` (a, copies, d), with `variant_tiles` (a, copies, u, d), of asset `attacked_assets[i]`
    after it, and is measured on the test query `attacked_queries[i]`; `found` (a, copies) says which of them are proved
    to be copies.
    `generated` are the retrained generator's pictures, with `kept` and `likeness` as in `Retraining`.
    """

    catalogue: Rows
    tiles: Tiles
    authors: list[int]
    originals: list[int]
    tuning: EmbeddedQueries
    test: EmbeddedQueries
    attacked_queries: list[int]
    attacked_assets: list[int]
    variants: Rows
    variant_tiles: Tiles
    found: NDArray[np.bool_]
    generated: EmbeddedQueries
    kept: NDArray[np.bool_]
    likeness: NDArray[np.float64]

    def write(self, path: Path) -> None:
        """Store as compressed .npz, vectors in half precision."""
        arrays: dict[str, Any] = {
            "catalogue": self.catalogue.astype(np.float16),
            "tiles": self.tiles,
            "authors": np.array(self.authors),
            "originals": np.array(self.originals),
            "attacked_queries": np.array(self.attacked_queries),
            "attacked_assets": np.array(self.attacked_assets),
            "variants": self.variants.astype(np.float16),
            "variant_tiles": self.variant_tiles,
            "found": self.found,
            "kept": self.kept,
            "likeness": self.likeness,
        }
        for side, queries in (("tuning", self.tuning), ("test", self.test), ("generated", self.generated)):
            arrays[f"{side}_families"] = np.array(queries.families)
            arrays[f"{side}_vectors"] = queries.vectors.astype(np.float16)
            arrays[f"{side}_tiles"] = queries.tiles
            arrays[f"{side}_truth_ppm"] = _dense(queries.truth_ppm, len(self.catalogue))
        np.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def read(cls, path: Path) -> "EmbeddedTrial":
        """Load what `write` stored. Raises FileNotFoundError."""
        with np.load(path) as file:
            arrays = dict(file)
        tuning, test, generated = (
            EmbeddedQueries(
                arrays[f"{side}_families"].tolist(),
                arrays[f"{side}_vectors"].astype(np.float32),
                arrays[f"{side}_tiles"],
                [{int(asset): int(row[asset]) for asset in row.nonzero()[0]} for row in arrays[f"{side}_truth_ppm"]],
            )
            for side in ("tuning", "test", "generated")
        )
        return cls(
            arrays["catalogue"].astype(np.float32),
            arrays["tiles"],
            arrays["authors"].tolist(),
            arrays["originals"].tolist(),
            tuning,
            test,
            arrays["attacked_queries"].tolist(),
            arrays["attacked_assets"].tolist(),
            arrays["variants"].astype(np.float32),
            arrays["variant_tiles"],
            arrays["found"],
            generated,
            arrays["kept"],
            arrays["likeness"],
        )


def picture_count(trial: Trial) -> int:
    """How many pictures `embed_trial` embeds."""
    attacks = sum(len(attack.variants) for attack in trial.attacks)
    return len(trial.catalogue) + len(trial.tuning) + len(trial.test) + attacks + len(trial.retraining.pictures)


def embed_trial(trial: Trial, encoder: KeptEncoder) -> EmbeddedTrial:
    """The trial as the encoder sees it; what comes from a near-duplicate is due to the original of its group."""
    made = trial.retraining
    numbers = {author: number for number, author in enumerate(sorted(set(trial.authors)))}
    catalogue = encoder.encode_all(trial.catalogue)
    variants = [encoder.encode_all(attack.variants) for attack in trial.attacks]
    ingest = Ingest().after(trial.catalogue, catalogue.vectors)
    generated = [Query("generated", image, truth) for image, truth in zip(made.pictures, made.truth_ppm, strict=True)]
    return EmbeddedTrial(
        catalogue.vectors,
        catalogue.tiles,
        [numbers[author] for author in trial.authors],
        ingest.originals,
        _embed_queries(trial.tuning, encoder, ingest.originals),
        _embed_queries(trial.test, encoder, ingest.originals),
        [attack.query for attack in trial.attacks],
        [ingest.originals[attack.asset] for attack in trial.attacks],
        np.stack([each.vectors for each in variants]),
        np.stack([each.tiles for each in variants]),
        np.stack([_found(attack, each.vectors, ingest) for attack, each in zip(trial.attacks, variants, strict=True)]),
        _embed_queries(generated, encoder, ingest.originals),
        made.kept,
        made.likeness,
    )


def _found(attack: Attack, vectors: Rows, ingest: Ingest) -> NDArray[np.bool_]:
    """Which of an attack's variants are linked to a picture that was there before the attack."""
    known = len(ingest.originals)
    return np.array(ingest.after(attack.variants, vectors).originals[known:]) < known


def _embed_queries(queries: list[Query], encoder: KeptEncoder, originals: list[int]) -> EmbeddedQueries:
    embedded = encoder.encode_all([query.image for query in queries])
    return EmbeddedQueries(
        [query.family for query in queries],
        embedded.vectors,
        embedded.tiles[:, SMALL],
        [due_to_originals(query.truth_ppm, originals) for query in queries],
    )


def due_to_originals(truth_ppm: Ppm, originals: list[int]) -> Ppm:
    """The same shares, of each near-duplicate by the original of its group."""
    due: Counter[int] = Counter()
    for asset, share in truth_ppm.items():
        due[originals[asset]] += share
    return dict(due)


def _dense(truth_ppm: list[Ppm], assets: int) -> NDArray[np.int32]:
    table = np.zeros((len(truth_ppm), assets), np.int32)
    for row, shares in zip(table, truth_ppm, strict=True):
        row[list(shares)] = list(shares.values())
    return table
