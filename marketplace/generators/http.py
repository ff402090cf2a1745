"""An image generator behind an OpenAI-compatible images API."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, InvalidURL
from urllib.error import HTTPError, URLError
from urllib.request import Request

from marketplace.generators.base import (
    GeneratedImage,
    GenerationFailed,
    GeneratorBusy,
    GeneratorUnavailable,
    JsonValue,
    PromptRefused,
)
from marketplace.images import UnreadableImage, decode
from marketplace.outgoing import open_here

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_REASON_CHARACTERS = 300
REFUSAL_CODES = frozenset({"content_policy_violation", "moderation_blocked", "content_filter", "contentFilter"})
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY_REQUESTS, SERVER_ERROR = 401, 403, 404, 429, 500


@dataclass(frozen=True)
class HttpGenerator:
    """One model (`name`, `version`) of a service that answers `POST {base_url}/images/generations` in base64.

    `parameters` go into the request as they are: services differ in what they know (`size`, `quality`, or
    `"response_format": "b64_json"`, which the models that answer with addresses by default need and others reject).
    The seed is recorded but not sent, since most such services reject it. Nothing is fetched from an address in
    an answer, redirects are not followed, and the key appears in no message.
    `timeout_s` is the longest silence to bear. Raises GeneratorUnavailable for a key or address that cannot work.
    """

    name: str
    version: str
    base_url: str
    api_key: str = field(repr=False)
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    timeout_s: float = 120

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("https://", "http://")):
            raise GeneratorUnavailable(f"GENERATOR_API_BASE must start with https:// or http://: {self.base_url!r}.")
        if not (self.api_key and self.api_key.isascii() and self.api_key.isprintable()):
            raise GeneratorUnavailable(
                "GENERATOR_API_KEY is empty or not one line of plain text: set it to the key of the images API "
                "(any word for a service that asks for none)."
            )

    def generate(self, prompt: str, seed: int) -> GeneratedImage:
        """Ask the service for one image.

        Raises GeneratorUnavailable (key, address), GeneratorBusy (no room, down), PromptRefused, or GenerationFailed.
        """
        parameters = {**self.parameters, "model": self.name, "n": 1}
        data = self._image_bytes(self._post({**parameters, "prompt": prompt}))
        try:
            image = decode(data).image
        except UnreadableImage as error:
            raise GenerationFailed(f"{self._url} answered with an image that cannot be read ({error.code}).") from error
        return GeneratedImage(image=image, prompt=prompt, seed=seed, parameters=parameters)

    @property
    def _url(self) -> str:
        return self.base_url.rstrip("/") + "/images/generations"

    def _post(self, body: Mapping[str, JsonValue]) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = Request(  # noqa: S310 - the scheme was checked above
            self._url, json.dumps(body).encode(), headers, method="POST"
        )
        request.add_header("Authorization", f"Bearer {self.api_key}")
        try:
            with open_here(request, self.timeout_s) as answer:
                data: bytes = answer.read(MAX_ANSWER_BYTES + 1)
                if len(data) > MAX_ANSWER_BYTES:
                    raise GenerationFailed(f"{self._url} answered with more than {MAX_ANSWER_BYTES} bytes.")
                # A read to the end raises where the answer was broken off; a read of so many bytes does not.
                return data + bytes(answer.read())
        except HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except TimeoutError:
            raise GenerationFailed(f"{self._url} was silent for {self.timeout_s:g} seconds.") from None
        except (URLError, InvalidURL) as error:
            raise GeneratorUnavailable(f"Cannot reach {self._url} ({error}): check GENERATOR_API_BASE.") from None
        except (HTTPException, OSError) as error:
            raise GeneratorBusy(f"{self._url} broke off its answer ({error!r}).") from None

    def _refusal(self, error: HTTPError) -> GeneratorUnavailable | GenerationFailed:
        """Say in our words what an error status means, with the service's reason where it cannot hold the key."""
        if error.code == UNAUTHORIZED:
            return GeneratorUnavailable(f"{self._url} does not accept the key: set GENERATOR_API_KEY to a valid one.")
        code, reason = _read_reason(error)
        message = f"{self._url} answered {error.code}: {reason.replace(self.api_key, '[key]')[:MAX_REASON_CHARACTERS]}"
        if code in REFUSAL_CODES:
            return PromptRefused(message)
        if error.code == TOO_MANY_REQUESTS or error.code >= SERVER_ERROR:
            return GeneratorBusy(message)
        if error.code in (FORBIDDEN, NOT_FOUND):
            return GeneratorUnavailable(f"{message} (check GENERATOR_API_BASE and the key's access to {self.name})")
        return GenerationFailed(message)

    def _image_bytes(self, answer: bytes) -> bytes:
        try:
            return base64.b64decode(json.loads(answer)["data"][0]["b64_json"], validate=True)
        except (ValueError, KeyError, IndexError, TypeError):
            raise GenerationFailed(
                f"{self._url} answered without data[0].b64_json in base64. If it sends addresses by default, "
                'add "response_format": "b64_json" to the parameters.'
            ) from None


def _read_reason(error: HTTPError) -> tuple[str, str]:
    """The code and message of an error body, or the status line's own words where the body has none."""
    try:
        body = json.loads(error.read(MAX_ANSWER_BYTES))["error"]
        return str(body.get("code")), str(body["message"])
    except (ValueError, KeyError, TypeError, AttributeError, HTTPException, OSError):
        return "", error.reason
