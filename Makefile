# Each command sets itself up on a machine with Python 3.11 or newer, venv and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=60 -p no:cacheprovider

.PHONY: demo test check lint notebooks check-binder check-ipython bench clean

demo: $(VENV)/.demo
	$(BIN)/gemini-nb demo

test: $(VENV)/.test
	$(BIN)/pytest
	$(BIN)/pytest $(NBVAL) notebooks

check: $(VENV)/.dev lint
	$(BIN)/pytest
	$(BIN)/pytest $(NBVAL) notebooks

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Runs the notebooks again and keeps their new outputs.
notebooks: $(VENV)/.dev
	env -u CRAZYROUTER_API_KEY -u GEMINI_API_KEY -u GOOGLE_API_KEY \
	  $(BIN)/jupyter nbconvert --to notebook --execute --inplace notebooks/*.ipynb

# The course as a Binder visitor gets it: only what is committed, in an environment of its own.
check-binder: $(VENV)/.dev
	$(BIN)/python tests/check_binder.py

# The magics on IPython 7.34 and 8, in environments of their own.
check-ipython: $(VENV)/.dev
	$(BIN)/python tests/check_ipython.py

bench: $(VENV)/.dev
	$(BIN)/python tests/benchmarks

clean:
	rm -rf $(VENV) demo build dist

$(VENV)/.%: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	touch $@
