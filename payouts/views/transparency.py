"""The public page of what the marketplace does."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.safeguards import outputs, prompts, removals, uploads
from payouts.transparency import attribution_error, audited_models, public_months


@login_not_required
@require_safe
def transparency(request: HttpRequest) -> HttpResponse:
    """For everybody: models on sale, months in sums, how far shares are from the truth, and what was refused."""
    encoder, error = attribution_error()
    context = {
        "months": public_months(),
        "models": audited_models(),
        "encoder": encoder,
        "error": error,
        "uploads": uploads(),
        "prompts": prompts(),
        "outputs": outputs(),
        "removals": removals(timezone.now()),
    }
    return render(request, "payouts/transparency.html", context)
