"""A contributor checks a statement offline with one Python file: what was issued fits, what was altered does not."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.core.canonical import canonical
from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period
from payouts.core.ledger import AccountKind, payout_reserved
from payouts.documents import statement_file
from payouts.models import Entry, LedgerAccount, Period, Posting, Statement, StatementRoot
from payouts.posting import period_of, post
from payouts.verify_statement import Unreadable, check, main, read
from tests.builders import (
    CLOSED_AT,
    OCTOBER,
    make_attributed_downloads,
    make_closed_month,
    make_contributor,
    make_policy,
)
from tests.payouts.paying import AT, NOVEMBER, owe

SCRIPT = Path(__file__).resolve().parents[2] / "payouts" / "verify_statement.py"
DECEMBER_AT = NOVEMBER.end_at

File = dict[str, Any]


@pytest.fixture
def november(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Period:
    """A month with statements for eleven people, in which Ana has lines, an adjustment and a payout."""
    make_attributed_downloads([ana, ben], carla)
    for number in range(9):
        owe(make_contributor(f"Member {number}", has_login=False), 1_000_000 + number)
    october = make_closed_month(fay, finn)
    adjust(ana, october)
    post("payout_reserved", period_of(NOVEMBER), "payout_reserved:1", payout_reserved(ana.pk, 1, "USD"), AT)
    book_downloads(DECEMBER_AT)
    close_period(NOVEMBER, fay, DECEMBER_AT)
    assert october.statements.count() == 2
    return approve_close(NOVEMBER, finn, DECEMBER_AT)


def adjust(contributor: Contributor, origin: Period) -> None:
    """Take 7 micro-units back in November, because of the origin month."""
    kinds = {AccountKind.BAD_DEBT: None, AccountKind.PAYABLE: contributor}
    accounts = [
        LedgerAccount.objects.get_or_create(
            kind=kind, contributor=owner, currency="USD", defaults={"is_floored": owner is not None}
        )[0]
        for kind, owner in kinds.items()
    ]
    with transaction.atomic():
        entry = Entry.objects.create(
            kind="refund", period=period_of(NOVEMBER), origin_period=origin, idempotency_key="refund:1", posted_at=AT
        )
        Posting.objects.bulk_create(
            Posting(entry=entry, account=account, currency="USD", amount_micro=micro)
            for account, micro in zip(accounts, (7, -7), strict=True)
        )


def root_of(period: Period) -> str:
    return StatementRoot.objects.get(period=period).root_sha256


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The script on its own, without our packages or the environment: as a contributor runs it."""
    return subprocess.run(
        [sys.executable, "-I", SCRIPT, *arguments], capture_output=True, text=True, check=False, env={}, cwd="/"
    )


def verdict(data: bytes, root: str) -> int:
    """How many checks went wrong, or 99 for a file that is refused before."""
    try:
        return check(*read(data), bytes.fromhex(root))
    except (Unreadable, KeyError, TypeError, ValueError, AttributeError):
        return 99


@pytest.fixture
def october(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Period:
    make_attributed_downloads([ana, ben], carla)
    return make_closed_month(fay, finn)


@pytest.fixture
def exported(october: Period, ana: Contributor, tmp_path: Path) -> Path:
    """Ana's statement of October as she downloads it."""
    file = tmp_path / "statement.json"
    file.write_bytes(statement_file(Statement.objects.get(period=october, contributor=ana)))
    return file


def test_an_issued_statement_fits_its_root(exported: Path, october: Period, ana: Contributor) -> None:
    ran = run(exported, root_of(october))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"Statement of 2026-10 in USD for contributor {ana.pk}" in ran.stdout
    assert ran.stdout.count("  ok  ") == 6
    assert ran.stdout.endswith("Everything fits.\n")


def altered(file: Path, alter: Callable[[File], object]) -> None:
    content: File = json.loads(file.read_bytes())
    alter(content)
    file.write_bytes(canonical(content) + b"\n")


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda file: file["statement"].update(closing_micro=1), "opening + earned + adjusted - paid is closing"),
        (lambda file: file["statement"]["earnings"][0].update(amount_micro=1), "the earnings add up"),
        (lambda file: file["statement"]["images"].pop(), "the lines of the images add up to what they earned"),
        (lambda file: file["statement"]["payouts"].append({"amount_micro": 5}), "the payouts add up"),
        (lambda file: file["statement"]["adjustments"].append({"amount_micro": 5}), "the adjustments add up"),
        (lambda file: file["statement"].update(salt="0" * 32), "the proof does not lead to the root"),
        (lambda file: file["statement"].update(month="2026-09"), "the proof does not lead to the root"),
        (lambda file: file["statement"].update(contributor=99), "the proof does not lead to the root"),
        (lambda file: file["proof"].pop(), "the proof does not lead to the root"),
    ],
)
def test_an_altered_statement_is_told_what_is_wrong_with_it(
    exported: Path, october: Period, alter: Callable[[File], object], message: str
) -> None:
    altered(exported, alter)
    ran = run(exported, root_of(october))
    assert (ran.returncode, ran.stderr) == (1, "")
    assert message in ran.stdout.replace("\n         ", " ").partition("WRONG")[2]
    assert "checks went wrong" in ran.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a statement as it was issued"),
        (b"[" * 100_000, "not a statement as it was issued"),
        (b'{"proof":[],"statement":{}}\n', "not a statement as it was issued: KeyError('month')"),
        (b'{"proof":[],"statement":7}\n', "not a statement as it was issued"),
        (b'{"proof":["xx"],"statement":{}}\n', "not a statement as it was issued"),
        (b'{"statement": {}, "proof": []}\n', "changed or written anew"),
    ],
)
def test_what_is_no_statement_is_refused_with_what_to_do(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "statement.json"
    file.write_bytes(content)
    ran = run(file, "0" * 64)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert "Download" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_missing_file_a_wrong_root_and_no_arguments_say_what_to_do(exported: Path, tmp_path: Path) -> None:
    for arguments, message in [
        ((tmp_path / "missing.json", "0" * 64), "No such file"),
        ((exported, "12"), "The root is not 64 digits"),
        ((exported, "x" * 64), "The root is not 64 digits"),
        ((), "Write: python verify_statement.py"),
    ]:
        ran = run(*arguments)
        assert (ran.returncode, message in ran.stderr) == (2, True), ran.stderr


def test_one_altered_byte_anywhere_is_noticed(exported: Path, october: Period) -> None:
    data, root = exported.read_bytes(), root_of(october)
    assert verdict(data, root) == 0
    for place in range(0, len(data), 7):
        for byte in (data[place] ^ 1, 0x20):
            other = data[:place] + bytes([byte]) + data[place + 1 :]
            assert other == data or verdict(other, root) > 0, other


def test_every_statement_of_a_month_fits_its_root_and_no_other(november: Period) -> None:
    october = Period.objects.get(month_on=OCTOBER.start_at)
    statements = list(november.statements.order_by("index"))
    assert len(statements) == 11
    for statement in statements:
        data = statement_file(statement)
        assert verdict(data, root_of(october)) > 0
        # what was owed without an earning is not in the lines: the sum says so, and the proof still fits
        assert verdict(data, root_of(november)) == (0 if statement.contributor.user_id else 1)


def test_a_statement_shows_its_lines_adjustments_and_payouts(november: Period, ana: Contributor) -> None:
    october = Period.objects.get(month_on=OCTOBER.start_at)
    first, second = (
        json.loads(statement_file(Statement.objects.get(period=period, contributor=ana)))["statement"]
        for period in (october, november)
    )
    assert [line["amount_micro"] > 0 for line in first["images"]] == [True] * 3
    assert first["closing_micro"] == second["opening_micro"]
    assert second["images"] == second["earnings"] == []
    assert [(line["kind"], line["origin_month"], line["amount_micro"]) for line in second["adjustments"]] == [
        ("refund", "2026-10", -7)
    ]
    assert [(line["kind"], line["amount_micro"]) for line in second["payouts"]] == [("payout_reserved", 10_000)]


def test_a_statement_is_the_same_bytes_whatever_happened_since(
    exported: Path, october: Period, ana: Contributor, fay: User, finn: User
) -> None:
    adjust(ana, october)
    owe(ana, 5_000_000, "later")
    close_period(NOVEMBER, fay, DECEMBER_AT)
    approve_close(NOVEMBER, finn, DECEMBER_AT)
    assert statement_file(Statement.objects.get(period=october, contributor=ana)) == exported.read_bytes()


def test_statements_cannot_be_swapped_between_contributors(november: Period) -> None:
    first, second = (json.loads(statement_file(one)) for one in november.statements.order_by("index")[:2])
    swapped = canonical({"statement": first["statement"], "proof": second["proof"]}) + b"\n"
    assert verdict(swapped, root_of(november)) > 0


@pytest.fixture
def issued(november: Period, ana: Contributor) -> tuple[File, str]:
    october = Period.objects.get(month_on=OCTOBER.start_at)
    return json.loads(statement_file(Statement.objects.get(period=october, contributor=ana))), root_of(october)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where each single value of a document is."""
    if isinstance(content, dict | list):
        keys = content if isinstance(content, dict) else range(len(content))
        return [place for key in keys for place in places(content[key], (*path, key))]
    return [path]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_field_can_be_altered(issued: tuple[File, str], data: st.DataObject) -> None:
    original, root = issued
    content: Any = json.loads(canonical(original))
    *way, last = data.draw(st.sampled_from(places(content)))
    inner = content
    for key in way:
        inner = inner[key]
    inner[last] = data.draw(st.integers(-(10**12), 10**12) | st.text(max_size=8) | st.none() | st.just(0.5))
    if content != original:
        assert verdict(json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n", root) > 0


def test_main_returns_the_exit_code(exported: Path, october: Period, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(exported), root_of(october)]) == 0
    assert main([str(exported), "0" * 64]) == 1
    assert main([]) == 2
    assert "Everything fits" in capsys.readouterr().out


def test_a_month_without_statements_has_a_root_too(fay: User, finn: User) -> None:
    make_policy()
    period = make_closed_month(fay, finn)
    assert StatementRoot.objects.get().statement_count == 0
    assert period.statement_root.published_at == CLOSED_AT
