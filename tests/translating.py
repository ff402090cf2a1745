"""The texts of templates and code that readers see, and the German catalogue of them: `make messages` updates it."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
APPS = ("marketplace", "attribution", "payouts")
GERMAN = ROOT / "marketplace/locale/de/LC_MESSAGES/django.po"
SILENT = {"settings", "checks", "startup", "embedded", "apps", "admin", "audit", "audit_baseline", "audit_report"}
SILENT |= {"encoders", "embed", "reembed", "recipes", "recall", "search", "sscd", "tiles", "statistics", "detector"}
SILENT |= {"faces"}
SILENT |= {
    "signing",
    "login_secrets",
    "demo_chain",
    "credentials",
    "integrity",
    "integrity_queries",
    "integrity_corrections",
}
SILENT |= {"gateway", "generators", "database_role", "verify_statement", "encoders", "posting", "lists"}
SILENT |= {"audit_chain", "hosted", "api", "metrics"}
SILENT |= {"apportion", "money", "canonical", "hamming", "proofs", "ledger", "catalogue", "models", "webhooks"}
SILENT |= {"management", "benchmark", "campaign", "compact", "demo", "migrations", "sandbox", "sample_catalogue"}
UNHEARD = {"debug", "info", "warning", "error_", "exception", "execute", "_", "translated", "gettext", "gettext_lazy"}
UNHEARD |= {"ngettext", "ngettext_lazy", "pgettext", "cursor", "compile", "required", "add_argument", "translate"}
UNSHOWN = {"management", "migrations", "audit", "encoders", "outcomes", "campaign", "sandbox", "generators"}
UNSHOWN |= {"credentials", "scopes"}
SENTENCE = re.compile(r"(?=.*[a-z]{2} )(?:[A-Z]|%\()[^{}<>]*[.!?:]", re.DOTALL)
PHRASE = re.compile(r"(?=.*[a-z]{2} )[^{}<>;=]*", re.DOTALL)
NAMING = {"StrEnum", "models.TextChoices", "models.Model"}
INDENTED = re.compile(r"^[ \t]+", re.MULTILINE)
CODE = re.compile(r"[\w-]+|.* .*")
FAMILIAR = re.compile(r"\b(du|dein\w*|dich|dir|kontaktiere|bist)\b", re.IGNORECASE)
NUMBERED = re.compile(r"[a-z ]+%\(pk\)s")
KEYWORDS = {
    "_": None,
    "translated": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}


def texts() -> Catalog:
    """All texts that are marked for translation, with where they stand."""
    catalog = Catalog(locale="de", charset="utf-8", fuzzy=False)
    for name, code in _code():
        for line, message, _, context in extract("python", BytesIO(code.encode()), KEYWORDS):
            catalog.add(message, locations=[(name, line)], context=context)
    for file in _speaking_modules():
        for line, template in sentences_of(file):
            catalog.add(template, locations=[(str(file.relative_to(ROOT)), line)])
    for line, label in _tasks_by_the_clock():
        catalog.add(label, locations=[("marketplace/settings.py", line)])
    for theirs in _familiar():
        catalog.add(theirs.id, locations=[("allauth", 0)])
    for file in _modules(UNSHOWN):
        for line, words in codes_of(file):
            catalog.add(words, locations=[(str(file.relative_to(ROOT)), line)])
    return catalog


def german() -> Catalog:
    """The German catalogue as it is."""
    if not GERMAN.exists():
        return Catalog(locale="de", charset="utf-8", fuzzy=False)
    with GERMAN.open("rb") as file:
        return read_po(file, locale="de")


def _code() -> Iterator[tuple[str, str]]:
    """Each file's path and what there is to extract from it, as Python."""
    from django.utils.translation.template import templatize

    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
        for file in sorted((ROOT / app).rglob("*.html")) + sorted((ROOT / app).rglob("templates/**/*.txt")):
            source = INDENTED.sub("", templatize(file.read_text(encoding="utf-8")))
            yield str(file.relative_to(ROOT)), source


def _speaking_modules() -> Iterator[Path]:
    """The modules whose sentences reach pages: all but those whose words reach operators, commands or programs only."""
    numeric = ROOT / "attribution/core"
    return (file for file in _modules(SILENT) if numeric not in file.parents)


def _modules(without: set[str]) -> Iterator[Path]:
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            inside = file.relative_to(ROOT / app)
            if not without & {*inside.parts[:-1], file.stem}:
                yield file


def sentences_of(file: Path) -> Iterator[tuple[int, str]]:
    """Line and template of what a module says in English without marking it: whole sentences, in a core also phrases.

    `f"{balance} is waiting."` has the template '%(balance)s is waiting.'.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    silent = {id(part) for node in ast.walk(tree) for part in _not_for_readers(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in silent:
            template = _template(node)
            if template and (SENTENCE.fullmatch(template) or ("core" in file.parts and PHRASE.fullmatch(template))):
                yield node.lineno, template


def codes_of(file: Path) -> Iterator[tuple[int, str]]:
    """Line and words of what a module's enumerations and models name, as pages write it: 'on hold', 'hold %(pk)s'."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and NAMING & {ast.unparse(base) for base in node.bases}:
            for statement in node.body:
                if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]).isupper():
                    yield from _codes(statement)
                if isinstance(statement, ast.FunctionDef) and statement.name == "__str__":
                    yield from _numbered(statement)


def _familiar() -> Iterator[Message]:
    """What the library of logins says in German with "du": we say all with "Sie"."""
    import allauth

    file = Path(allauth.__file__).parent / "locale/de/LC_MESSAGES/django.po"
    for message in read_po(BytesIO(file.read_bytes()), locale="de"):
        places = {place.removeprefix("templates/").split("/")[0] for place, _ in message.locations}
        if message.id and places & {"account", "mfa"} and FAMILIAR.search(str(message.string)):
            yield message


def _tasks_by_the_clock() -> Iterator[tuple[int, str]]:
    """What the tasks of the worker's schedule are called."""
    for node in ast.walk(ast.parse((ROOT / "marketplace/settings.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CELERY_BEAT_SCHEDULE":
            for key in node.value.keys if isinstance(node.value, ast.Dict) else ():
                if isinstance(key, ast.Constant):
                    yield key.lineno, str(key.value)


def _codes(statement: ast.Assign) -> Iterator[tuple[int, str]]:
    values = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
    is_labelled = len(values) > 1 and isinstance(statement.targets[0], ast.Name)
    for value in values[1:] if is_labelled else values:
        if isinstance(value, ast.Constant) and CODE.fullmatch(str(value.value)):
            yield value.lineno, str(value.value).replace("_", " ")


def _numbered(method: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    for node in ast.walk(method):
        if isinstance(node, ast.JoinedStr):
            template = _template(node) or ""
            if NUMBERED.fullmatch(template):
                yield node.lineno, template


def _not_for_readers(node: ast.AST) -> Iterator[ast.AST]:
    """The texts below a node that no reader of a page gets: docstrings, logs, SQL, help, hashed, marked already."""
    if isinstance(node, ast.FormattedValue) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield from ast.walk(node)
    if isinstance(node, ast.FunctionDef) and node.name.endswith("_hash"):
        yield from ast.walk(node)
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    if isinstance(node, ast.Call) and _called(node) in UNHEARD:
        for argument in node.args:
            yield from ast.walk(argument)
    if isinstance(node, ast.keyword) and node.arg in {"help_text", "help", "name", "func", "headers"}:
        yield from ast.walk(node.value)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _template(node: ast.Constant | ast.JoinedStr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    names: dict[str, str] = {}
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("%", "%%"))
        elif isinstance(part, ast.FormattedValue):
            expression = ast.unparse(part)
            words = re.findall(r"[A-Za-z]+", ast.unparse(part.value)) or ["value"]
            name = names.setdefault(expression, words[-1] if words[-1] not in names.values() else "_".join(words))
            parts.append(f"%({name})s")
    return "".join(parts)


def main() -> None:
    """Write the catalogue anew: with new texts, untranslated, and without those that are gone."""
    catalog = german()
    created_at = catalog.creation_date  # kept, so that the file changes with its texts alone
    catalog.update(texts(), no_fuzzy_matching=True)
    catalog.creation_date = created_at
    catalog.obsolete.clear()
    GERMAN.parent.mkdir(parents=True, exist_ok=True)
    with GERMAN.open("wb") as file:
        write_po(file, catalog, width=0, sort_output=True, no_location=True, omit_header=False)
    print(f"{sum(1 for message in catalog if message.id and not message.string)} texts have no translation yet.")


if __name__ == "__main__":
    from django.conf import settings

    settings.configure()
    main()
