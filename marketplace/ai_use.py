"""What the record of AI use says of a licence: how the image was made, on which terms, and what people did to it."""

import json
from typing import Any

from django.db.models import Prefetch, QuerySet

from marketplace.core.canonical import instant
from marketplace.licences import generation_facts, generator_facts, licence_facts
from marketplace.models import Delivery, HumanEdit, Project, ProjectLicence, PromptCheck, PromptReview
from marketplace.people_checks import PREFETCHED, people_facts

Document = dict[str, Any]

RELATED = (
    "download__customer",
    "download__accepted_terms__acceptance",
    "download__generation__generator_model",
    "download__generation__training_set",
    "download__generation__model_card",
    "download__generation__prompt_check",
)


def licences_in(project: Project) -> QuerySet[ProjectLicence]:
    """The licences of a project in the order in which they were bought, with all that a record says of them."""
    reviews = PromptReview.objects.order_by("pk")
    return (
        project.licences.select_related(*RELATED)
        .prefetch_related(
            Prefetch("download__deliveries", Delivery.objects.order_by("pk")),
            Prefetch("download__human_edits", HumanEdit.objects.order_by("pk")),
            Prefetch("download__generation__prompt_check__reviews", reviews),
            *(f"download__generation__{related}" for related in PREFETCHED),
        )
        .order_by("download")
    )


def licence_record(licence: ProjectLicence) -> Document:
    """A licence of `licences_in` in the record, but for the files of it."""
    download, generation = licence.download, licence.download.generation
    return {
        "licence": licence_facts(download),
        "put_into_project_at": instant(licence.put_in_at),
        "generator": generator_facts(generation)
        | {"card_sha256": generation.model_card.sha256 if generation.model_card else None},
        "generation": generation_facts(generation),
        "prompt_check": _check_record(generation.prompt_check) if generation.prompt_check else None,
        "people_check": people_facts(generation),
        "inspiration": _inspiration(list(download.deliveries.all())),
        "human_edits": [
            {"description": edit.description, "recorded_at": instant(edit.recorded_at)}
            for edit in download.human_edits.all()
        ],
    }


def _check_record(check: PromptCheck) -> Document:
    """What was found in the prompt, and what reviewers decided; their reasons are for whoever asked then."""
    return {
        "number": check.pk,
        "outcome": check.outcome,
        "checked_at": instant(check.checked_at),
        "checked_with": check.checked_with,
        "findings": check.findings,
        "decisions": [
            {"decision": review.decision, "decided_at": instant(review.decided_at)} for review in check.reviews.all()
        ],
    }


def _inspiration(deliveries: list[Delivery]) -> Document | None:
    """As the delivered file says it, which names no image; none before the first file was handed out."""
    if not deliveries:
        return None
    inspiration: Document = json.loads(deliveries[0].certificate)["certificate"]["inspiration"]
    return inspiration
