"""Requests to services of others."""

from http.client import HTTPResponse
from urllib.request import HTTPRedirectHandler, Request, build_opener


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would turn a request into a GET and take key and content to another address."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        """Leave the redirect as it is, so that it ends as an error status."""


def open_here(request: Request, timeout_s: float) -> HTTPResponse:
    """The answer of the very address that is asked. Raises as `urllib.request` does, also for a redirect."""
    answer: HTTPResponse = build_opener(_NoRedirects).open(request, timeout=timeout_s)
    return answer
