"""The files that customers are handed."""

import logging

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from attribution.delivering import NotAttributedYet, deliver_download
from marketplace.delivering import EXTENSIONS
from marketplace.models import Download
from marketplace.permissions import LoggedInRequest, may_have_file
from marketplace.screening.content_credentials import MEDIA_TYPES
from marketplace.signing import CannotSign

logger = logging.getLogger(__name__)


@require_safe
def download_file(request: LoggedInRequest, download_id: int, extension: str) -> FileResponse | HttpResponse:
    """The licensed file in one of its formats; back to the licences while it cannot be made yet."""
    related = Download.objects.select_related("customer", "generation__generator_model", "generation__training_set")
    download = get_object_or_404(related, pk=download_id)
    if extension not in EXTENSIONS or not may_have_file(request.user, download):
        raise Http404("No such download of yours.")
    try:
        delivery = deliver_download(download, EXTENSIONS[extension], timezone.now())
    except NotAttributedYet as waiting:
        messages.info(request, str(waiting))
        return redirect("downloads")
    except CannotSign:
        logger.exception("Download %s could not be signed", download.pk)
        messages.error(
            request, f"The file of licence {download.pk} could not be signed just now. Please try again later."
        )
        return redirect("downloads")
    name = f"tributary-{download.generation_id}.{extension}"
    return FileResponse(
        delivery.file.open("rb"), as_attachment=True, filename=name, content_type=MEDIA_TYPES[delivery.file_format]
    )
