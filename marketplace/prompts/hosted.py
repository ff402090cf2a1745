"""A classifier behind an OpenAI-compatible moderation endpoint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, InvalidURL
from types import MappingProxyType
from urllib.error import HTTPError
from urllib.request import Request

from marketplace.core.prompts import Finding, HarmClass, PromptOutcome
from marketplace.outgoing import open_here
from marketplace.prompts.base import ClassifierUnavailable

MAX_ANSWER_BYTES = 1024 * 1024
UNAUTHORIZED = 401
CLASSES: Mapping[str, tuple[HarmClass, PromptOutcome]] = MappingProxyType(
    {
        "sexual/minors": (HarmClass.MINORS, PromptOutcome.REFUSE),
        "sexual": (HarmClass.SEXUAL, PromptOutcome.REFUSE),
        "violence/graphic": (HarmClass.VIOLENCE, PromptOutcome.ASK),
        "hate": (HarmClass.HATE, PromptOutcome.ASK),
        "hate/threatening": (HarmClass.HATE, PromptOutcome.ASK),
        "self-harm": (HarmClass.SELF_HARM, PromptOutcome.ASK),
        "self-harm/intent": (HarmClass.SELF_HARM, PromptOutcome.ASK),
        "self-harm/instructions": (HarmClass.SELF_HARM, PromptOutcome.REFUSE),
        "illicit/violent": (HarmClass.WEAPONS, PromptOutcome.REFUSE),
    }
)


@dataclass(frozen=True)
class HostedClassifier:
    """One model of a service that answers `POST {base_url}/moderations`.

    Redirects are not followed, and neither key nor prompt appears in a message. `timeout_s` is the longest silence to
    bear. Raises `ClassifierUnavailable` for a key or address that cannot work.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    timeout_s: float = 20

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("https://", "http://")):
            raise ClassifierUnavailable(f"MODERATION_API_BASE must start with https:// or http://: {self.base_url!r}.")
        if not (self.api_key and self.api_key.isascii() and self.api_key.isprintable()):
            raise ClassifierUnavailable(
                "MODERATION_API_KEY is empty or not one line of plain text: set it to the key of the moderation API, "
                "or unset it to check prompts by the rules alone."
            )

    @property
    def name(self) -> str:
        """The model's name, as the service has it."""
        return self.model

    def classify(self, prompt: str) -> Sequence[Finding]:
        """The classes that the service flags, each once. Raises `ClassifierUnavailable`."""
        try:
            flags = json.loads(self._post({"model": self.model, "input": prompt}))["results"][0]["categories"]
            flagged = [CLASSES[name] for name, is_flagged in flags.items() if is_flagged and name in CLASSES]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise ClassifierUnavailable(f"{self._url} answered without results[0].categories.") from None
        return [Finding(self.name, about, outcome) for about, outcome in dict.fromkeys(flagged)]

    @property
    def _url(self) -> str:
        return self.base_url.rstrip("/") + "/moderations"

    def _post(self, body: Mapping[str, str]) -> bytes:
        request = Request(  # noqa: S310 - the scheme was checked above
            self._url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        request.add_header("Authorization", f"Bearer {self.api_key}")
        try:
            with open_here(request, self.timeout_s) as answer:
                return bytes(answer.read(MAX_ANSWER_BYTES))
        except HTTPError as error:
            error.close()
            what_to_do = "set MODERATION_API_KEY to a valid key" if error.code == UNAUTHORIZED else "try again later"
            raise ClassifierUnavailable(f"{self._url} answered {error.code}: {what_to_do}.") from None
        except (HTTPException, InvalidURL, OSError):
            raise ClassifierUnavailable(
                f"{self._url} cannot be reached: try again later, or check MODERATION_API_BASE."
            ) from None
