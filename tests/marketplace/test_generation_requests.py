"""Customers ask for pictures: each request once, made by a worker, watched on a page, and nobody else's to look at."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.test import Client

from marketplace import requesting, tasks
from marketplace.core.release import Outcome
from marketplace.generating import generate_image
from marketplace.generators.base import GenerationFailed
from marketplace.models import Contributor, Customer, Generation, GenerationRequest, GeneratorModel, User
from marketplace.output_checks import record_output_check
from marketplace.permissions import generations_for
from marketplace.requesting import MOST_A_DAY, MOST_WAITING, Progress, RequestRefused, progress_of, request_generation
from tests.broker import broker_away
from tests.builders import (
    SOLD_AT,
    make_asset,
    make_customer,
    make_download,
    make_generator_model,
    make_training_set,
    make_user,
)


@pytest.fixture
def model(ana: Contributor) -> GeneratorModel:
    for seed in range(4):
        make_asset(ana, seed=seed)
    return make_generator_model(make_training_set())


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """What is handed to the broker."""
    sent = Mock()
    monkeypatch.setattr(tasks.make_generations, "delay", sent)
    return sent


def ask(customer: Customer, model: GeneratorModel, seed: int | None = 7) -> GenerationRequest:
    return request_generation(customer, model, "a quiet morning", seed, uuid4(), SOLD_AT)


def posted(client: Client, offered: GeneratorModel, **changed: Any) -> Any:
    return client.post("/generate/", {"model": offered.pk, "prompt": "a quiet morning", "form_key": uuid4()} | changed)


def test_a_press_of_the_button_asks_once_however_often_it_is_sent(
    client: Client, carla: Customer, model: GeneratorModel, sent: Mock, django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(carla.user)  # type: ignore[arg-type]
    assert "Trained on catalogue 1: 4 images" in client.get("/generate/").content.decode()
    key = uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        pages = {posted(client, model, form_key=key).url for _ in range(2)}
    one = carla.generation_requests.get()
    assert pages == {f"/generate/{one.pk}/"}
    assert sent.called


def test_where_the_broker_is_away_the_request_is_taken_and_made_later(
    client: Client,
    carla: Customer,
    model: GeneratorModel,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(tasks.make_generations, "delay", broker_away)
    client.force_login(carla.user)  # type: ignore[arg-type]
    with django_capture_on_commit_callbacks(execute=True):
        answer = posted(client, model)
    one = carla.generation_requests.get()
    assert answer.url == f"/generate/{one.pk}/"
    assert requesting.make_next(SOLD_AT)
    one.refresh_from_db()
    assert one.generation is not None


def test_its_page_tells_how_far_it_is_until_it_can_be_licensed(
    client: Client, carla: Customer, model: GeneratorModel
) -> None:
    one = ask(carla, model)
    client.force_login(carla.user)  # type: ignore[arg-type]
    address = f"/generate/{one.pk}/"
    assert 'hx-trigger="every 2s"' in client.get(address).content.decode()
    assert requesting.make_next(SOLD_AT)
    assert not requesting.make_next(SOLD_AT), "there was one"
    one.refresh_from_db()
    assert one.generation is not None
    assert (one.generation.prompt, one.generation.seed, progress_of(one)) == ("a quiet morning", 7, Progress.CHECKING)
    record_output_check(one.generation, Outcome.CLEAR, "", SOLD_AT)
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in part
    assert f"/generations/{one.generation_id}/" in part
    record_output_check(one.generation, Outcome.BLOCKED, "", SOLD_AT)
    assert "cannot be licensed as it is" in client.get(address).content.decode()
    assert "not for sale as it is" in client.get("/generate/").content.decode()


def test_a_generator_that_declines_says_so_and_one_that_breaks_makes_nobody_wait(
    client: Client, carla: Customer, model: GeneratorModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    declined, broken, good = (ask(carla, model, seed) for seed in (1, 2, 3))

    def fails(model: GeneratorModel, generator: Any, prompt: str, seed: int, *others: Any, **said: Any) -> Generation:
        if seed == 1:
            raise GenerationFailed("The generator declines this prompt.")
        if seed == 2:
            raise ZeroDivisionError
        return generate_image(model, generator, prompt, seed, *others, **said)

    monkeypatch.setattr(requesting, "generate_image", fails)
    while requesting.make_next(SOLD_AT):
        pass
    for one in (declined, broken, good):
        one.refresh_from_db()
    assert declined.failure == "The generator declines this prompt."
    assert broken.failure.startswith("This generator model does not work at the moment.")
    assert [progress_of(one) for one in (declined, broken, good)] == [
        Progress.FAILED,
        Progress.FAILED,
        Progress.CHECKING,
    ]
    client.force_login(carla.user)  # type: ignore[arg-type]
    assert "The generator declines this prompt." in client.get(f"/generate/{declined.pk}/").content.decode()


def test_a_worker_that_is_killed_leaves_the_request_to_the_next_one(
    carla: Customer, model: GeneratorModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ask(carla, model)
    with monkeypatch.context() as killed:
        killed.setattr(requesting, "generate_image", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            requesting.make_next(SOLD_AT)
    one.refresh_from_db()
    assert progress_of(one) is Progress.WAITING
    assert requesting.make_next(SOLD_AT)


def test_nobody_fills_the_queue(carla: Customer, model: GeneratorModel) -> None:
    for seed in range(MOST_WAITING):
        ask(carla, model, seed)
    with pytest.raises(RequestRefused, match="5 of your pictures are still being made"):
        ask(carla, model)
    ask(make_customer("Dora"), model)
    carla.generation_requests.update(finished_at=SOLD_AT, failure="not made")
    for seed in range(MOST_WAITING, MOST_A_DAY):
        request = ask(carla, model, seed)
        GenerationRequest.objects.filter(pk=request.pk).update(finished_at=SOLD_AT, failure="not made")
    with pytest.raises(RequestRefused, match="100 pictures within a day"):
        ask(carla, model)
    request_generation(carla, model, "a quiet morning", 1, uuid4(), SOLD_AT + timedelta(days=2))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"prompt": " "}, "Say what the picture should show."),
        ({"model": 0}, "Select a valid choice."),
        ({"model": ""}, "Choose a generator model."),
        ({"seed": "-1"}, "greater than or equal to 0"),
    ],
)
def test_an_incomplete_request_names_what_is_missing_and_keeps_the_rest(
    client: Client, carla: Customer, model: GeneratorModel, changed: dict[str, Any], sentence: str
) -> None:
    client.force_login(carla.user)  # type: ignore[arg-type]
    page = posted(client, model, **changed).content.decode()
    assert sentence in page
    assert changed.get("prompt", "a quiet morning") in page
    assert not GenerationRequest.objects.exists()


def test_what_a_customer_asked_for_is_theirs_alone_until_it_is_downloaded(
    client: Client, ana: Contributor, carla: Customer, model: GeneratorModel
) -> None:
    one = ask(carla, model)
    requesting.make_next(SOLD_AT)
    one.refresh_from_db()
    made = one.generation
    assert made is not None
    record_output_check(made, Outcome.CLEAR, "", SOLD_AT)
    dora = make_customer("Dora")
    people = {"carla": carla.user, "dora": dora.user, "ana": ana.user, "reviewer": make_user("rita", "reviewer")}

    def seen_by() -> set[str]:
        seeing = set()
        for name, user in people.items():
            assert isinstance(user, User)
            assert generations_for(user).filter(pk=made.pk).count() in (0, 1)
            client.force_login(user)
            response = client.get(f"/generations/{made.pk}/preview.jpg")
            if response.status_code == 200:
                assert response.getvalue()
                seeing.add(name)
        return seeing

    assert seen_by() == {"carla", "reviewer"}
    client.force_login(dora.user)  # type: ignore[arg-type]
    for address in (f"/generate/{one.pk}/", f"/generations/{made.pk}/"):
        assert client.get(address).status_code == 404
    assert f"/generations/{made.pk}/" not in client.get("/generations/").content.decode()
    for _ in range(2):
        make_download(carla, made)
    assert seen_by() == {"carla", "reviewer", "ana"}


def test_generations_are_found_by_the_words_of_their_prompt_and_by_model(
    client: Client, carla: Customer, model: GeneratorModel
) -> None:
    for prompt in ("a quiet morning", "a loud morning"):
        request_generation(carla, model, prompt, None, uuid4(), SOLD_AT)
        requesting.make_next(SOLD_AT)
    client.force_login(carla.user)  # type: ignore[arg-type]
    page = client.get("/generations/", {"words": "MORNING quiet", "model": str(model.pk)}).content.decode()
    assert "a quiet morning" in page
    assert "a loud morning" not in page
    assert "Nothing was found." in client.get("/generations/", {"words": "evening"}).content.decode()
    assert "a loud morning" in client.get("/generations/", {"model": "nonsense"}).content.decode()
