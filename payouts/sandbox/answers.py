"""What the sandbox answers: a status, a body and headers; refusals in Stripe's error shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, body: JsonObject) -> Answer:
    """An answer whose body is `body` as JSON."""
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


class ApiError(Exception):
    """A refusal. Types, codes and statuses are those of https://docs.stripe.com/api/errors."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type_: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": type_, "message": message}
        if code is not None:
            self.error["code"] = code
        if param is not None:
            self.error["param"] = param

    def answer(self) -> Answer:
        """The refusal as it goes over the wire."""
        return json_answer(self.status, {"error": self.error})


def no_such(noun: str, id_: str, param: str) -> ApiError:
    """The refusal of an id, named by a parameter, that does not exist."""
    return ApiError(400, f"No such {noun}: '{id_}'", code="resource_missing", param=param)
