"""What holds the project together: who may import whom, what the cores need, and the words that names are made of."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
APPS = ("marketplace", "attribution", "payouts")
CORE_MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for app in APPS
    for file in (ROOT / app / "core").glob("*.py")
)
# tests/test_architecture.py is the one file where these words stand: the glossary says what is used in their place.
NOT_USED = {"payment", "payments", "score", "scores", "utils", "manager", "helper", "helpers", "process"}

WITHOUT_DJANGO = """
import importlib, sys

class NoDjango:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"django", "celery", "psycopg", "pgtrigger", "pgvector", "stripe", "torch", "PIL"}:
            raise ModuleNotFoundError(f"{name} must not be needed here")

sys.meta_path.insert(0, NoDjango())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_import_contract_is_kept() -> None:
    linted = python("-c", "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])")
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "0 broken" in linted.stdout


def test_the_cores_are_importable_where_there_is_no_django() -> None:
    assert len(CORE_MODULES) > len(APPS)
    imported = python("-c", WITHOUT_DJANGO, *CORE_MODULES)
    assert imported.returncode == 0, imported.stderr


def test_that_trial_does_fail_for_a_module_that_needs_django() -> None:
    imported = python("-c", WITHOUT_DJANGO, "marketplace.models")
    assert imported.returncode != 0
    assert "django must not be needed here" in imported.stderr


def test_the_project_package_is_empty_so_that_its_core_drags_nothing_in() -> None:
    assert (ROOT / "marketplace" / "__init__.py").read_bytes() == b""


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_folder_of_tests_is_a_package() -> None:
    """Otherwise a folder such as tests/payouts would shadow the app of that name."""
    folders = {file.parent for file in (ROOT / "tests").rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_names_use_the_words_of_the_glossary() -> None:
    misnamed = [f"{place}: {name}" for place, name in _names() if NOT_USED & _words(name)]
    assert misnamed == []


@pytest.mark.parametrize("name", ["PaymentUtils", "send_payment", "score", "AssetManager", "HTTPHelper", "scores_of"])
def test_that_walk_does_find_a_word_in_each_way_of_writing_names(name: str) -> None:
    assert NOT_USED & _words(name)


def _names() -> Iterator[tuple[str, str]]:
    """The names of our own modules, classes and functions, with the place where each stands."""
    for file in sorted(file for app in (*APPS, "tests") for file in (ROOT / app).rglob("*.py")):
        place = str(file.relative_to(ROOT))
        yield place, file.stem
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{place}:{node.lineno}", node.name


def _words(name: str) -> set[str]:
    """The words of a name in snake_case or CamelCase, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
