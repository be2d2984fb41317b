# Every command of the project. A line's `##` comment is its help text.

# What `make install` builds the .venv with: the first Python 3.11 - 3.13 that has venv, unless you name one.
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
PYTHON_FITS := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# How many test processes: one per core (each starts a mongod of its own, in a third of a second).
WORKERS ?= auto
PYTEST_FLAGS ?=
LOCK_FLAGS ?=
# `required`: `make check` fails where the known vulnerabilities cannot be looked up. Without it, it only says so.
export AUDIT ?=
# A machine may forbid compiled modules; the tests start hundreds of servers, each of which would compile them all anew.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
STAMP := .venv/.installed
# uv installs in parallel but knows nothing of pip's own configuration (a mirror, a proxy's certificate): pip goes second.
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(LOCK_FLAGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run replicas test check format bench train docs site sbom image catalogues screenshots lock clean

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r goal text; do \
		printf '%-16s %s\n' "$$goal" "$$text"; done

install: $(STAMP)  ## Create .venv with everything for development (again only when a lock changed)

run: $(STAMP)  ## Start the demo clinic on http://127.0.0.1:8000 with a database of its own; Ctrl-C stops it all
	@$(BIN)/chairside serve --demo

replicas: $(STAMP)  ## Start the demo clinic on three replicas over a three-member MongoDB set; Ctrl-C stops it all
	@$(BIN)/python -m scripts.replicas

test: check  ## Lint, types, import contracts, then every test (PYTEST_FLAGS="-k booking" for some)
	@scripts/ensure_chromium.sh
	$(BIN)/pytest -n $(WORKERS) $(PYTEST_FLAGS)

check: $(STAMP)  ## Lint, formatting, types, import contracts, known vulnerabilities (AUDIT=required before a release)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python -m scripts.audit_dependencies

format: $(STAMP)  ## Format the code and repair what the linter can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(STAMP)  ## Print the measured ratios of the performance claims
	$(BIN)/python -m benchmarks

train: $(STAMP)  ## Train the offline provider's classifier on evals/train and print what cross-validation measured
	$(BIN)/python -m scripts.train_classifier

docs: $(STAMP)  ## Write docs/reference/api.md from the routes
	$(BIN)/python -m scripts.write_api_reference

site: $(STAMP)  ## Build the documentation as a website in build/site; a broken link or a missing page fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

sbom: $(STAMP)  ## Write build/sbom.cdx.json, the list of what the image holds (CycloneDX)
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements/runtime.lock --pyproject pyproject.toml --output-reproducible \
		--output-file build/sbom.cdx.json

image: $(STAMP)  ## Prove the image's steps without Docker: the Dockerfile's lines in a clean folder, its server healthy
	$(BIN)/python -m scripts.check_image_steps

catalogues: $(STAMP)  ## Write new sentences of the pages into app/web/locales, to be translated
	$(BIN)/python -m scripts.catalogues

screenshots: $(STAMP)  ## Take the pictures of every page (docs/images and build/screenshots); look at them before you commit
	@scripts/ensure_chromium.sh
	$(BIN)/python -m scripts.take_screenshots

lock: $(STAMP)  ## Write requirements/*.lock from pyproject.toml (LOCK_FLAGS=--upgrade for newer versions)
	$(COMPILE) pyproject.toml --output-file requirements/runtime.lock
	$(COMPILE) pyproject.toml --extra embedded --group dev --constraint requirements/runtime.lock \
		--output-file requirements/dev.lock
	$(COMPILE) --group build --constraint requirements/dev.lock --output-file requirements/build.lock
	$(COMPILE) --group installer --output-file requirements/installer.lock

clean:  ## Remove .venv and every cache and report; the data in .data stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov test-results .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml requirements/dev.lock requirements/installer.lock | .venv/bin/pip
	@echo "Installing the locked dependencies ..."
	@$(PIP_INSTALL) --requirement requirements/installer.lock && \
		$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.lock || \
		$(PIP_INSTALL) --requirement requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/bin/pip:
	@for python in $(PYTHONS); do \
		if "$$python" -c '$(PYTHON_FITS)' 2>/dev/null; then \
			echo "Creating .venv with $$("$$python" --version) ..."; exec "$$python" -m venv --clear .venv; \
		fi; \
	done; \
	echo "Chairside needs Python 3.11, 3.12 or 3.13 with its venv module; tried: $(PYTHONS)." >&2; \
	echo "Debian, Ubuntu: apt-get install python3 python3-venv. macOS: brew install python@3.13." >&2; \
	echo "An interpreter elsewhere: make install PYTHON=/path/to/python3" >&2; \
	exit 1
