"""Customers' requests for generated images: asking, making what was asked for, and how far it is."""

import logging
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from marketplace.core.model_states import ModelRefused, ModelState
from marketplace.core.release import SaleState
from marketplace.generating import generate_image, generator_of
from marketplace.generators.base import GenerationFailed
from marketplace.models import Customer, GenerationRequest, GeneratorModel
from marketplace.output_checks import sale_states
from marketplace.prompts.checking import PromptNotAllowed, check_prompt, require_allowed
from marketplace.services import AlreadyGenerated

MOST_A_DAY = 100
MOST_WAITING = 5
SEED_BITS = 31

logger = logging.getLogger(__name__)


class RequestRefused(ValueError):
    """A request that is not taken; the message says why, for the customer."""


class Progress(StrEnum):
    """How far a request is."""

    WAITING = "waiting"
    CHECKING = "checking"
    HELD = "held"
    READY = "ready"
    FAILED = "failed"


def offered_models() -> QuerySet[GeneratorModel]:
    """The generator models on sale, that customers can choose from, with `training_image_count`, the newest first."""
    on_sale = GeneratorModel.objects.filter(state=ModelState.ON_SALE).select_related("training_set")
    return on_sale.annotate(training_image_count=Count("training_set__members")).order_by("-created_at", "-pk")


def request_generation(
    customer: Customer,
    model: GeneratorModel,
    prompt: str,
    seed: int | None,
    form_key: UUID,
    at: datetime,
    *,
    must_show_no_people: bool = False,
) -> GenerationRequest:
    """Take a request; the same form again is the same request. Without a seed one is drawn.

    What must show no people is looked at for them before it can be sold.

    Raises `RequestRefused` where too many wait or were made within a day, and as the check of the prompt does.
    """
    require_allowed(check_prompt(prompt, customer.user, at))
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)  # so that two tabs are counted one after the other
        known = customer.generation_requests.filter(form_key=form_key).first()
        if known is not None:
            return known
        _require_room(customer, at)
        return customer.generation_requests.create(
            generator_model=model,
            prompt=prompt,
            seed=secrets.randbits(SEED_BITS) if seed is None else seed,
            must_show_no_people=must_show_no_people,
            form_key=form_key,
            requested_at=at,
        )


def _require_room(customer: Customer, at: datetime) -> None:
    if customer.generation_requests.filter(finished_at=None).count() >= MOST_WAITING:
        raise RequestRefused(
            _("%(count)d of your pictures are still being made: wait for one of them, then ask again.")
            % {"count": MOST_WAITING}
        )
    if customer.generation_requests.filter(requested_at__gt=at - timedelta(days=1)).count() >= MOST_A_DAY:
        raise RequestRefused(
            _("You asked for %(count)d pictures within a day, which is the most: go on tomorrow.")
            % {"count": MOST_A_DAY}
        )


@transaction.atomic
def make_next(at: datetime) -> bool:
    """Make the picture that was asked for first and that nobody is making; returns whether there was one.

    The row stays locked meanwhile, so that a worker which is killed leaves the request as it was.
    """
    waiting = GenerationRequest.objects.select_for_update(skip_locked=True, of=("self",)).filter(finished_at=None)
    request = (
        waiting.select_related("generator_model__training_set", "customer__user").order_by("requested_at", "pk").first()
    )
    if request is None:
        return False
    model = request.generator_model
    try:
        with transaction.atomic():
            request.generation = generate_image(
                model,
                generator_of(model),
                request.prompt,
                request.seed,
                at,
                request.customer.user,
                must_show_no_people=request.must_show_no_people,
            )
    except (GenerationFailed, AlreadyGenerated, ModelRefused, PromptNotAllowed) as error:
        request.failure = str(error)
    except Exception:  # ours to mend, and no reason to make everybody behind it wait
        logger.exception("Generation request %s cannot be made", request.pk)
        request.failure = _("This generator model does not work at the moment. We have been told; try another one.")
    request.finished_at = at
    request.save(update_fields=["generation", "failure", "finished_at"])
    return True


def progress_of(request: GenerationRequest) -> Progress:
    """How far one request is."""
    return progress_by_request([request])[request.pk]


def progress_by_request(requests: list[GenerationRequest]) -> dict[int, Progress]:
    """How far each request is, by its id."""
    states = sale_states(request.generation for request in requests if request.generation is not None)
    return {request.pk: _progress(request, states) for request in requests}


def _progress(request: GenerationRequest, states: dict[int, SaleState]) -> Progress:
    if request.generation_id is None:
        return Progress.FAILED if request.finished_at else Progress.WAITING
    state = states[request.generation_id]
    if state is SaleState.UNCHECKED:
        return Progress.CHECKING
    return Progress.READY if state is SaleState.FOR_SALE else Progress.HELD
