"""Embeddings, stamped with the encoder that made them, and inspiration lists with integer shares."""

from attribution.models.encoders import WIDTH, Embedding, EmbeddingFailure, Encoder, EncoderState, GenerationEmbedding
from attribution.models.lists import AttributionBatch, InspirationList, Method

__all__ = [
    "WIDTH",
    "AttributionBatch",
    "Embedding",
    "EmbeddingFailure",
    "Encoder",
    "EncoderState",
    "GenerationEmbedding",
    "InspirationList",
    "Method",
]
