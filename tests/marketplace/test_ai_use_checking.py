"""A record of AI use is signed: anybody can check that it is ours, and that no file of it was changed."""

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from marketplace.ai_use_checking import check_record
from marketplace.models import Project
from marketplace.signing import NotSigned
from tests.marketplace.test_ai_use import asset, delivery, downloads, exported, project

__all__ = ["asset", "delivery", "downloads", "project"]


def packed(files: Mapping[str, bytes], twice: str = "") -> BytesIO:
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as zipped:
        for name, content in [*files.items(), *([(twice, b"else")] if twice else [])]:
            zipped.writestr(name, content)
    data.seek(0)
    return data


def test_a_record_as_it_was_handed_out_is_signed_under_our_root(project: Project) -> None:
    record = check_record(packed(exported(project)))
    assert record["project"]["name"] == "Spring <campaign>"


def test_whatever_is_changed_put_in_or_taken_out_is_named(project: Project) -> None:
    files = exported(project)
    for name in files.keys() - {"record.json", "signature.json"}:
        with pytest.raises(NotSigned, match=f"{name} was changed after"):
            check_record(packed(files | {name: files[name] + b" "}))
        with pytest.raises(NotSigned, match=f"{name} is missing, or was put in"):
            check_record(packed({other: data for other, data in files.items() if other != name}))
    with pytest.raises(NotSigned, match=r"more\.txt is missing, or was put in"):
        check_record(packed(files | {"more.txt": b"And more."}))
    with pytest.raises(NotSigned, match="The signature does not fit the content"):
        check_record(packed(files | {"record.json": files["record.json"].replace(b"Carla", b"Clara")}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_for_two_files_is_refused(project: Project) -> None:
    for name in ("record.html", "record.json"):
        with pytest.raises(NotSigned):
            check_record(packed(exported(project), twice=name))


@pytest.mark.parametrize("signature", [b"{}", b"[]", b"no json", b'{"value": "?", "chain": ""}'])
def test_what_is_no_record_is_refused_in_words(project: Project, signature: bytes) -> None:
    for data in (packed(exported(project) | {"signature.json": signature}), packed({}), BytesIO(b"PK nothing")):
        with pytest.raises(NotSigned, match="This is no record of AI use"):
            check_record(data)


def test_the_page_for_everybody_checks_a_record_and_says_what_is_wrong(client: Client, project: Project) -> None:
    files = exported(project)

    def told(files: Mapping[str, bytes]) -> tuple[int, str]:
        file = SimpleUploadedFile("record.zip", packed(files).getvalue(), "application/zip")
        answer = client.post("/verify/", {"file": file})
        return answer.status_code, answer.content.decode()

    status, page = told(files)
    assert status == 200
    assert "This record of AI use is ours and unchanged" in page
    assert "Spring &lt;campaign&gt;" in page
    status, page = told(files | {"record.html": b"Forged."})
    assert status == 400
    assert "record.html was changed after the record was signed." in page
    status, page = told(files | {"more": bytes(321_000_000)})
    assert status == 400
    assert "Unpacked, the ZIP has more than 320 MB" in page


def test_the_command_checks_a_record_of_any_size(project: Project, tmp_path: Path) -> None:
    file, out = tmp_path / "record.zip", StringIO()
    file.write_bytes(packed(exported(project)).getvalue())
    call_command("verify_file", str(file), stdout=out)
    assert "Signature: good, and under our root" in out.getvalue()
    file.write_bytes(packed(exported(project) | {"record.html": b"Forged."}).getvalue())
    with pytest.raises(CommandError, match=r"record\.html was changed"):
        call_command("verify_file", str(file))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_the_signature_can_be_checked_without_us_as_the_readme_says(
    client: Client, project: Project, tmp_path: Path
) -> None:
    files = exported(project)
    signature = json.loads(files["signature.json"])
    assert signature["algorithm"] == "es256"
    for name, data in {
        "record.json": files["record.json"],
        "signature": b64decode(signature["value"]),
        "chain.pem": signature["chain"].encode(),
        "root.pem": client.get("/verify/root.pem").content,
    }.items():
        (tmp_path / name).write_bytes(data)

    def openssl(*arguments: str) -> str:
        done = subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    assert "chain.pem: OK" in openssl("verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem")
    (tmp_path / "key.pem").write_text(openssl("x509", "-in", "chain.pem", "-pubkey", "-noout"))
    checked = openssl("dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "record.json")
    assert "Verified OK" in checked
