"""Answers that are files, with problems beside them as everywhere else."""

from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer


class AnyFile(BaseRenderer):
    """Whatever `Accept` asks for, the view answers with its file; what is rendered here is a problem."""

    media_type, format = "*/*", "file"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """A problem as JSON."""
        return bytes(JSONRenderer().render(data))
