"""A prompt is checked before anything is generated; who is refused reads why, contests once, and a reviewer decides."""

import logging
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from marketplace.core.prompts import EntryKind, HarmClass, PromptDecision, PromptOutcome, PromptState
from marketplace.generating import generate_image, generator_of
from marketplace.models import (
    Contributor,
    Customer,
    Generation,
    GeneratorModel,
    PromptCheck,
    PromptReview,
    PromptText,
    RegisterEntry,
    User,
)
from marketplace.personal_data import forget_login, records_of
from marketplace.prompts.base import ClassifierUnavailable
from marketplace.prompts.checking import PromptNotAllowed, PromptUnusable, check_prompt, findings_of, state_of
from marketplace.prompts.deciding import CannotContest, CannotDecide, contest_prompt, decide_prompt, waiting_prompts
from marketplace.prompts.hosted import HostedClassifier
from marketplace.prompts.register import entries_in_force, record_entry
from marketplace.prompts.retention import delete_prompt_texts
from marketplace.prompts.rules import RulesClassifier
from tests.builders import JOINED_AT, SOLD_AT, make_asset, make_generator_model, make_training_set, make_user

DAY = timedelta(days=1)
INNOCENT = [
    "a quiet harbour at dawn, oil on canvas",
    "children flying kites on a beach",
    "a naked mole rat in its burrow, scientific illustration",
    "stars seen with the naked eye above a tent with kids",
    "nude lipstick and a girl's birthday party in nude tones",
    "the town of Scunthorpe in the rain, Penistone in the distance",
    "a hiker in a Gore-Tex jacket",
    "a bath bomb recipe card with lavender",
    "step by step instructions for folding a paper crane",
    "how to make bread, illustrated cookbook page",
    "fireworks exploding over a harbour, explosive colours",
    "a butcher's shop window with cuts of meat",
    "a minor chord on a piano keyboard",
    "a teenager repairing a bicycle",
    "a mass of flowers, a shot of espresso",
    "cocktail party, vodka and tonic, dickens novel on a table",
    "a hanging garden, herself asleep beside it",
    "classic car assembly diagram, analyst at a desk",
    "essex countryside, middlesex fields, a sextant",
    "the Venus of Willendorf, museum photograph",
    "a fake plant on a passport office's desk",
    "4k 1980s style photo, 35mm, f/1.8, 50 mm lens",
    "Kinder spielen im Schnee",
    "море на закате, рыбак",
    "富士山と桜",
]


@pytest.fixture
def model(ana: Contributor) -> GeneratorModel:
    for seed in range(4):
        make_asset(ana, seed=seed)
    return make_generator_model(make_training_set())


def add(kind: EntryKind, term: str, *aliases: str, **fields: Any) -> RegisterEntry:
    """An entry that holds from the day on which everybody joined."""
    values = {"valid_from_on": JOINED_AT.date(), "source": "A letter of 1 September 2026"} | fields
    entry = RegisterEntry(kind=kind, term=term, aliases=list(aliases), **values)
    record_entry(entry, User.objects.filter(username="admin").first() or make_user("admin"), JOINED_AT)
    return entry


def login(customer: Customer) -> User:
    assert customer.user is not None
    return customer.user


def check(prompt: str, asked_by: User | None = None) -> PromptCheck:
    return check_prompt(prompt, asked_by, SOLD_AT)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (EntryKind.STYLE, PromptOutcome.REFUSE),
        (EntryKind.TRADE_MARK, PromptOutcome.WARN),
        (EntryKind.PERSON, PromptOutcome.ASK),
        (EntryKind.POLICY, PromptOutcome.REFUSE),
    ],
)
def test_each_kind_of_entry_has_its_outcome_and_is_named_with_the_characters_found(
    db: None, kind: EntryKind, outcome: PromptOutcome
) -> None:
    entry = add(kind, "Mara Lind", "Lind, Mara")
    prompt = "a forest by M4ra-L.i.n.d at dusk"
    made = check(prompt)
    (finding,) = findings_of(made)
    assert (made.outcome, finding.entry_id, finding.term) == (outcome, entry.pk, "Mara Lind")
    assert [prompt[span.start : span.end] for span in finding.spans] == ["M4ra-L.i.n.d"]


def test_the_gravest_of_several_findings_decides(db: None) -> None:
    add(EntryKind.TRADE_MARK, "Zephyr Cola")
    add(EntryKind.STYLE, "Mara Lind")
    assert check("a Zephyr Cola can").outcome == PromptOutcome.WARN
    assert check("a Zephyr Cola can by Mara Lind").outcome == PromptOutcome.REFUSE


@pytest.mark.parametrize("prompt", INNOCENT)
def test_innocent_prompts_pass(db: None, prompt: str) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    assert check(prompt).outcome == PromptOutcome.ALLOW, findings_of(check(prompt))


@pytest.mark.parametrize(
    ("prompt", "about"),
    [
        ("a naked child", HarmClass.MINORS),
        ("s e x y schoolgirl", HarmClass.MINORS),
        ("n@ked t0ddler", HarmClass.MINORS),
        ("nude teen", HarmClass.MINORS),
        ("pоrn", HarmClass.SEXUAL),  # noqa: RUF001 - a Cyrillic o
        ("a decapitated soldier", HarmClass.VIOLENCE),
        ("a poster for white power", HarmClass.HATE),
        ("a girl who is cutting herself", HarmClass.SELF_HARM),
        ("blueprint of a pipe-bomb", HarmClass.WEAPONS),
        ("a deep fake of the mayor", HarmClass.IMPERSONATION),
    ],
)
def test_each_class_of_harmful_content_is_found_without_a_network(prompt: str, about: HarmClass) -> None:
    assert about in {finding.about for finding in RulesClassifier().classify(prompt)}


def test_an_entry_holds_from_its_first_to_its_last_day(db: None) -> None:
    add(EntryKind.STYLE, "Mara Lind", valid_from_on=date(2026, 10, 2), valid_until_on=date(2026, 10, 4))
    days = [day for day in range(1, 7) if entries_in_force(date(2026, 10, day))]
    assert days == [2, 3, 4]


def test_changing_an_entry_keeps_the_earlier_one_and_only_the_newer_one_holds(db: None) -> None:
    entry = add(EntryKind.STYLE, "Mara Lind")
    first_id = entry.pk
    entry.term = "Mara Lindqvist"
    record_entry(entry, entry.recorded_by, SOLD_AT)
    assert [one.term for one in RegisterEntry.objects.order_by("pk")] == ["Mara Lind", "Mara Lindqvist"]
    assert entry.replaces_id == first_id
    assert [one.pk for one in entries_in_force(SOLD_AT.date())] == [entry.pk]
    assert check("by Mara Lind").outcome == PromptOutcome.ALLOW
    with pytest.raises(ValidationError):
        record_entry(RegisterEntry.objects.get(pk=first_id), entry.recorded_by, SOLD_AT)


def test_the_database_refuses_to_change_or_delete_an_entry(db: None) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    for change in (lambda: RegisterEntry.objects.update(term="Else"), lambda: RegisterEntry.objects.all().delete()):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            change()


def test_an_entry_too_short_to_look_for_is_refused_in_words(db: None) -> None:
    with pytest.raises(ValidationError, match="too short"):
        add(EntryKind.STYLE, "Mara Lind", "ml")


def test_an_admin_adds_and_replaces_entries_by_form(client: Client, db: None) -> None:
    client.force_login(make_user("root", is_superuser=True))
    values = {"kind": "person", "term": "Mara Lind", "aliases": "", "valid_from_on": "2026-09-01", "source": "A letter"}
    client.post("/admin/marketplace/registerentry/add/", values)
    (entry,) = RegisterEntry.objects.all()
    page = client.post(f"/admin/marketplace/registerentry/{entry.pk}/change/", values | {"note": "Asked by telephone"})
    assert page.status_code == 302
    assert [one.note for one in RegisterEntry.objects.order_by("pk")] == ["", "Asked by telephone"]
    assert client.get("/admin/marketplace/registerentry/").status_code == 200
    assert client.post(f"/admin/marketplace/registerentry/{entry.pk}/change/", values).status_code == 403


def test_nothing_is_generated_from_a_refused_prompt(model: GeneratorModel) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    with pytest.raises(CommandError, match="Mara Lind does not want pictures made in their style"):
        call_command("generate", model.name, "a forest by Mara Lind")
    assert not Generation.objects.exists()


def test_a_generation_names_the_check_that_allowed_it(model: GeneratorModel) -> None:
    add(EntryKind.TRADE_MARK, "Zephyr Cola")
    made = generate_image(model, generator_of(model), "a Zephyr Cola can", 7, SOLD_AT)
    assert made.prompt_check is not None
    assert made.prompt_check.outcome == PromptOutcome.WARN


@pytest.mark.parametrize("prompt", ["a forest by Mara Lind", "another prompt"])
def test_the_database_refuses_a_generation_whose_very_prompt_was_not_allowed(
    model: GeneratorModel, prompt: str
) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    made = generate_image(model, generator_of(model), "a forest", 7, SOLD_AT)
    made.pk, made.sha256, made.prompt = None, "0" * 64, prompt
    made.prompt_check = check("a forest by Mara Lind")
    with pytest.raises(DatabaseError, match="needs a check of its very prompt"):
        made.save(force_insert=True)


def test_a_cleared_prompt_is_generated_as_long_as_nothing_else_is_found(
    model: GeneratorModel, carla: Customer, rita: User
) -> None:
    add(EntryKind.PERSON, "Mara Lind")
    asked = check("Mara Lind on a horse", login(carla))
    with pytest.raises(PromptNotAllowed, match="waiting for a reviewer"):
        generate_image(model, generator_of(model), "Mara Lind on a horse", 1, SOLD_AT)
    decide_prompt(asked, PromptDecision.CLEARED, "She agreed.", rita, SOLD_AT)
    assert generate_image(model, generator_of(model), "Mara Lind on a horse", 1, SOLD_AT).prompt_check == asked
    add(EntryKind.STYLE, "horse")
    with pytest.raises(PromptNotAllowed, match="refused"):
        generate_image(model, generator_of(model), "Mara Lind on a horse", 2, SOLD_AT)


def test_a_refusal_is_contested_once_and_decided_by_a_reviewer(carla: Customer, rita: User) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    asked = check("a linden tree by Mara Lind", login(carla))
    contest_prompt(asked, "It is my own name.", login(carla), SOLD_AT)
    with pytest.raises(CannotContest, match="is contested"):
        contest_prompt(asked, "", login(carla), SOLD_AT)
    assert list(waiting_prompts()) == [asked]
    decide_prompt(asked, PromptDecision.UPHELD, "It is hers.", rita, SOLD_AT)
    assert state_of(asked) is PromptState.REFUSED_FOR_GOOD
    assert not waiting_prompts()


def test_a_second_reviewer_decides_a_contest_of_a_reviewers_refusal(carla: Customer, rita: User, rob: User) -> None:
    add(EntryKind.PERSON, "Mara Lind")
    asked = check("Mara Lind on a horse", login(carla))
    decide_prompt(asked, PromptDecision.UPHELD, "Not without her consent.", rita, SOLD_AT)
    contest = contest_prompt(asked, "I have it in writing.", login(carla), SOLD_AT)
    with pytest.raises(CannotDecide, match="a second reviewer"):
        decide_prompt(asked, PromptDecision.CLEARED, "Well then.", rita, SOLD_AT)
    with pytest.raises(DatabaseError, match="has not decided"), transaction.atomic():
        PromptReview.objects.create(
            prompt_check=asked, contest=contest, decision="cleared", reason="-", decided_by=rita, decided_at=SOLD_AT
        )
    decide_prompt(asked, PromptDecision.CLEARED, "The letter is there.", rob, SOLD_AT)
    assert state_of(asked) is PromptState.CLEARED
    with pytest.raises(CannotDecide, match="somebody else decided"):
        decide_prompt(asked, PromptDecision.UPHELD, "Too late.", rita, SOLD_AT)


def test_only_whoever_asked_contests_and_only_reviewers_decide(carla: Customer, fay: User) -> None:
    add(EntryKind.PERSON, "Mara Lind")
    asked = check("Mara Lind on a horse", login(carla))
    with pytest.raises(CannotContest, match="Only whoever asked"):
        contest_prompt(asked, "", fay, SOLD_AT)
    with pytest.raises(CannotDecide, match="Only reviewers"):
        decide_prompt(asked, PromptDecision.CLEARED, "Why not.", fay, SOLD_AT)


def test_texts_are_deleted_in_time_and_hash_findings_and_decisions_stay(
    carla: Customer, rita: User, settings: Settings
) -> None:
    settings.PROMPT_RETENTION_DAYS = 30
    add(EntryKind.STYLE, "Mara Lind")
    add(EntryKind.PERSON, "Ola Berg")
    refused = check("a tree by Mara Lind", login(carla))
    waiting = check("Ola Berg on a horse", login(carla))
    assert check("a tree", login(carla)).outcome == PromptOutcome.ALLOW
    assert {text.prompt_check for text in PromptText.objects.all()} == {refused, waiting}
    assert delete_prompt_texts(SOLD_AT + 30 * DAY - timedelta(seconds=1)) == 0
    assert delete_prompt_texts(SOLD_AT + 30 * DAY) == 1
    assert PromptText.objects.get().prompt_check == waiting
    decide_prompt(waiting, PromptDecision.UPHELD, "No.", rita, SOLD_AT + 40 * DAY)
    assert delete_prompt_texts(SOLD_AT + 69 * DAY) == 0
    assert delete_prompt_texts(SOLD_AT + 70 * DAY) == 1
    assert PromptCheck.objects.get(pk=refused.pk).sha256 == refused.sha256
    again = check("a tree by Mara Lind", login(carla))
    assert again != refused
    assert again.kept_text.text == "a tree by Mara Lind"


def test_prompts_are_part_of_personal_data_and_an_erasure_takes_their_texts(carla: Customer) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    asked = check("a tree by Mara Lind", login(carla))
    contest_prompt(asked, "My own name.", login(carla), SOLD_AT)
    records = records_of(login(carla))
    assert [row["kept_text__text"] for row in records["prompts"]] == ["a tree by Mara Lind"]
    assert [row["statement"] for row in records["prompt_contests"]] == ["My own name."]
    forget_login(login(carla))
    assert not PromptText.objects.exists()
    assert PromptCheck.objects.filter(pk=asked.pk).exists()


def test_no_prompt_appears_in_a_log(carla: Customer, caplog: pytest.LogCaptureFixture, client: Client) -> None:
    caplog.set_level(logging.DEBUG)
    client.force_login(login(carla))
    client.post("/prompts/", {"prompt": "a naked child in the garden"})
    client.post("/prompts/", {"prompt": "garden " * 1_000})
    assert "garden" not in caplog.text


@pytest.mark.parametrize("prompt", ["", " \n", "x" * 1_001, "a\x00b"])
def test_an_unusable_prompt_is_refused_in_words(db: None, prompt: str) -> None:
    with pytest.raises(PromptUnusable, match="at most 1000 characters"):
        check(prompt)


def test_a_customer_reads_why_with_the_words_marked_and_contests(carla: Customer, client: Client) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    client.force_login(login(carla))
    page = client.post("/prompts/", {"prompt": "<b> a tree by Mara L1nd"}, follow=True)
    text = page.content.decode()
    assert "&lt;b&gt; a tree by <mark>Mara L1nd</mark>" in text
    assert "Mara Lind does not want pictures made in their style" in text
    (made,) = PromptCheck.objects.all()
    page = client.post(f"/prompts/{made.pk}/contest/", {"statement": "My name."}, follow=True)
    assert "A reviewer decides" in page.content.decode()
    page = client.post(f"/prompts/{made.pk}/contest/", {"statement": "My name."}, follow=True)
    assert "Nothing was contested: the prompt is contested." in page.content.decode()


def test_asking_twice_by_a_double_press_is_one_check(carla: Customer, client: Client) -> None:
    client.force_login(login(carla))
    first, again = (client.post("/prompts/", {"prompt": "a tree"}) for _ in range(2))
    assert first["Location"] == again["Location"]


def test_how_many_others_asked_the_same_costs_no_query(carla: Customer, client: Client) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    client.force_login(login(carla))

    def query_count() -> int:
        with CaptureQueriesContext(connection) as captured:
            check("a tree by Mara Lind", login(carla))
            client.get("/prompts/")
        return len(captured)

    query_count()
    alone = query_count()
    for number in range(5):
        check("a tree by Mara Lind", make_user(f"other{number}"))
        check(f"{number} trees by Mara Lind", login(carla))
    assert query_count() == alone


def test_a_prompt_of_somebody_else_does_not_exist(carla: Customer, ana: Contributor, client: Client) -> None:
    made = check("a naked child", login(carla))
    assert ana.user is not None
    client.force_login(ana.user)
    for path in ("/prompts/", f"/prompts/{made.pk}/", "/prompt-reviews/", f"/prompt-reviews/{made.pk}/"):
        assert client.get(path).status_code == 404, path
    assert client.post(f"/prompts/{made.pk}/contest/").status_code == 404
    assert client.post(f"/prompt-reviews/{made.pk}/decide/").status_code == 404


def test_a_reviewer_sees_what_waits_and_decides_on_the_page(carla: Customer, rita: User, client: Client) -> None:
    add(EntryKind.PERSON, "Mara Lind")
    made = check("Mara Lind on a horse", login(carla))
    client.force_login(rita)
    assert "Mara Lind on a horse" in client.get("/prompt-reviews/").content.decode()
    assert "<mark>Mara Lind</mark>" in client.get(f"/prompt-reviews/{made.pk}/").content.decode()
    page = client.post(f"/prompt-reviews/{made.pk}/decide/", {"decision": "cleared"}, follow=True)
    assert "write a reason" in page.content.decode()
    client.post(f"/prompt-reviews/{made.pk}/decide/", {"decision": "cleared", "reason": "She agreed."})
    assert state_of(made) is PromptState.CLEARED
    page = client.post(f"/prompt-reviews/{made.pk}/decide/", {"decision": "upheld", "reason": "No."}, follow=True)
    assert "somebody else decided" in page.content.decode()


class Moderation(BaseHTTPRequestHandler):
    """Answers as the moderation endpoint does: whatever the test wants."""

    status, body = 200, b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def moderation() -> Any:
    server = HTTPServer(("127.0.0.1", 0), Moderation)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_a_hosted_classifier_adds_its_classes(moderation: str, db: None, settings: Settings) -> None:
    Moderation.status = 200
    Moderation.body = b'{"results": [{"flagged": true, "categories": {"sexual": false, "hate": true, "new": true}}]}'
    settings.MODERATION_API_BASE, settings.MODERATION_API_KEY = moderation, "key"
    made = check("something that the rules do not know")
    assert [(finding.about, finding.outcome) for finding in findings_of(made)] == [(HarmClass.HATE, PromptOutcome.ASK)]
    assert made.checked_with == "register, rules 1, omni-moderation-latest"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [(401, b"", "MODERATION_API_KEY"), (500, b"", "try again later"), (302, b"", "302"), (200, b"[]", "categories")],
)
def test_a_hosted_classifier_that_does_not_answer_says_what_to_do_and_nothing_is_generated(
    moderation: str, model: GeneratorModel, settings: Settings, status: int, body: bytes, message: str
) -> None:
    Moderation.status, Moderation.body = status, body
    settings.MODERATION_API_BASE, settings.MODERATION_API_KEY = moderation, "key"
    with pytest.raises(CommandError, match=message):
        call_command("generate", model.name, "a tree")
    assert not Generation.objects.exists()


def test_a_hosted_classifier_says_which_variable_is_wrong() -> None:
    with pytest.raises(ClassifierUnavailable, match="MODERATION_API_KEY is empty"):
        HostedClassifier("https://example.org/v1", "", "a-model")
    with pytest.raises(ClassifierUnavailable, match="MODERATION_API_BASE must start"):
        HostedClassifier("ftp://example.org", "key", "a-model")
    with pytest.raises(ClassifierUnavailable, match="cannot be reached"):
        HostedClassifier("http://127.0.0.1:9/v1", "key", "a-model").classify("a tree")
