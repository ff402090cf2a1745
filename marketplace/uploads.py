"""Uploads on the contributor's page: only with the declaration, and not while strikes suspend them."""

from datetime import datetime

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from marketplace.core.terms import Audience
from marketplace.images import MAX_BYTES
from marketplace.models import Contributor, Submission
from marketplace.services import Details, submit_asset
from marketplace.strikes import uploads_suspended_until
from marketplace.terms import require_terms

MOST_FILES = 20
MAX_REQUEST_BYTES = 500_000_000
LIMITS = f"files have at most {MAX_BYTES // 1_000_000} MB each, and {MAX_REQUEST_BYTES // 1_000_000} MB together"


class UploadsSuspended(ValueError):
    """Strikes suspend the contributor's uploads; the message says until when."""


class LimitedUpload(FileUploadHandler):
    """Stops storing a file that is too large, or that makes all of a request too large; `left_out` has their names."""

    def __init__(self, request: object = None) -> None:
        super().__init__(request)  # type: ignore[arg-type]
        self.left_out: list[str] = []
        self.request_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass the bytes on to the handlers that store them."""
        self.request_bytes += len(raw_data)
        if start + len(raw_data) > MAX_BYTES or self.request_bytes > MAX_REQUEST_BYTES:
            self.left_out.append(self.file_name or "")
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The handler that stored it has the file."""


def why_left_out(request: HttpRequest) -> list[str]:
    """A sentence for each file of a request, of which the body was read, that was too large to be stored."""
    handlers = [handler for handler in request.upload_handlers if isinstance(handler, LimitedUpload)]
    names = [name for handler in handlers for name in handler.left_out]
    return [_("%(name)s was not taken: %(limits)s.") % {"name": name, "limits": LIMITS} for name in names]


def upload(contributor: Contributor, data: bytes, details: Details, at: datetime) -> tuple[Submission, bool]:
    """Submit one uploaded file; returns the submission and whether it is new.

    Raises `UploadsSuspended`, `TermsNotAccepted`, or ValueError where nobody signs the declaration.
    """
    if details.signed_by is None:
        raise ValueError("Uploads need the declaration, signed.")
    if until := uploads_suspended_until(contributor, at):
        raise UploadsSuspended(f"Your uploads are suspended until {until:%Y-%m-%d %H:%M} UTC.")
    require_terms(details.signed_by, Audience.CONTRIBUTOR)
    return submit_asset(contributor, data, details, at)
