"""Copies among a trial's pictures, found as the product finds them among uploads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from attribution.same_picture import (
    HASH_BITS,
    LEAST_SIMILARITY,
    MOST_BY_EMBEDDING,
    MOST_BY_HASH,
    Picture,
    perceptual_hashes,
    prove_copy,
    read_picture,
)
from attribution.tiles import Rows
from marketplace.hashes import perceptual_hash


@dataclass(frozen=True)
class Ingest:
    """Pictures in order of ingest, each with the place of its group's original, its own where it is no copy."""

    originals: list[int] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    hashes: list[int] = field(default_factory=list)
    vectors: list[Rows] = field(default_factory=list)

    def after(self, images: Sequence[Image.Image], vectors: Rows) -> "Ingest":
        """What is known once these pictures, embedded as the rows of `vectors`, have come in as well."""
        grown = Ingest(self.originals.copy(), self.pictures.copy(), self.hashes.copy(), self.vectors.copy())
        for image, vector in zip(images, vectors, strict=True):
            grown._add(image, vector)
        return grown

    def _add(self, image: Image.Image, vector: Rows) -> None:
        picture, place = read_picture(image), len(self.originals)
        alike = sorted(self.near(vector) | self.by_hash(image))
        copied = (earlier for earlier in alike if prove_copy(self.pictures[earlier], picture))
        self.originals.append(next((self.originals[earlier] for earlier in copied), place))
        self.pictures.append(picture)
        self.hashes.append(perceptual_hash(image))
        self.vectors.append(vector)

    def near(self, vector: Rows) -> set[int]:
        """The places that the embedding finds alike."""
        similarities = np.array([vector @ earlier for earlier in self.vectors])
        nearest = np.argsort(-similarities, kind="stable")[:MOST_BY_EMBEDDING]
        return {int(place) for place in nearest if similarities[place] >= LEAST_SIMILARITY}

    def by_hash(self, image: Image.Image) -> set[int]:
        """The places that the perceptual hash finds alike."""
        ways = perceptual_hashes(image)
        distances = [min((known ^ way).bit_count() for way in ways) for known in self.hashes]  # of 64 bits
        return {place for place in np.argsort(distances, kind="stable")[:MOST_BY_HASH] if distances[place] <= HASH_BITS}
