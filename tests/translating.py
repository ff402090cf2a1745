"""The texts of templates and code that readers see, and the German catalogue of them: `make messages` updates it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
APPS = ("marketplace", "attribution", "payouts")
GERMAN = ROOT / "marketplace/locale/de/LC_MESSAGES/django.po"
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
    for file, code in _code():
        for line, message, _, context in extract("python", BytesIO(code.encode()), KEYWORDS):
            catalog.add(message, locations=[(file, line)], context=context)
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
            yield str(file.relative_to(ROOT)), templatize(file.read_text(encoding="utf-8"))


def main() -> None:
    """Write the catalogue anew: with new texts, untranslated, and without those that are gone."""
    catalog = german()
    catalog.update(texts(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    GERMAN.parent.mkdir(parents=True, exist_ok=True)
    with GERMAN.open("wb") as file:
        write_po(file, catalog, width=0, sort_output=True, no_location=True, omit_header=False)
    print(f"{sum(1 for message in catalog if message.id and not message.string)} texts have no translation yet.")


if __name__ == "__main__":
    from django.conf import settings

    settings.configure()
    main()
