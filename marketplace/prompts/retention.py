"""How long the texts of prompts are kept: until everything about them is decided, and so many days more."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.db.models.functions import Greatest

from marketplace.models import PromptText
from marketplace.prompts.deciding import waiting_prompts


def delete_prompt_texts(at: datetime) -> int:
    """Delete the texts whose time is over and return how many; their hashes, findings and decisions stay.

    The time of `PROMPT_RETENTION_DAYS` begins with the check or the last decision. What waits for a reviewer is kept.
    """
    last_at = Greatest("prompt_check__checked_at", Max("prompt_check__reviews__decided_at"))
    over = PromptText.objects.alias(last_at=last_at).filter(
        last_at__lte=at - timedelta(days=settings.PROMPT_RETENTION_DAYS)
    )
    ids = over.exclude(prompt_check__in=waiting_prompts().values("pk")).values_list("pk", flat=True)
    return PromptText.objects.filter(pk__in=list(ids)).delete()[0]
