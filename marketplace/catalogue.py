"""Reading a catalogue from disk: a folder with one sub-folder per contributor, or a CSV. Needs no Django."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MANIFEST = "manifest.csv"
COLUMNS = ("file", "contributor", "title", "keywords", "licence")
YES_OR_NO = {"": True, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
LONGEST_NAME = 200
NAME_TOO_LONG = f"the contributor's name has more than {LONGEST_NAME} characters"
COUNTRY_LETTERS = 2


class CatalogueError(ValueError):
    """The catalogue as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class Listed:
    """One file of a catalogue, or the reason why its line cannot be used."""

    path: Path
    contributor: str
    title: str
    keywords: tuple[str, ...] = ()
    licence: str = ""
    country: str = ""
    captured_at: datetime | None = None
    training_consent: bool = True
    problem: str = ""


def read_catalogue(source: Path) -> list[Listed]:
    """All files that a folder or a CSV lists, in a stable order.

    A folder that holds a `manifest.csv` is read through it. Raises `CatalogueError`.
    """
    try:
        if source.is_dir():
            manifest = source / MANIFEST
            listed = list(_from_csv(manifest) if manifest.is_file() else _from_folder(source))
        elif source.is_file():
            listed = list(_from_csv(source))
        else:
            raise CatalogueError(f"{source} is neither a folder nor a file: name a folder of images or a CSV.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(
            f"{source} cannot be read: {error}. Check its permissions and that a CSV is UTF-8."
        ) from error
    if not listed:
        raise CatalogueError(f"{source} lists no files: name a folder of images or a CSV with a line for each image.")
    return listed


def _from_folder(folder: Path) -> Iterator[Listed]:
    """Files in a sub-folder are that contributor's; files beside the sub-folders are the folder's own contributor's."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from (_found(path, entry.name, folder) for path in sorted(_files_below(entry)))
        else:
            yield _found(entry, folder.resolve().name, folder)


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, onerror=_unreadable):  # Path.rglob would pass over what it may not read
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def _unreadable(error: OSError) -> None:
    raise error


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a path is in the folder once links are followed. (Unlike Path.resolve, it takes a loop of links.)"""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _found(path: Path, contributor: str, folder: Path) -> Listed:
    problem = NAME_TOO_LONG if len(contributor) > LONGEST_NAME else ""
    if not _is_inside(path, folder):
        problem = "a link that leads out of the folder"
    try:
        str(path).encode()
    except UnicodeEncodeError:
        problem = "the name of the file is not UTF-8: rename it"
    return Listed(path, contributor, path.stem, problem=problem)


def _from_csv(file: Path) -> Iterator[Listed]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise CatalogueError(f"{file} lacks the column {', '.join(missing)}. It needs: {', '.join(COLUMNS)}.")
        for row in reader:
            if any("\0" in text for text in row.values() if isinstance(text, str)):
                raise CatalogueError(f"{file} holds a NUL character in line {reader.line_num}: save it as a text file.")
            yield _from_row(row, file.parent.resolve())


def _from_row(row: dict[str, str | None], folder: Path) -> Listed:
    value = {column: (text or "").strip() for column, text in row.items() if isinstance(column, str)}
    path = folder / value["file"]
    captured_at, problem = _captured_at(value.get("captured_at", ""))
    country = value.get("country", "").upper()
    consent = value.get("training_consent", "").lower()
    if consent not in YES_OR_NO:
        problem = f"training_consent {consent!r} is neither yes nor no"
    if country and not (len(country) == COUNTRY_LETTERS and country.isalpha()):
        problem = f"country {country!r} is not a code of two letters such as DE"
    if not value["contributor"]:
        problem = "the line names no contributor"
    if len(value["contributor"]) > LONGEST_NAME:
        problem = NAME_TOO_LONG
    if not value["file"] or not _is_inside(path, folder):
        problem = "the file is not inside the folder of the CSV"
    return Listed(
        path=path,
        contributor=value["contributor"],
        title=value["title"] or path.stem,
        keywords=tuple(word.strip() for word in value["keywords"].split(";") if word.strip()),
        licence=value["licence"],
        country=country,
        captured_at=captured_at,
        training_consent=YES_OR_NO.get(consent, False),
        problem=problem,
    )


def _captured_at(text: str) -> tuple[datetime | None, str]:
    if not text:
        return None, ""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)), ""
    except (ValueError, OverflowError):
        return None, f"captured_at {text!r} is not an ISO date such as 2026-05-31"
