"""Pages for everybody, without an account: whether a file, a licence certificate or a record of AI use is ours."""

import json
from io import BytesIO
from typing import Any

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.ai_use_checking import ZIP_BEGINS, check_record, record_sections
from marketplace.describing import delivered, describe, verdict_of
from marketplace.images import UnreadableImage
from marketplace.licence_pdf import certificate_as_pdf
from marketplace.licences import grouped, open_seal, sections, ungrouped
from marketplace.models import Delivery
from marketplace.signing import NotSigned, identity
from marketplace.verifying import MOST_BYTES, examine

MOST_UNPACKED_BYTES = 10 * MOST_BYTES
FORM_BYTES = 10_000  # around the file in what a browser sends
PAGE = "marketplace/verify.html"


@login_not_required
@csrf_exempt  # it changes nothing, and a check of the token would read what is too large first
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The forms to look for a file or a certificate, and what is found of a file, which is not kept."""
    if request.method == "POST":
        if not ratelimit.consume(request, action="verify_file"):
            return _page(request, _("Too many files in a short time. Wait a minute, then go on."), status=429)
        return _verify_file(request)
    asked = ungrouped(request.GET.get("certificate", ""))
    if not asked:
        return _page(request)
    if not Delivery.objects.filter(certificate_id=asked).exists():
        return _page(
            request, "No certificate has this number. Compare it with the paper, letter by letter.", status=404
        )
    return redirect("certificate", asked)


def _verify_file(request: HttpRequest) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES + FORM_BYTES:
        return _page(
            request, f"The file is too large: at most {MOST_BYTES // 10**6} MB can be checked here.", status=413
        )
    file = request.FILES.get("file")
    if file is None:
        return _page(request, "No file arrived. Choose one, or drop it on the field.", status=400)
    data = file.read()
    if data.startswith(ZIP_BEGINS):
        return _verify_record(request, data)
    try:
        findings = examine(data)
    except UnreadableImage as error:
        return _page(request, str(error), status=400)
    headline, meaning = verdict_of(findings)
    context = {
        "headline": headline,
        "meaning": meaning,
        "matches": [(match, delivered(match.delivery)) for match in findings.matches],
        "sections": describe(findings),
    }
    return render(request, "marketplace/verified_file.html", context)


def _verify_record(request: HttpRequest, data: bytes) -> HttpResponse:
    try:
        record = check_record(BytesIO(data), MOST_UNPACKED_BYTES)
    except NotSigned as error:
        return _page(request, str(error), status=400)
    return render(request, "marketplace/verified_record.html", {"sections": record_sections(record)})


def _page(request: HttpRequest, error: str = "", *, status: int = 200) -> HttpResponse:
    return render(request, PAGE, {"error": error, "most_mb": MOST_BYTES // 10**6}, status=status)


@login_not_required
@require_safe
def certificate(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """What a licence certificate says, and whether its signature is good now."""
    delivery = _delivery(certificate_id)
    document = json.loads(delivery.certificate)["certificate"]
    try:
        open_seal(delivery.certificate)
        not_signed = ""
    except NotSigned as error:
        not_signed = str(error)
    context: dict[str, Any] = {
        "certificate_id": certificate_id,
        "grouped": grouped(certificate_id),
        "sections": sections(document),
        "not_signed": not_signed,
        "edits": delivery.download.human_edits.order_by("pk"),
    }
    return render(request, "marketplace/certificate.html", context)


@login_not_required
@require_safe
def certificate_pdf(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """The certificate for people, with the code that leads to its page."""
    address = request.build_absolute_uri(reverse("certificate", args=[certificate_id]))
    paper = certificate_as_pdf(_delivery(certificate_id).certificate, address)
    return _file(paper, "application/pdf", certificate_id, "pdf")


@login_not_required
@require_safe
def certificate_json(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """The certificate for machines, with its signature."""
    return _file(_delivery(certificate_id).certificate.encode(), "application/json", certificate_id, "json")


@login_not_required
@require_safe
def root_certificate(request: HttpRequest) -> HttpResponse:
    """The certificate that our signatures lead to, as PEM, for whoever checks one without us."""
    headers = {"Content-Disposition": 'attachment; filename="root.pem"'}
    return HttpResponse(identity().root, content_type="application/x-pem-file", headers=headers)


def _delivery(certificate_id: str) -> Delivery:
    return get_object_or_404(Delivery, certificate_id=certificate_id)


def _file(data: bytes, content_type: str, certificate_id: str, extension: str) -> HttpResponse:
    name = f"licence-{grouped(certificate_id)}.{extension}"
    return HttpResponse(
        data, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
