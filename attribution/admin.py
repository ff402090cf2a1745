"""Records of attribution, to be read only."""

from django.contrib import admin

from attribution.models import AttributionBatch, EmbeddingFailure, Encoder, InspirationList, Method
from marketplace.admin import ReadOnlyAdmin

admin.site.register([AttributionBatch, EmbeddingFailure, Encoder, InspirationList, Method], ReadOnlyAdmin)
