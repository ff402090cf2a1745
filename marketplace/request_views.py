"""Pages on which customers ask for generated images and see how far they are."""

from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import tasks
from marketplace.models import GeneratorModel
from marketplace.permissions import LoggedInRequest, customer_of
from marketplace.prompts.base import ClassifierUnavailable
from marketplace.prompts.checking import LONGEST_PROMPT, PromptNotAllowed
from marketplace.requesting import (
    SEED_BITS,
    Progress,
    RequestRefused,
    offered_models,
    progress_by_request,
    progress_of,
    request_generation,
)

REQUESTS_SHOWN = 24
NOT_CHECKED = _("Prompts cannot be checked just now, and nothing is generated unchecked. Try again in a minute.")
UNFINISHED = (Progress.WAITING, Progress.CHECKING)


class GenerationRequestForm(forms.Form):
    """A prompt for one of the models on offer; its key makes a second press of the same button no second request."""

    model = forms.ModelChoiceField(
        GeneratorModel.objects.none(), error_messages={"required": _("Choose a generator model.")}
    )
    prompt = forms.CharField(
        max_length=LONGEST_PROMPT,
        error_messages={"required": _("Say what the picture should show.")},
    )
    seed = forms.IntegerField(min_value=0, max_value=2**SEED_BITS - 1, required=False)
    must_show_no_people = forms.BooleanField(required=False)
    form_key = forms.UUIDField(initial=uuid4)


@require_http_methods(["GET", "HEAD", "POST"])
def generate(request: LoggedInRequest) -> HttpResponse:
    """The form for a new picture with the models to choose from, and what the customer asked for before."""
    customer = customer_of(request.user)
    form = GenerationRequestForm(request.POST or None)
    form.fields["model"].queryset = offered_models()  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            taken = request_generation(
                customer,
                asked["model"],
                asked["prompt"],
                asked["seed"],
                asked["form_key"],
                timezone.now(),
                must_show_no_people=asked["must_show_no_people"],
            )
        except PromptNotAllowed as refused:
            messages.error(request, str(refused))
            return redirect("prompt", refused.check.pk)
        except RequestRefused as refused:
            messages.error(request, str(refused))
        except ClassifierUnavailable:
            messages.error(request, NOT_CHECKED)
        else:
            transaction.on_commit(tasks.make_generations.delay, robust=True)  # else the schedule makes it
            return redirect("generation_request", taken.pk)
    newest = customer.generation_requests.select_related("generation", "generator_model")
    shown = list(newest.order_by("-requested_at", "-pk")[:REQUESTS_SHOWN])
    progress = progress_by_request(shown)
    context = {
        "form": form,
        "models": offered_models(),
        "requests": [(one, progress[one.pk]) for one in shown],
    }
    return render(request, "marketplace/generate.html", context)


@require_safe
def generation_request(request: LoggedInRequest, request_id: int) -> HttpResponse:
    """How far one request is: a page, or for htmx, which asks every two seconds, what has changed of it."""
    one = get_object_or_404(customer_of(request.user).generation_requests, pk=request_id)
    progress = progress_of(one)
    context = {"one": one, "progress": progress, "is_unfinished": progress in UNFINISHED}
    part = "_generation_request" if request.htmx else "generation_request"
    return render(request, f"marketplace/{part}.html", context)
