"""Reading a catalogue from disk: what is listed, for whom, and which lines cannot be used."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from marketplace.catalogue import CatalogueError, Listed, read_catalogue

ROOT = Path(__file__).resolve().parents[2]
HEADER = "file,contributor,title,keywords,licence"


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"a picture")


def write_csv(folder: Path, *lines: str, name: str = "list.csv", header: str = HEADER) -> Path:
    file = folder / name
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def read_one(file: Path) -> Listed:
    (listed,) = read_catalogue(file)
    return listed


def test_each_sub_folder_is_a_contributor(tmp_path: Path) -> None:
    touch(tmp_path / "Ana Kow" / "b.jpg", tmp_path / "Ana Kow" / "2026" / "a.jpg", tmp_path / "Ben" / "c.png")
    listed = [(item.path.name, item.contributor, item.title) for item in read_catalogue(tmp_path)]
    assert listed == [("a.jpg", "Ana Kow", "a"), ("b.jpg", "Ana Kow", "b"), ("c.png", "Ben", "c")]


def test_the_files_of_a_flat_folder_are_of_the_contributor_it_is_named_for(tmp_path: Path) -> None:
    folder = tmp_path / "Cleo"
    touch(folder / "2.jpg", folder / "1.jpg")
    assert [(item.path.name, item.contributor) for item in read_catalogue(folder)] == [
        ("1.jpg", "Cleo"),
        ("2.jpg", "Cleo"),
    ]


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    touch(tmp_path / ".DS_Store", tmp_path / "Ana" / ".DS_Store", tmp_path / ".git" / "x", tmp_path / "Ana" / "a.jpg")
    assert [item.path.name for item in read_catalogue(tmp_path)] == ["a.jpg"]


def test_a_folder_with_a_manifest_is_read_through_it(tmp_path: Path) -> None:
    touch(tmp_path / "pictures" / "a.jpg", tmp_path / "pictures" / "not-listed.jpg")
    write_csv(tmp_path, "pictures/a.jpg,Ana,Harbour,sea; dawn ;,CC BY 4.0", name="manifest.csv")
    item = read_one(tmp_path)
    assert item.path == tmp_path / "pictures" / "a.jpg"
    assert (item.contributor, item.title, item.licence) == ("Ana", "Harbour", "CC BY 4.0")
    assert item.keywords == ("sea", "dawn")
    assert (item.captured_at, item.country, item.training_consent, item.problem) == (None, "", True, "")


def test_a_csv_may_say_when_where_and_whether_training_is_agreed_to(tmp_path: Path) -> None:
    header = f"{HEADER},captured_at,country,training_consent"
    csv = write_csv(
        tmp_path,
        "a.jpg,Ana,,,,2026-05-31,de,No",
        "b.jpg,Ana,,,,2026-05-31T10:00:00+02:00,,yes",
        "c.jpg,Ana,,,,,,",
        header=header,
    )
    listed = read_catalogue(csv)
    assert [item.captured_at for item in listed] == [
        datetime(2026, 5, 31, tzinfo=UTC),
        datetime(2026, 5, 31, 8, tzinfo=UTC),
        None,
    ]
    assert [item.country for item in listed] == ["DE", "", ""]
    assert [item.training_consent for item in listed] == [False, True, True]
    assert [item.title for item in listed] == ["a", "b", "c"]


def test_a_csv_as_a_spreadsheet_saves_it_is_read(tmp_path: Path) -> None:
    """With a byte order mark, carriage returns and a comma in quotes."""
    csv = tmp_path / "list.csv"
    csv.write_bytes(b'\xef\xbb\xbffile,contributor,title,keywords,licence\r\na.jpg,Ana,"Sea, dawn",,\r\n')
    assert read_one(csv).title == "Sea, dawn"


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    header = ",".join(name for name in HEADER.split(",") if name != column)
    csv = write_csv(tmp_path, "a,b,c,d", header=header)
    with pytest.raises(CatalogueError, match=f"lacks the column {column}. It needs: file, contributor"):
        read_catalogue(csv)


@pytest.mark.parametrize("file", ["../outside.jpg", "/etc/hostname", "sub/../../outside.jpg", "link.jpg", ""])
def test_a_file_outside_the_folder_of_the_csv_is_refused(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "catalogue"
    touch(tmp_path / "outside.jpg", folder / "a.jpg")
    (folder / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    assert read_one(write_csv(folder, f"{file},Ana,,,")).problem == "the file is not inside the folder of the CSV"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a.jpg,,,,,,", "the line names no contributor"),
        (f"a.jpg,{'x' * 201},,,,,", "the contributor's name has more than 200 characters"),
        ("a.jpg,Ana,,,,31/05/2026,", "captured_at '31/05/2026' is not an ISO date such as 2026-05-31"),
        (
            "a.jpg,Ana,,,,0001-01-01T00:00+14:00,",
            "captured_at '0001-01-01T00:00+14:00' is not an ISO date such as 2026-05-31",
        ),
        ("a.jpg,Ana,,,,,,n", "training_consent 'n' is neither yes nor no"),
        ("a.jpg,Ana,,,,,Germany", "country 'GERMANY' is not a code of two letters such as DE"),
        ("a.jpg,Ana", ""),  # columns that are left empty at the end of a line may be left out
    ],
)
def test_a_line_that_cannot_be_used_says_why(tmp_path: Path, line: str, problem: str) -> None:
    csv = write_csv(tmp_path, line, header=f"{HEADER},captured_at,country,training_consent")
    assert read_one(csv).problem == problem


def test_one_unusable_line_does_not_spoil_the_others(tmp_path: Path) -> None:
    csv = write_csv(tmp_path, "a.jpg,,,,", "b.jpg,Ana,,,")
    assert [bool(item.problem) for item in read_catalogue(csv)] == [True, False]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "lacks the column file, contributor, title, keywords, licence"),
        (HEADER.encode(), "lists no files"),
        (HEADER.encode("utf-16"), "is UTF-8"),
        (HEADER.encode() + b"\na\0.jpg,Ana,,,\n", "NUL"),
    ],
)
def test_a_csv_that_is_none_is_refused_as_a_whole(tmp_path: Path, content: bytes, complaint: str) -> None:
    csv = tmp_path / "list.csv"
    csv.write_bytes(content)
    with pytest.raises(CatalogueError, match=complaint):
        read_catalogue(csv)


def test_an_empty_folder_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="lists no files: name a folder of images or a CSV"):
        read_catalogue(tmp_path)
    with pytest.raises(CatalogueError, match="is neither a folder nor a file"):
        read_catalogue(tmp_path / "not-there")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
@pytest.mark.parametrize("locked", [".", "Ana", "Ana/2026"])
def test_a_folder_that_may_not_be_read_is_refused_and_not_passed_over(tmp_path: Path, locked: str) -> None:
    touch(tmp_path / "Ana" / "2026" / "a.jpg", tmp_path / "Ben" / "b.jpg")
    folder = tmp_path / locked
    folder.chmod(0)
    try:
        with pytest.raises(CatalogueError, match=r"Permission denied.*Check its permissions"):
            read_catalogue(tmp_path)
    finally:
        folder.chmod(0o700)


def test_a_file_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"a picture")
    assert read_one(tmp_path).problem == "the name of the file is not UTF-8: rename it"


def test_reading_needs_no_django() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import marketplace.catalogue, sys; print('django' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "False\n"
