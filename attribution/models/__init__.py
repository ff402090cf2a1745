"""Embeddings, stamped with the encoder that made them, and inspiration lists with integer shares, and copy checks."""

from attribution.models.copies import CopyCheck, CopyMatch, ReplicationAudit
from attribution.models.encoders import WIDTH, Embedding, EmbeddingFailure, Encoder, EncoderState, GenerationEmbedding
from attribution.models.lists import AttributionBatch, InspirationList, Method
from attribution.models.recall import PreviewRecall

__all__ = [
    "WIDTH",
    "AttributionBatch",
    "CopyCheck",
    "CopyMatch",
    "Embedding",
    "EmbeddingFailure",
    "Encoder",
    "EncoderState",
    "GenerationEmbedding",
    "InspirationList",
    "Method",
    "PreviewRecall",
    "ReplicationAudit",
]
