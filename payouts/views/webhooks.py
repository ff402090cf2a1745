"""Where Stripe sends its webhooks."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payouts import tasks
from payouts.gateway import SignatureInvalid
from payouts.webhooks import WebhookRefused, receive


@csrf_exempt
@login_not_required
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """Store the event and let the worker look at it: 200 also for one that is known, 400 for one that is not Stripe's.

    Where no secret is set nothing can be verified: 503, and Stripe tries again for three days.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        return HttpResponse("Set STRIPE_WEBHOOK_SECRET.", status=503, content_type="text/plain")
    try:
        signature = request.headers.get("Stripe-Signature", "")
        is_new = receive(request.body, signature, settings.STRIPE_WEBHOOK_SECRET, timezone.now())
    except (SignatureInvalid, WebhookRefused) as error:
        return HttpResponse(str(error), status=400, content_type="text/plain")
    if is_new:
        transaction.on_commit(tasks.handle_webhooks.delay, robust=True)  # without a broker, the schedule does
    return HttpResponse(status=200)
