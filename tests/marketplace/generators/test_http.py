"""An images API gives an image, or an error that says whether to wait, to give up or to repair the settings."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from marketplace.generators import GenerationFailed, Generator, GeneratorBusy, GeneratorUnavailable, PromptRefused
from marketplace.generators.http import HttpGenerator

KEY = "sk-do-not-print-me"


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@dataclass
class ImagesApi:
    """A local server that speaks the images API: it gives the answer it was told to and keeps what it was asked."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    address: str = ""

    def answer_image(self, file: bytes) -> None:
        self.answer({"created": 1, "data": [{"b64_json": base64.b64encode(file).decode()}]})

    def answer_error(self, status: int, message: str, code: str | None = None) -> None:
        self.answer({"error": {"message": message, "type": "invalid_request_error", "code": code}}, status)

    def answer(self, body: object, status: int = 200) -> None:
        self.status, self.body = status, json.dumps(body).encode()

    def generator(self, **options: Any) -> HttpGenerator:
        return HttpGenerator("paint-1", "2026-05-01", self.address, KEY, **options)


@pytest.fixture
def api() -> Iterator[ImagesApi]:
    api = ImagesApi()
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            api.paths.append(self.path)
            api.authorizations.append(self.headers["Authorization"])
            api.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            done.wait(api.delay_s)
            self.send_response(api.status)
            for name, value in {"Content-Length": str(len(api.body)), **api.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(api.body)

        def do_GET(self) -> None:
            api.paths.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object, **kwargs: object) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield api
    done.set()
    server.shutdown()
    server.server_close()
    thread.join()


def _failure(generator: Generator) -> Exception:
    with pytest.raises((GenerationFailed, GeneratorUnavailable)) as caught:
        generator.generate("a harbour", 5)
    return caught.value


def test_an_images_api_gives_an_image_with_what_was_asked(api: ImagesApi) -> None:
    sent = Image.linear_gradient("L").convert("RGB")
    api.answer_image(_png(sent))
    made = api.generator(parameters={"size": "256x256"}).generate("a harbour", 5)
    assert (made.image.mode, made.image.tobytes()) == ("RGB", sent.tobytes())
    assert (made.prompt, made.seed, made.truth) == ("a harbour", 5, None)
    assert made.parameters == {"size": "256x256", "model": "paint-1", "n": 1}
    assert api.asked == [{**made.parameters, "prompt": "a harbour"}]
    assert api.paths == ["/v1/images/generations"]
    assert api.authorizations == [f"Bearer {KEY}"]


def test_a_rejected_key_says_which_variable_to_set_and_never_the_key(api: ImagesApi) -> None:
    api.answer_error(401, f"Incorrect API key provided: {KEY}")
    error = _failure(api.generator())
    assert isinstance(error, GeneratorUnavailable)
    assert "GENERATOR_API_KEY" in str(error)
    assert KEY not in repr(error)
    assert KEY not in repr(api.generator())


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_no_error_message_repeats_the_key(api: ImagesApi, status: int) -> None:
    api.answer_error(status, f"You sent {KEY} to us")
    message = str(_failure(api.generator()))
    assert f"{status}: You sent [key] to us" in message
    assert KEY not in message


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "rate_limit_exceeded", GeneratorBusy),
        (503, None, GeneratorBusy),
        (400, "moderation_blocked", PromptRefused),
        (400, "content_policy_violation", PromptRefused),
        (403, None, GeneratorUnavailable),
        (404, "model_not_found", GeneratorUnavailable),
        (400, "unknown_parameter", GenerationFailed),
    ],
)
def test_each_refusal_tells_the_caller_whether_to_wait_to_give_up_or_to_repair(
    api: ImagesApi, status: int, code: str | None, expected: type[Exception]
) -> None:
    api.answer_error(status, "the service's own reason", code)
    error = _failure(api.generator())
    assert type(error) is expected
    assert "the service's own reason" in str(error)


def test_an_error_page_that_is_not_json_is_still_reported_by_its_status(api: ImagesApi) -> None:
    api.status, api.body = 502, b"<html>Bad gateway</html>"
    error = _failure(api.generator())
    assert isinstance(error, GeneratorBusy)
    assert "answered 502: Bad Gateway" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"data": []}',
        b'{"data": [{"url": "http://127.0.0.1/elsewhere.png"}]}',
        b'{"data": [{"b64_json": null}]}',
        b'{"data": [{"b64_json": "%%%"}]}',
    ],
)
def test_an_answer_without_an_image_is_a_clear_failure(api: ImagesApi, body: bytes) -> None:
    api.body = body
    error = _failure(api.generator())
    assert isinstance(error, GenerationFailed)
    assert "data[0].b64_json" in str(error)
    assert len(api.paths) == 1, "an address in an answer was fetched"


def test_an_answer_that_is_not_a_readable_image_is_a_clear_failure(api: ImagesApi) -> None:
    api.answer_image(_png(Image.new("RGB", (64, 64)))[:60])
    assert "image that cannot be read" in str(_failure(api.generator()))


def test_a_redirect_is_not_followed(api: ImagesApi) -> None:
    api.status, api.headers = 302, {"Location": f"{api.address}/elsewhere"}
    assert "answered 302" in str(_failure(api.generator()))
    assert api.paths == ["/v1/images/generations"]


def test_a_silent_service_is_given_up_in_time(api: ImagesApi) -> None:
    api.delay_s = 30
    assert "silent for 0.2 seconds" in str(_failure(api.generator(timeout_s=0.2)))


def test_a_broken_off_answer_can_be_tried_again(api: ImagesApi) -> None:
    api.answer_image(_png(Image.new("RGB", (8, 8))))
    api.headers = {"Content-Length": str(len(api.body))}
    api.body = api.body[:-30]
    error = _failure(api.generator())
    assert isinstance(error, GeneratorBusy)
    assert "broke off" in str(error)


def test_an_answer_without_end_is_given_up_at_the_limit(api: ImagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketplace.generators.http.MAX_ANSWER_BYTES", 1_000)
    api.body = b" " * 1_001
    assert "more than 1000 bytes" in str(_failure(api.generator()))


def test_an_unreachable_service_says_which_variable_to_check(api: ImagesApi) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        address = f"http://127.0.0.1:{closed.server_port}"
    error = _failure(HttpGenerator("paint-1", "1", address, KEY))
    assert isinstance(error, GeneratorUnavailable)
    assert "GENERATOR_API_BASE" in str(error)


@pytest.mark.parametrize("key", ["", "sk-one\n", "sk-é"])
def test_a_key_that_cannot_be_sent_is_refused_at_once_and_not_repeated(key: str) -> None:
    with pytest.raises(GeneratorUnavailable, match="GENERATOR_API_KEY") as caught:
        HttpGenerator("paint-1", "1", "https://127.0.0.1/v1", key)
    assert not key or key.strip() not in str(caught.value)


def test_an_address_of_another_kind_is_refused_at_once() -> None:
    with pytest.raises(GeneratorUnavailable, match="GENERATOR_API_BASE must start with"):
        HttpGenerator("paint-1", "1", "file:///etc", KEY)
