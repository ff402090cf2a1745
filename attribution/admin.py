"""Records of attribution, to be read only."""

from django.contrib import admin

from attribution.models import (
    AttributionBatch,
    AttributionFailure,
    CopyCheck,
    CopyMatch,
    DailyShare,
    EmbeddingFailure,
    Encoder,
    InspirationList,
    Method,
    PreviewRecall,
    ReplicationAudit,
)
from marketplace.admin import ReadOnlyAdmin

RECORDS = [
    AttributionBatch,
    AttributionFailure,
    CopyCheck,
    CopyMatch,
    DailyShare,
    EmbeddingFailure,
    Encoder,
    InspirationList,
    Method,
    PreviewRecall,
    ReplicationAudit,
]
admin.site.register(RECORDS, ReadOnlyAdmin)
