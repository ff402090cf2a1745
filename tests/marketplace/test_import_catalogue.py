"""Importing a catalogue: every file is taken or refused in one clear line, and a second run changes nothing."""

import os
import struct
import zlib
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import models
from PIL import Image, PngImagePlugin

from marketplace import ingest as ingest_module
from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, Contributor, ScreeningResult, Submission, TrainingConsent
from marketplace.selectors import assets_with_consent
from marketplace.services import Details, submit_asset
from tests.builders import CLOSED_AT, jpeg_bytes, make_picture

pytestmark = pytest.mark.django_db

HEADER = "file,contributor,title,keywords,licence"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalogue's folder, which is not where the marketplace stores its files."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    return folder


def write(file: Path, data: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def picture(seed: int) -> bytes:
    return jpeg_bytes(make_picture(seed))


def encoded(kind: str, **options: object) -> bytes:
    out = BytesIO()
    make_picture(1).save(out, kind, **options)
    return out.getvalue()


def import_catalogue(source: Path) -> int:
    """The exit code of the command."""
    try:
        call_command("import_catalogue", str(source))
    except CommandError as error:
        return error.returncode
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def refusals(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in said(capsys) if line.startswith("refused ")]


def stored() -> dict[str, list[object]]:
    """Every id and the columns that a second run could touch."""
    kept: list[type[models.Model]] = [Contributor, Submission, ScreeningResult, Asset, TrainingConsent]
    return {model.__name__: list(model._default_manager.order_by("pk").values_list()) for model in kept}


def test_one_contributor_per_sub_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "Ana" / "a.jpg", picture(1))
    write(folder / "Ana" / "b.jpg", picture(2))
    write(folder / "Ben" / "c.jpg", picture(3))
    assert import_catalogue(folder) == 0
    owners = Asset.objects.values_list("contributor__name", "submission__title").order_by("pk")
    assert list(owners) == [("Ana", "a"), ("Ana", "b"), ("Ben", "c")]
    assert "3 accepted, 0 already there, 0 refused" in said(capsys)


def test_a_manifest_gives_titles_keywords_licence_country_date_and_consent(folder: Path) -> None:
    write(folder / "a.jpg", picture(1))
    row = "a.jpg,Ana,Harbour,sea;dawn,CC BY 4.0,2026-05-31,pt,yes"
    header = f"{HEADER},captured_at,country,training_consent"
    write(folder / "manifest.csv", f"{header}\n{row}\n".encode())
    assert import_catalogue(folder) == 0
    submission = Submission.objects.get()
    assert (submission.title, submission.keywords, submission.licence) == ("Harbour", ["sea", "dawn"], "CC BY 4.0")
    assert (str(submission.captured_at), submission.contributor.country) == ("2026-05-31 00:00:00+00:00", "PT")
    assert submission.file_name == "a.jpg"


def test_an_image_without_training_consent_is_imported_and_stays_out_of_training(folder: Path) -> None:
    for name in ("no", "yes"):
        write(folder / f"{name}.jpg", picture(len(name)))
    rows = "no.jpg,Ana,No,,,no\nyes.jpg,Ana,Yes,,,yes\n"
    write(folder / "manifest.csv", f"{HEADER},training_consent\n{rows}".encode())
    assert import_catalogue(folder) == 0
    assert Asset.objects.count() == 2
    assert [asset.submission.title for asset in assets_with_consent(CLOSED_AT.replace(year=2100))] == ["Yes"]


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces a huge picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def animated() -> bytes:
    frames = [make_picture(seed) for seed in (1, 2, 3)]
    out = BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def marked_as_generated() -> bytes:
    """What an image generator writes into a PNG; its text runs over several lines."""
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a quiet harbour\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 96x64")
    return encoded("PNG", pnginfo=info)


REFUSED: dict[str, tuple[Callable[[], bytes], Verdict, str]] = {
    "zero bytes": (lambda: b"", Verdict.UNREADABLE, "empty_file"),
    "truncated": (lambda: picture(1)[:-200], Verdict.UNREADABLE, "truncated"),
    "corrupt": (lambda: b"\x89PNG\r\n\x1a\n" + b"\xff" * 300, Verdict.UNREADABLE, "corrupt"),
    "a GIF": (lambda: encoded("GIF"), Verdict.UNREADABLE, "type_not_allowed"),
    "a text that calls itself a JPEG": (lambda: b"no picture at all", Verdict.UNREADABLE, "type_not_allowed"),
    "a huge picture": (lambda: png_claiming(100_000, 100_000), Verdict.UNREADABLE, "too_many_pixels"),
    "an animation": (animated, Verdict.HOLD, "several_frames"),
    "a generated picture": (marked_as_generated, Verdict.REJECT, "automatic1111_parameters"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_taken_is_refused_in_one_line_with_its_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    make, verdict, reason = REFUSED[kind]
    file = write(folder / "Ana" / "bad.jpg", make())
    write(folder / "Ana" / "good.jpg", picture(9))
    assert import_catalogue(folder) == 1
    output = said(capsys)
    (line,) = [line for line in output if str(file) in line]
    assert line.startswith(f"refused {file}: {verdict}: ")
    assert reason in line
    assert "1 accepted, 0 already there, 1 refused" in output
    assert len([line for line in output if line]) <= 4  # that line, the summary and the progress bar

    submission = Submission.objects.get(file_name="bad.jpg")
    result = submission.screening_results.get()
    assert (submission.verdict, result.verdict) == (verdict, verdict)
    assert reason in " ".join(result.reasons)
    assert [asset.submission.file_name for asset in Asset.objects.all()] == ["good.jpg"]  # the others are not held up
    assert TrainingConsent.objects.count() == 1


def test_a_picture_with_the_wrong_suffix_is_taken_for_what_it_is(folder: Path) -> None:
    write(folder / "Ana" / "really-a-png.jpg", encoded("PNG"))
    assert import_catalogue(folder) == 0
    assert str(Asset.objects.get().preview).endswith(".jpg")


def test_a_file_that_cannot_be_opened_is_refused_and_recorded_nowhere(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "good.jpg", picture(1))
    (folder / "folder.jpg").mkdir()
    (folder / "dangling.jpg").symlink_to(folder / "nowhere.jpg")
    rows = [f"{name}.jpg,Ana,,," for name in ("folder", "dangling", "missing", "good")]
    write(folder / "manifest.csv", "\n".join([HEADER, *rows]).encode())
    assert import_catalogue(folder) == 1
    assert refusals(capsys) == [
        f"refused {folder / 'folder.jpg'}: not a regular file",
        f"refused {folder / 'dangling.jpg'}: cannot be read: No such file or directory",
        f"refused {folder / 'missing.jpg'}: cannot be read: No such file or directory",
    ]
    assert Submission.objects.get().file_name == "good.jpg"


def test_a_dangling_link_in_a_folder_is_refused_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Ana").mkdir()
    (folder / "Ana" / "a.jpg").symlink_to(folder / "nowhere.jpg")
    assert import_catalogue(folder) == 1
    assert refusals(capsys) == [f"refused {folder / 'Ana' / 'a.jpg'}: cannot be read: No such file or directory"]
    assert not Contributor.objects.exists()


@pytest.mark.timeout(30)  # reading a pipe would wait for a writer for ever
@pytest.mark.parametrize("through", ["folder", "manifest", "link"])
def test_what_is_no_regular_file_is_refused_and_never_opened(
    folder: Path, capsys: pytest.CaptureFixture[str], through: str
) -> None:
    (folder / "Ana").mkdir()
    pipe = folder / "Ana" / "a.jpg"
    os.mkfifo(pipe)
    if through == "link":
        pipe.rename(folder / "pipe")
        pipe.symlink_to(folder / "pipe")
    if through != "folder":
        write(folder / "manifest.csv", f"{HEADER}\nAna/a.jpg,Ana,,,\n".encode())
    assert import_catalogue(folder) == 1
    assert refusals(capsys) == [f"refused {pipe}: not a regular file"]


def test_a_link_out_of_the_folder_is_refused_and_one_within_it_is_followed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "private" / "secret.jpg", picture(1))
    write(folder / "Ana" / "a.jpg", picture(2))
    (folder / "Ana" / "leads-out.jpg").symlink_to(tmp_path / "private" / "secret.jpg")
    (folder / "Ana" / "leads-round.jpg").symlink_to(folder / "Ana" / "leads-round.jpg")
    (folder / "Ben").symlink_to(tmp_path / "private")
    (folder / "Ana" / "within.jpg").symlink_to("a.jpg")
    assert import_catalogue(folder) == 1
    assert refusals(capsys) == [
        f"refused {folder / 'Ana' / 'leads-out.jpg'}: a link that leads out of the folder",
        f"refused {folder / 'Ana' / 'leads-round.jpg'}: cannot be read: Too many levels of symbolic links",
        f"refused {folder / 'Ben' / 'secret.jpg'}: a link that leads out of the folder",
    ]
    assert Submission.objects.get().file_name == "a.jpg"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(folder / "Ana" / "a.jpg", picture(1))
    file.chmod(0)
    assert import_catalogue(folder) == 1
    assert refusals(capsys) == [f"refused {file}: cannot be read: Permission denied"]


def test_a_file_whose_name_is_no_text_is_refused_in_a_line_that_can_be_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "Ana" / os.fsdecode(b"caf\xe9.jpg"), picture(1))
    assert import_catalogue(folder) == 1
    (line,) = refusals(capsys)
    assert line.endswith(r"caf\xe9.jpg: the name of the file is not UTF-8: rename it")


def test_a_file_outside_the_catalogue_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "secret.jpg", picture(1))
    write(folder / "catalogue" / "manifest.csv", f"{HEADER}\n../secret.jpg,Ana,,,\n".encode())
    assert import_catalogue(folder / "catalogue") == 1
    assert refusals(capsys)[0].endswith("the file is not inside the folder of the CSV")
    assert not Submission.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "MAX_BYTES", 1_000_000)
    file = folder / "Ana" / "large.jpg"
    file.parent.mkdir()
    with file.open("wb") as sparse:
        sparse.truncate(1_000_001)
    assert import_catalogue(folder) == 1
    assert refusals(capsys) == [f"refused {file}: larger than 1 MB"]
    assert not Submission.objects.exists()


def test_of_two_contributors_with_the_same_bytes_the_second_is_held_with_evidence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Ana", "Ben"):
        write(folder / name / "same.jpg", picture(1))
    assert import_catalogue(folder) == 1
    asset = Asset.objects.get()
    assert asset.contributor.name == "Ana"
    second = Submission.objects.get(contributor__name="Ben")
    assert second.verdict == Verdict.HOLD
    result = second.screening_results.get()
    assert result.reasons == ["first_submitted_by_another_contributor"]
    (evidence,) = [signal["evidence"] for signal in result.signals if signal["name"] == "same_bytes"]
    assert asset.sha256.startswith(evidence["value"].partition("…")[0])
    assert f"the same bytes as asset {asset.pk}, ingested {asset.ingested_at:%Y-%m-%d %H:%M} UTC" in evidence["value"]
    (line,) = refusals(capsys)
    assert "first_submitted_by_another_contributor" in line
    assert evidence["value"] in line


def test_a_catalogue_that_cannot_be_read_ends_with_2_and_one_that_can_with_0(folder: Path) -> None:
    csv = write(folder / "list.csv", b"file,contributor\na.jpg,Ana\n")
    assert import_catalogue(csv) == 2
    assert import_catalogue(folder / "not-there") == 2
    assert not Contributor.objects.exists()
    write(folder / "good" / "Ana" / "a.jpg", picture(1))
    assert import_catalogue(folder / "good") == 0


def test_a_second_run_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "Ana" / "a.jpg", picture(1))
    write(folder / "Ana" / "bad.jpg", b"")
    write(folder / "Ben" / "a.jpg", picture(1))
    assert import_catalogue(folder) == 1
    before, refused = stored(), refusals(capsys)
    assert len(refused) == 2
    assert import_catalogue(folder) == 1
    assert stored() == before
    output = said(capsys)
    assert [line for line in output if line.startswith("refused ")] == refused
    assert "0 accepted, 1 already there, 2 refused" in output


def test_one_contributors_file_under_two_names_is_one_submission(folder: Path) -> None:
    write(folder / "Ana" / "a.jpg", picture(1))
    write(folder / "Ana" / "copy.jpg", picture(1))
    assert import_catalogue(folder) == 0
    assert Submission.objects.get().file_name == "a.jpg"


def test_an_import_that_was_cut_off_is_resumed_by_running_it_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        write(folder / "Ana" / f"{number}.jpg", picture(number))

    def submit_until_the_power_goes(
        contributor: Contributor, data: bytes, details: Details, at: datetime
    ) -> tuple[Submission, bool]:
        if Submission.objects.count() == 2:
            raise KeyboardInterrupt
        return submit_asset(contributor, data, details, at)

    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(ingest_module, "submit_asset", submit_until_the_power_goes)
        import_catalogue(folder)
    first_two = list(Asset.objects.order_by("pk").values_list("pk", "submission__file_name"))
    assert [name for _, name in first_two] == ["0.jpg", "1.jpg"]
    capsys.readouterr()

    assert import_catalogue(folder) == 0
    resumed = list(Asset.objects.order_by("pk").values_list("pk", "submission__file_name"))
    assert resumed[:2] == first_two
    assert [name for _, name in resumed] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert "2 accepted, 2 already there, 0 refused" in said(capsys)


def test_what_is_kept_for_pages_carries_no_metadata(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    out = BytesIO()
    make_picture(1).save(out, "JPEG", exif=exif)
    write(folder / "Ana" / "a.jpg", out.getvalue())
    import_catalogue(folder)
    asset = Asset.objects.get()
    with asset.preview.open() as preview, Image.open(preview) as image:
        assert dict(image.getexif()) == {}
    with asset.submission.original.open() as original:
        assert original.read() == out.getvalue()
