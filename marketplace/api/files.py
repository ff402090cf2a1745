"""Files in requests, and answers that are files, with problems beside them as everywhere else."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer

from marketplace.uploads import why_left_out


class WithFiles(MultiPartParser):
    """A form with files, none of which is too large: a file that was left out would look as if none was sent."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Raise ValidationError that names the files which are too large."""
        assert parser_context
        read = super().parse(stream, media_type, parser_context)
        if problems := why_left_out(parser_context["request"]):
            raise ValidationError(problems)
        return read


class AnyFile(BaseRenderer):
    """Whatever `Accept` asks for, the view answers with its file; what is rendered here is a problem."""

    media_type, format = "*/*", "file"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """A problem as JSON."""
        return bytes(JSONRenderer().render(data))
