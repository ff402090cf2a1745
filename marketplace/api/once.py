"""Writes that are done once: the same request with the same `Idempotency-Key` gets the first answer again.

A write and the answer that is kept of it are one transaction. Whatever interrupts it leaves neither, so that the same
request can be sent again. No answer is kept of what was refused; where the refusal itself was recorded, that record is.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from marketplace.api.authentication import ApiRequest
from marketplace.api.problems import Conflict, OtherRequest, RecordedConflict
from marketplace.models import IdempotencyRecord

HEADER = "Idempotency-Key"
LONGEST = 100
KEPT = timedelta(days=7)

Write = TypeVar("Write", bound=Callable[..., Response])


def once(write: Write) -> Write:
    """Make a view's method ask for an `Idempotency-Key`, and do its work once for each."""

    @needs_key
    @wraps(write)
    def answered(view: Any, request: ApiRequest, *args: Any, **kwargs: Any) -> Response:
        key, asked = required_key(request), _sha256(request)
        with transaction.atomic():
            _lock(request.auth.pk, key)
            known = IdempotencyRecord.objects.filter(token=request.auth, key=key).first()
            if known is not None:
                return _again(known, asked)
            try:
                response = write(view, request, *args, **kwargs)
            except RecordedConflict as recorded:
                refused = recorded
            else:
                IdempotencyRecord.objects.create(
                    token=request.auth,
                    key=key,
                    request_sha256=asked,
                    status=response.status_code,
                    response=json.loads(JSONRenderer().render(response.data)),
                    created_at=timezone.now(),
                )
                return response
        raise refused

    return answered  # type: ignore[return-value]


def needs_key(write: Write) -> Write:
    """Say in the schema that a view's method asks for an `Idempotency-Key`."""
    write.needs_key = True  # type: ignore[attr-defined]
    return write


def forget_answers(at: datetime) -> None:
    """Delete the answers that are older than seven days: a key may then be used again."""
    IdempotencyRecord.objects.filter(created_at__lt=at - KEPT).delete()


def required_key(request: ApiRequest) -> str:
    """The idempotency key of a write. Raises ValidationError where there is none."""
    key = request.headers.get(HEADER, "")
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        message = _("Send a header Idempotency-Key, new for each thing that you want done, of up to 100 characters.")
        raise ValidationError({HEADER: [message]})
    return key


def _lock(token_id: int, key: str) -> None:
    """Whoever comes while the same request is being done is told so, and does not wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"api {token_id} {key}"])
        if cursor.fetchone() != (True,):
            raise Conflict(_("A request with this Idempotency-Key is being done. Ask again in a moment."))


def _again(known: IdempotencyRecord, asked: str) -> Response:
    if known.request_sha256 != asked:
        raise OtherRequest(_("This Idempotency-Key was used for another request. Use a new key for a new request."))
    return Response(known.response, known.status, headers={"Idempotent-Replayed": "true"})


def _sha256(request: ApiRequest) -> str:
    """Of what is asked for, whatever boundaries a multipart body has or in which order an object's names stand."""
    if isinstance(request.data, QueryDict):
        body: Any = [[name, [_part(one) for one in request.data.getlist(name)]] for name in sorted(request.data)]
    else:
        body = request.data
    asked = json.dumps([request.method, request.path, body], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()


def _part(part: Any) -> Any:
    return [part.name, file_sha256(part)] if isinstance(part, UploadedFile) else part


def file_sha256(file: UploadedFile[Any]) -> str:
    """Of an uploaded file, which can be read from its start afterwards."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
