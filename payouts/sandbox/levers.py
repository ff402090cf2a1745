"""Pulling the sandbox's levers from another program."""

import json
import urllib.request
from typing import Any, cast

TIMEOUT_S = 30


def pull(url: str, lever: str, /, **arguments: Any) -> dict[str, Any]:
    """Pull a lever of the sandbox at `url`, as `control.py` names them. Raises `HTTPError` where it is refused."""
    request = urllib.request.Request(f"{url}/sandbox/{lever}", json.dumps(arguments).encode())  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        return cast(dict[str, Any], json.loads(answer.read()))
