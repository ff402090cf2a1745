"""A client of the API in the standard library alone, to read, to copy and to run.

    python example_client.py https://example.org TOKEN

It lists what the token's user earned by month and, for the newest month, what earned it; then it gets the statement
and the published root to check it against.
"""

import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypedDict
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

TIMEOUT_S = 30


class Month(TypedDict):
    """What one closed month brought, in millionths of the currency."""

    month: str
    currency: str
    attribution_micro: int
    common_fund_micro: int
    dataset_deal_micro: int
    total_micro: int


class Image(TypedDict):
    """What one image earned by a download."""

    asset: int
    title: str
    share_ppm: int
    amount_micro: int


class EarningDownload(TypedDict):
    """A download that the user's images have a share of."""

    download: int
    downloaded_at: str
    gross_minor: int
    currency: str
    images: list[Image]


class ApiProblem(Exception):
    """What the API refused, with the fields that were wrong (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail", status)))
        self.status = status
        self.errors: list[dict[str, str | None]] = problem.get("errors", [])


class Api:
    """The API of a site, for the user of a token."""

    def __init__(self, site: str, token: str) -> None:
        self._root = f"{site.rstrip('/')}/api/v1/"
        self._token = token

    def months(self) -> Iterator[Month]:
        """What the user earned, the newest month first."""
        yield from self._each("earnings/")

    def downloads_of(self, month: str) -> Iterator[EarningDownload]:
        """What earned it, download by download."""
        yield from self._each(f"earnings/{month}/downloads/")

    def statement(self, month: str) -> bytes:
        """The statement with its proof, as `verify_statement.py` reads it."""
        return self._ask("GET", f"{self._root}statements/{month}/")

    def roots(self) -> dict[str, str]:
        """What each month's statements are checked against, by month."""
        return {root["month"]: root["root_sha256"] for root in self._each("statement-roots/")}

    def set_consent(self, asset: int, *, granted: bool, key: str) -> None:
        """Say yes or no to training on an image; with the same key it is said once, however often this is called."""
        self._ask("POST", f"{self._root}assets/{asset}/consents/", {"granted": granted}, key)

    def _each(self, path: str) -> Iterator[Any]:
        """Every row of a list, page by page."""
        address: str | None = f"{self._root}{path}?{urlencode({'page_size': 200})}"
        while address:
            page = json.loads(self._ask("GET", address))
            yield from page["results"]
            address = page["next"]

    def _ask(self, method: str, address: str, body: object = None, key: str = "") -> bytes:
        """The body of the answer. Raises `ApiProblem`, and `OSError` where the site is not reached."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid4())}
        data = None if body is None else json.dumps(body).encode()
        request = Request(address, data, headers, method=method)  # noqa: S310 - the site that was named
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return bytes(answer.read())
        except HTTPError as refused:
            with refused:
                raise ApiProblem(refused.code, json.loads(refused.read())) from refused


def main(site: str, token: str) -> list[str]:
    """What there is to tell of the newest month, line by line."""
    api = Api(site, token)
    months = list(api.months())
    lines = [f"{one['month']}: {Decimal(one['total_micro']).scaleb(-6)} {one['currency']}" for one in months]
    if months:
        newest = months[0]["month"]
        for download in api.downloads_of(newest):
            lines += [
                f"  download {download['download']}, {image['title']}: {image['share_ppm']} ppm, "
                f"{image['amount_micro']} millionths"
                for image in download["images"]
            ]
        lines.append(f"statement of {newest}: {len(api.statement(newest))} bytes, root {api.roots()[newest]}")
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(main(*sys.argv[1:])) + "\n")
