# Each command sets itself up on a machine with Python 3.11 or newer, venv and make.
VENV ?= .venv
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := $(VENV)/Scripts
else
PYTHON ?= python3
BIN := $(VENV)/bin
endif
# One process more than there are cores, up to three: tests wait for kernels and servers a third of their time.
# A file's tests stay together, the longest files come first.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(3, (os.cpu_count() or 1) + 1))")
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-browser check lint docs check-docs notebooks test-kernels check-binder check-catalogue check-jobs check-ipython \
  check-python bench count-cases paintings lite home release check-tag dist check-wheel check-sdist check-release site clean

demo: $(VENV)/.demo
	$(BIN)/gemini-nb demo

# All but what drives a browser, which takes two minutes more; check has both.
test: $(VENV)/.test
	$(PYTEST) -m "not browser"

test-browser: $(VENV)/.test
	$(PYTEST) tests/browser

# All links, and a page of each kind in Chromium; make check-docs opens every page, which takes some minutes.
check: PAGES = --only '^(index|course/01|howto/(magics|studio|errors)|reference/client|how_it_works/promises)'
check: $(VENV)/.dev lint check-docs
	$(PYTEST)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# All pages anew, since Sphinx says nothing of a page that it does not build: any warning is an error.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -q -n -W --keep-going -E -a -b html docs docs/_build/html

# The built pages: links, weight, and in Chromium what axe finds and what they ask for.
check-docs: $(VENV)/.dev docs
	$(BIN)/python tests/check_docs.py $(PAGES)

# Runs the notebooks again and keeps their new outputs.
notebooks: $(VENV)/.dev
	env -u CRAZYROUTER_API_KEY -u GEMINI_API_KEY -u GOOGLE_API_KEY \
	  $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	  --ExecutePreprocessor.store_widget_state=False --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

# The studio on older kernels, whose callbacks run in other threads.
test-kernels: $(VENV)/.test
	for version in 6.31 7.3; do \
	  kernel=$(abspath $(VENV))/kernel-$$version; \
	  $(PYTHON) -m venv $$kernel && $$kernel/bin/python -m pip install --quiet --editable . "ipykernel==$$version.*" \
	    && GEMINI_NB_KERNEL_PYTHON=$$kernel/bin/python $(BIN)/pytest tests/browser/test_studio_*.py || exit 1; \
	done

# The course as a Binder visitor gets it: only what is committed, in an environment of its own.
check-binder: $(VENV)/.dev
	$(BIN)/python tests/check_binder.py

# Prices, shutdowns and names of the catalogue against the newest genai-prices and litellm, in an environment of its own.
check-catalogue: $(VENV)/.test
	$(BIN)/python tests/check_catalogue.py

# Two thousand rows in batch jobs, the client killed at ten random moments; it takes some minutes.
check-jobs: $(VENV)/.test
	$(BIN)/python tests/check_jobs.py

# The magics on IPython 7.34 and 8, in environments of their own.
check-ipython: $(VENV)/.dev
	$(BIN)/python tests/check_ipython.py

# The suite on the newest Python beside this one, or on one that is named: make check-python PYTHON=python3.14
check-python:
	$(PYTHON) tests/check_python.py $(if $(filter-out file,$(origin PYTHON)),$(PYTHON))

# One alone, or quickly: make bench BENCH="--only store --quick"
bench: $(VENV)/.dev
	$(BIN)/python tests/benchmarks $(BENCH)

# The cases of each promised class that pass, counted for the documentation.
count-cases: $(VENV)/.test
	$(PYTEST) --count-cases docs/data/promise_counts.json \
	  tests/promises tests/http tests/images tests/reply tests/store tests/test_files.py

# Contact sheets of what the offline painter makes of 24 prompts and 20 edits, in build/, to be looked at.
paintings: $(VENV)/.test
	$(BIN)/python tests/paint_sheets.py build

# The course as a site that runs in a browser tab, in build/lite/. With WHEELS=FOLDER, where Pyodide's own wheels
# stand, it needs no other host.
lite: $(VENV)/.lite
	$(BIN)/python lite/build.py $(if $(WHEELS),--wheels $(WHEELS))

# The account that hosts the project, in every link: make home OWNER=ada
home:
	$(PYTHON) .ci/home.py $(OWNER)

# The version and today's date, wherever they stand: make release VERSION=0.2.0. A pushed tag v0.2.0 then publishes it.
release:
	$(PYTHON) .ci/release.py prepare $(VERSION)

check-tag:
	$(PYTHON) .ci/release.py check $(TAG) $(OWNER)

dist: $(VENV)/.release
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

# What is in dist/: the wheel in a fresh environment, and the suite from the unpacked sdist.
check-wheel check-sdist:
	$(PYTHON) tests/check_dist.py $(subst check-,,$@)

# The commands of the release workflow, in a clone that has a home and a date.
check-release: $(VENV)/.test
	$(BIN)/python tests/check_release.py $(addprefix --tests=,$(TESTS))

# What the site workflow publishes: the documentation, and under lite/ the course in the browser.
site:
	rm -rf build/site
	mkdir -p build/site
	cp -R docs/_build/html/. build/site
	cp -R build/lite build/site/lite

clean:
	rm -rf $(VENV) demo build dist docs/_build docs/course docs/static/course

$(VENV)/.%: pyproject.toml
	@echo 'Installing gemini_nb and what ".[$*]" needs into $(VENV), once; it takes a minute or two.'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --editable ".[$*]"
	touch $@
