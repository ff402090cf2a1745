"""The documents name tests and pages; a name that is not there any more would be a promise that nothing keeps."""

import re
from pathlib import Path

import pytest
from django.urls import resolve

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "attribution/README.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_a_document_names_is_there(document: str) -> None:
    named = re.findall(r"`(test_\w+)…?`", (ROOT / document).read_text(encoding="utf-8"))
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert named
    assert not [name for name in named if f"def {name}" not in code]


def test_every_page_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`(/[a-z/-]+/)`", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named
    for page in named:
        resolve(page)
