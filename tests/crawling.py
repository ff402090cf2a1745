"""The pages that somebody reaches from their home page by following links: one of each kind."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from django.urls import Resolver404, resolve

HOME = "/"
NOT_PAGES = (".jpg", ".png", ".jpeg", ".webp", ".pdf", ".csv", ".json", ".py", ".xlsx", ".zip")
ELSEWHERE = ("/admin/", "/static/")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href and "download" not in dict(attrs):
            self.found.append(href)


def pages(html_of: Callable[[str], str], start: str = HOME) -> Iterator[tuple[str, str]]:
    """Name and path of a page of each kind, in the order in which links lead to them.

    `html_of` gives a page's HTML by its path, and nothing for what is no page.
    """
    waiting, known = [start], set()
    while waiting:
        path = waiting.pop(0)
        name = _name(path)
        if name is None or name in known:
            continue
        known.add(name)
        html = html_of(path)
        if not html:
            continue
        yield name, path
        links = _Links()
        links.feed(html)
        waiting += [urldefrag(urljoin(path, link)).url for link in links.found if not urlsplit(link).netloc]


def _name(path: str) -> str | None:
    """The name of the address, or None for what is not to be visited."""
    bare = urlsplit(path).path
    if bare.startswith(ELSEWHERE) or bare.endswith(NOT_PAGES):
        return None
    try:
        return resolve(bare).view_name
    except Resolver404:
        return None
