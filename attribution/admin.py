"""Records of attribution, to be read only."""

from django.contrib import admin

from attribution.models import (
    AttributionBatch,
    AttributionFailure,
    Contest,
    ContestDecision,
    CopyCheck,
    CopyMatch,
    DailyShare,
    DuplicateCheck,
    EmbeddingFailure,
    Encoder,
    InspirationList,
    Method,
    NearDuplicate,
    PreviewRecall,
    ReplicationAudit,
)
from marketplace.admin import ReadOnlyAdmin

RECORDS = [
    AttributionBatch,
    AttributionFailure,
    Contest,
    ContestDecision,
    CopyCheck,
    CopyMatch,
    DailyShare,
    DuplicateCheck,
    EmbeddingFailure,
    Encoder,
    InspirationList,
    Method,
    NearDuplicate,
    PreviewRecall,
    ReplicationAudit,
]
admin.site.register(RECORDS, ReadOnlyAdmin)
