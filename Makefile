# Each command sets itself up on a machine with Python 3.11 or newer, venv and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Two processes, or one on a machine with one core; a file's tests stay together, the longest files come first.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(2, os.cpu_count() or 1))")

.PHONY: demo test check run-tests lint notebooks test-kernels check-binder check-ipython check-python bench clean

demo: $(VENV)/.demo
	$(BIN)/gemini-nb demo

test: $(VENV)/.test run-tests

check: $(VENV)/.dev lint run-tests

run-tests:
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

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
	    && GEMINI_NB_KERNEL_PYTHON=$$kernel/bin/python $(BIN)/pytest tests/browser || exit 1; \
	done

# The course as a Binder visitor gets it: only what is committed, in an environment of its own.
check-binder: $(VENV)/.dev
	$(BIN)/python tests/check_binder.py

# The magics on IPython 7.34 and 8, in environments of their own.
check-ipython: $(VENV)/.dev
	$(BIN)/python tests/check_ipython.py

# The suite on the newest Python beside this one, or on one that is named: make check-python PYTHON=python3.14
check-python:
	$(PYTHON) tests/check_python.py $(if $(filter-out file,$(origin PYTHON)),$(PYTHON))

# One alone, or quickly: make bench BENCH="--only store --quick"
bench: $(VENV)/.dev
	$(BIN)/python tests/benchmarks $(BENCH)

clean:
	rm -rf $(VENV) demo build dist

$(VENV)/.%: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	touch $@
