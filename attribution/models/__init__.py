"""Embeddings and the encoders that made them, near-duplicates, copy checks, and inspiration lists with their shares."""

from attribution.models.copies import CopyCheck, CopyMatch, ReplicationAudit
from attribution.models.duplicates import (
    Contest,
    ContestDecision,
    DuplicateCheck,
    LookAlikeCheck,
    NearDuplicate,
    Outcome,
    PerceptualHash,
    Proof,
)
from attribution.models.encoders import WIDTH, Embedding, EmbeddingFailure, Encoder, EncoderState, GenerationEmbedding
from attribution.models.lists import AttributionBatch, AttributionFailure, DailyShare, InspirationList, Method
from attribution.models.marks import KnownMark, MarkSearch
from attribution.models.recall import PreviewRecall

__all__ = [
    "WIDTH",
    "AttributionBatch",
    "AttributionFailure",
    "Contest",
    "ContestDecision",
    "CopyCheck",
    "CopyMatch",
    "DailyShare",
    "DuplicateCheck",
    "Embedding",
    "EmbeddingFailure",
    "Encoder",
    "EncoderState",
    "GenerationEmbedding",
    "InspirationList",
    "KnownMark",
    "LookAlikeCheck",
    "MarkSearch",
    "Method",
    "NearDuplicate",
    "Outcome",
    "PerceptualHash",
    "PreviewRecall",
    "Proof",
    "ReplicationAudit",
]
