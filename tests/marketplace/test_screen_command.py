"""Anybody with a shell can see what the screen says of a file, and looking records nothing."""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from marketplace.models import Contributor, Submission
from marketplace.screening import SCREEN_VERSION, confined
from tests.bench.fuzz_screening import damaged_files, is_broken, samples
from tests.builders import (
    jpeg_bytes,
    make_asset,
    make_generation,
    make_generator_model,
    make_picture,
    make_training_set,
)

SEEDS = range(1, 101)


@pytest.mark.django_db
def test_each_file_gets_a_line_of_json_with_verdict_reasons_and_evidence(tmp_path: Path, ana: Contributor) -> None:
    make_asset(ana)
    generation = make_generation(make_generator_model(make_training_set()))
    with generation.file.open() as file:
        own = file.read()
    files = {"photo.jpg": jpeg_bytes(make_picture(991)), "own.jpg": own, "broken.jpg": b"\xff\xd8\xff nothing"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    before = Submission.objects.count()
    paths = [str(tmp_path / name) for name in (*files, "missing.jpg")]
    lines = [json.loads(line) for line in _printed("screen", *paths, "--json").splitlines()]
    assert [line["file"] for line in lines] == paths
    assert [line["verdict"] for line in lines] == ["accept", "reject", "unreadable", "unreadable"]
    assert [line["reasons"] for line in lines[1:]] == [["own_generation"], ["corrupt"], ["cannot_be_read"]]
    assert {line["version"] for line in lines} == {SCREEN_VERSION}
    assert all(signal["evidence"].keys() >= {"field", "value", "tool"} for line in lines for signal in line["evidence"])
    assert Submission.objects.count() == before


@pytest.mark.django_db
def test_without_json_the_line_is_for_people(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    printed = _printed("screen", str(tmp_path / "empty.png"))
    assert printed == f"{tmp_path}/empty.png: unreadable empty_file (file: The file is empty. Upload it again.)\n"


def test_damaged_files_of_every_type_stop_nothing_and_fail_no_check() -> None:
    broken = [seed for seed, data in damaged_files(samples(), SEEDS) if is_broken(confined.screen(data))]
    assert broken == []


def _printed(*command: str) -> str:
    out = StringIO()
    with redirect_stdout(out):
        call_command(*command, stdout=out)
    return out.getvalue()
