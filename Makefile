# `make help` lists what there is. PYTHON=… chooses another interpreter, of 3.11 or newer.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first that really runs: a name on the PATH can be a shim of a version that is not installed.
ifndef PYTHON
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$python" && break; done)
endif

RUN := .venv/bin
DEV := .venv-dev/bin
RUN_READY := .venv/ready
DEV_READY := .venv-dev/ready
STATIC_READY := staticfiles/.collected
STATIC_SOURCES := $(shell find attendance accounts groups meetings attendings -path '*/static/*' -type f)

# What production would set, and no file or directory of a running site.
GATE_STATE := $(or $(TMPDIR),/tmp)/attendance-gates
PRODUCTION := env -u DATABASE_URL -u REDIS_URL -u TIME_ZONE -u LANGUAGE_CODE -u HTTPS -u TESTING ENV_FILE=/dev/null DEBUG=false \
	SECRET_KEY=for-the-gates-only-0123456789-for-the-gates-only-0123456789 ALLOWED_HOSTS=attendance.example STATE_DIR=$(GATE_STATE)
MANAGE := $(PRODUCTION) $(DEV)/python manage.py
ADVISORIES := $(GATE_STATE)/advisories.json

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: print-python
print-python:
	@echo "$(PYTHON)"

# --- Running ---------------------------------------------------------------------------------------------------------

.PHONY: run
run: $(RUN_READY) .env $(STATIC_READY) ## Serves at http://localhost:3002/, with demo data on the first run
	@$(RUN)/python manage.py migrate --verbosity=0
	@$(RUN)/python manage.py seed_demo --if-empty
	@port=$$($(RUN)/python -c 'from attendance.settings import PORT; print(PORT)'); \
		echo "Log in at http://localhost:$$port/admin/; the REST interface is explained at http://localhost:$$port/docs. Ctrl-C stops."
	@exec $(RUN)/gunicorn

.env: | $(RUN_READY)
	@umask 077; printf '%s\n' '# The README explains each name.' \
		"SECRET_KEY=$$($(RUN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
		'ALLOWED_HOSTS=localhost,127.0.0.1' 'HTTPS=false' 'REGISTRATION_OPEN=true' 'BIND_ADDRESS=127.0.0.1' > .env.new
	@mv .env.new .env
	@echo 'Wrote .env with a new SECRET_KEY.'

$(STATIC_READY): $(RUN_READY) $(STATIC_SOURCES) | .env
	@$(RUN)/python manage.py collectstatic --noinput --verbosity=0
	@touch $@

define virtualenv
	@test -n "$(PYTHON)" || { echo 'No Python 3.11 or newer was found; say where it is: make PYTHON=/path/to/python3' >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(@D) || { echo 'On Debian and Ubuntu, python3 -m venv needs: apt-get install python3-venv' >&2; exit 1; }
	@echo 'Installing into $(@D) …'
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes $(foreach file,$^,-r $(file))
	@touch $@
endef

$(RUN_READY): requirements.txt
	$(virtualenv)

$(DEV_READY): requirements.txt requirements-dev.txt
	$(virtualenv)

# --- Checking --------------------------------------------------------------------------------------------------------

PYTEST := $(DEV)/python -m pytest -n auto --maxprocesses 4 --dist worksteal
# They bring their own server, and tell the same whatever the session runs on.
OWN_SERVER := attendance/db/mongodb/tests tests/test_mongodb_server.py tests/live/test_mongodb_faults.py
# What a browser sees of a page is the same on both; the register, which is written to by many at once, is taken on both.
SEEN_ONCE := tests/browser/test_every_page.py tests/browser/test_grid.py tests/browser/test_today.py tests/test_translations.py

.PHONY: test
test: test-sqlite test-mongodb ## All tests, on SQLite and on MongoDB; ARGS='…' goes to pytest

.PHONY: test-sqlite
test-sqlite: $(DEV_READY) ## All tests on SQLite, and those of the MongoDB engine on a server of their own
	TEST_DATABASE_URL= $(PYTEST) $(ARGS)

.PHONY: test-mongodb
test-mongodb: $(DEV_READY) ## The suite on MongoDB: a compatible server of the session's own, or the one at TEST_DATABASE_URL
	TEST_DATABASE_URL=$${TEST_DATABASE_URL:-mongodb} $(PYTEST) $(addprefix --ignore=,$(OWN_SERVER) $(SEEN_ONCE)) $(ARGS) \
		|| { [ $$? = 5 ] && [ -n "$(ARGS)" ]; } # none of the tests asked for is among them

.PHONY: gates
gates: lint types layers migrations deploy schema ## Everything else that must hold before a change is merged

.PHONY: lint
lint: $(DEV_READY) ## Style
	$(DEV)/ruff check .
	$(DEV)/ruff format --check .

.PHONY: types
types: $(DEV_READY) ## Annotations
	$(PRODUCTION) $(DEV)/mypy .

.PHONY: layers
layers: $(DEV_READY) ## Imports run one way
	$(PRODUCTION) $(DEV)/lint-imports

.PHONY: migrations
migrations: $(DEV_READY) ## No model change lacks its migration, in any time zone
	$(MANAGE) makemigrations --check --dry-run
	$(PRODUCTION) TIME_ZONE=Europe/Moscow $(DEV)/python manage.py makemigrations --check --dry-run

.PHONY: deploy
deploy: $(DEV_READY) ## Django's deployment checks
	$(MANAGE) check --deploy --fail-level WARNING

.PHONY: schema
schema: $(DEV_READY) ## openapi.yaml is what the code says
	@mkdir -p $(GATE_STATE)
	$(MANAGE) spectacular --validate --fail-on-warn --file $(GATE_STATE)/openapi.yaml
	diff -u openapi.yaml $(GATE_STATE)/openapi.yaml || { echo 'openapi.yaml has drifted: make openapi' >&2; exit 1; }

.PHONY: audit
audit: $(DEV_READY) ## Known vulnerabilities of what we depend on, where the advisory service can be reached
	@mkdir -p $(GATE_STATE); rm -f $(ADVISORIES)
	@status=0; $(DEV)/pip-audit --disable-pip --require-hashes -r requirements.txt --timeout 10 \
		--format json --output $(ADVISORIES) 2> $(GATE_STATE)/audit.log || status=$$?; \
	if [ -s $(ADVISORIES) ]; then tail -n 1 $(GATE_STATE)/audit.log; \
		[ $$status = 0 ] || { cat $(ADVISORIES); exit $$status; }; \
	else echo 'The advisory service cannot be reached from here: nothing was audited.'; fi

# --- Generating ------------------------------------------------------------------------------------------------------

.PHONY: openapi
openapi: $(DEV_READY) ## Regenerates openapi.yaml
	$(MANAGE) spectacular --validate --fail-on-warn --file openapi.yaml

.PHONY: lock
lock: $(DEV_READY) ## Recompiles requirements*.txt from requirements*.in; UPGRADE=--upgrade takes the newest
	for name in requirements requirements-dev; do \
		$(DEV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
			$(UPGRADE) $$name.in -o $$name.txt; done

.PHONY: messages
messages: $(DEV_READY) ## Brings the translations in step with the source; new strings are then to be translated (needs gettext)
	$(MANAGE) makemessages --locale ru --no-location --no-wrap --no-obsolete --ignore '.venv*' --ignore tests --ignore conftest.py
	sed -i '/^"POT-Creation-Date:/d' */locale/*/LC_MESSAGES/*.po
	$(MANAGE) compilemessages --ignore '.venv*' --verbosity 0

.PHONY: screenshots
screenshots: $(DEV_READY) ## Takes the pictures of docs/screenshots anew
	$(DEV)/python -m tests.browser.screenshots

.PHONY: clean
clean: ## Removes what make made, but no data and no .env
	rm -rf .venv .venv-dev staticfiles .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
