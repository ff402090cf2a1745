"""An export for a training deal has exactly the images whose consent holds, and says what it is and who is paid."""

import csv
import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.core.management import CommandError, call_command

from marketplace.consents import record_consent
from marketplace.models import Asset, Contributor, TrainingSet
from marketplace.services import freeze_training_set
from payouts import exporting
from payouts.deals import record_dataset_deal
from payouts.export_manifests import write_manifests
from payouts.exporting import ExportRefused, export_training_set, find_deal
from payouts.models import RevenueEvent, TrainingSetExport
from tests.builders import CLOSED_AT, FROZEN_AT, SOLD_AT, link_copy, make_asset, make_policy, make_training_set

TERMS = "Train one model. Pass nothing on.\n"


@pytest.fixture
def assets(ana: Contributor, ben: Contributor) -> list[Asset]:
    return [make_asset(ana, title="=1+1"), make_asset(ana), make_asset(ben)]


@pytest.fixture
def deal(assets: list[Asset]) -> RevenueEvent:
    make_policy()
    training_set = freeze_training_set("catalogue", "1", FROZEN_AT, {"sample": 2_500_000})
    return record_dataset_deal(training_set, 5_000, 145, "deal 1", SOLD_AT)


def export(deal: RevenueEvent, folder: Path, at: datetime = CLOSED_AT) -> exporting.Exported:
    return export_training_set(deal, TERMS, folder, lambda: at, lambda done, total: None)


def withdraw(asset: Asset, at: datetime = SOLD_AT) -> None:
    record_consent(Asset.objects.filter(pk=asset.pk), False, at, at)


def lines_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_the_folder_has_the_pictures_and_both_manifests_say_the_same_of_them(
    deal: RevenueEvent, assets: list[Asset], tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    assert export(deal, folder).images == 3
    for asset in assets:
        with asset.preview.open("rb") as shown:
            assert (folder / "images" / f"{asset.pk:012d}.jpg").read_bytes() == shown.read()
    listed = lines_of(folder / "manifest.csv")
    columns = "image, file, sha256, contributor, title, array_to_string(keywords, ';'), licence, weight_ppm, width"
    found = duckdb.sql(f"SELECT {columns} FROM '{folder / 'manifest.parquet'}' ORDER BY image")
    rows = found.fetchall() if found else []
    assert [row[0] for row in rows] == [asset.pk for asset in assets]
    assert rows[0][4:] == ("=1+1", "sample", "All rights reserved", 2_500_000, 96)
    for line, row in zip(listed, rows, strict=True):
        assert (int(line["image"]), line["file"], line["sha256"], int(line["contributor"])) == row[:4]
        assert (line["keywords"], int(line["weight_ppm"])) == (row[5], row[7])
    assert listed[0]["title"] == "'=1+1", "no spreadsheet runs it"


def test_everything_in_the_folder_can_be_checked_by_its_checksums(deal: RevenueEvent, tmp_path: Path) -> None:
    export(deal, tmp_path / "export")
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "export", capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    files = {str(file.relative_to(tmp_path / "export")) for file in (tmp_path / "export").rglob("*") if file.is_file()}
    named = {line.partition("  ")[2] for line in (tmp_path / "export" / "SHA256SUMS").read_text().splitlines()}
    assert files - named == {"SHA256SUMS"}


def test_the_deal_says_its_terms_and_who_has_a_part_of_it(
    deal: RevenueEvent, assets: list[Asset], tmp_path: Path
) -> None:
    link_copy(assets[1], assets[0], FROZEN_AT)
    export(deal, tmp_path / "export")
    said: dict[str, Any] = json.loads((tmp_path / "export" / "deal.json").read_text())
    assert (said["deal"]["key"], said["deal"]["gross"], said["deal"]["net"]) == ("deal 1", "50.00 USD", "48.55 USD")
    assert (tmp_path / "export" / "terms.txt").read_text() == TERMS
    assert said["paid"]["contributors"] == [
        {"contributor": assets[0].contributor_id, "images": 1},
        {"contributor": assets[2].contributor_id, "images": 1},
    ]
    assert said["training_set"]["weights_ppm"] == {"sample": 2_500_000}
    assert "Ana" not in "".join(file.read_text() for file in (tmp_path / "export").glob("*.[cjt]s*"))


def test_an_image_whose_consent_ended_since_the_set_was_frozen_is_left_out_and_listed(
    deal: RevenueEvent, assets: list[Asset], tmp_path: Path
) -> None:
    withdraw(assets[0])
    exported = export(deal, tmp_path / "export")
    assert exported.images == 2
    (line,) = lines_of(tmp_path / "export" / "left-out.csv")
    assert line == {"image": str(assets[0].pk), "reason": "training consent withdrawn from 2026-10-14 12:00 UTC"}
    assert not (tmp_path / "export" / "images" / f"{assets[0].pk:012d}.jpg").exists()
    record = TrainingSetExport.objects.get()
    assert (record.deal, record.images, record.left_out_ids) == (deal, 2, [assets[0].pk])


def test_a_consent_that_ends_while_the_export_runs_counts(
    deal: RevenueEvent, assets: list[Asset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = write_manifests

    def withdrawn_meanwhile(*arguments: Any) -> list[tuple[str, str]]:
        written = write(*arguments)
        withdraw(assets[2], CLOSED_AT)
        return written

    monkeypatch.setattr(exporting, "write_manifests", withdrawn_meanwhile)
    assert export(deal, tmp_path / "export").images == 2
    assert [int(line["image"]) for line in lines_of(tmp_path / "export" / "manifest.csv")] == [
        assets[0].pk,
        assets[1].pk,
    ]
    assert not (tmp_path / "export" / "images" / f"{assets[2].pk:012d}.jpg").exists()


def test_an_export_that_was_stopped_goes_on_and_has_its_name_only_when_it_is_whole(
    deal: RevenueEvent, assets: list[Asset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_after_two(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_training_set(deal, TERMS, tmp_path / "export", lambda: CLOSED_AT, stop_after_two)
    assert not (tmp_path / "export").exists()
    assert not TrainingSetExport.objects.exists()
    copied = tmp_path / "export.partial" / "images" / f"{assets[1].pk:012d}.jpg"
    before = copied.stat().st_ino
    withdraw(assets[0])
    assert export(deal, tmp_path / "export").images == 2
    assert (tmp_path / "export" / "images" / copied.name).stat().st_ino == before, "not copied again"
    assert not (tmp_path / "export" / "images" / f"{assets[0].pk:012d}.jpg").exists()
    assert not (tmp_path / "export.partial").exists()


def test_what_cannot_be_exported_is_refused_with_what_to_do(
    deal: RevenueEvent, assets: list[Asset], tmp_path: Path
) -> None:
    assert deal.training_set
    with pytest.raises(ExportRefused, match="No deal for catalogue 1 is recorded under the key 'deal 2'"):
        find_deal(deal.training_set, "deal 2")
    with pytest.raises(ExportRefused, match="an export replaces nothing"):
        export(deal, tmp_path)
    with pytest.raises(ExportRefused, match="The terms of the deal are empty"):
        export_training_set(deal, " ", tmp_path / "export", lambda: CLOSED_AT, lambda done, total: None)
    stored = Path(assets[0].preview.path)
    stored.write_bytes(b"something else")
    with pytest.raises(ExportRefused, match="is damaged in the storage: restore"):
        export(deal, tmp_path / "export")
    for asset in assets:
        withdraw(asset)
    with pytest.raises(ExportRefused, match="all 3 are left out"):
        export(deal, tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_the_command_exports_the_set_of_a_deal(
    assets: list[Asset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training_set: TrainingSet = make_training_set()
    record_dataset_deal(training_set, 5_000, 145, "deal 1", SOLD_AT)
    terms = tmp_path / "terms.txt"
    terms.write_text(TERMS)
    withdraw(assets[1], CLOSED_AT)
    given = ("catalogue", "1", str(tmp_path / "export"), "--deal=deal 1", f"--terms={terms}")
    call_command("export_training_set", *given)
    told = capsys.readouterr().out
    assert "2 images of catalogue 1 are in" in told
    assert "1 were left out, see left-out.csv there." in told
    with pytest.raises(CommandError, match="replaces nothing"):
        call_command("export_training_set", *given)
    with pytest.raises(CommandError, match="There is no training set catalogue 2"):
        call_command("export_training_set", "catalogue", "2", *given[2:])
    terms.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CommandError, match=r"terms\.txt is no text in UTF-8"):
        call_command("export_training_set", "catalogue", "1", str(tmp_path / "other"), *given[3:])
