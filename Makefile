# make extract   set up .venv (core only) and read samples/ into ocr-out/
# make test      set up what the tests need and run them all
# make docs      build the documentation site into site/, strictly
# make prove     run the slow proofs, then the full counts, and write their numbers into docs/
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: extract test docs prove clean

extract: .venv/core
	$(BIN)/ocr extract samples --out json,md

# Tests start many processes: without compiled modules each of them compiles the whole program again.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/stack
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder -m "not serial and not slow" --durations=20
	$(BIN)/python -m pytest tests/integration -m "serial and not slow" --durations=20

docs: .venv/dev
	$(BIN)/python docs/generate_reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

prove: .venv/stack
	$(BIN)/python -m pytest -m slow --durations=20
	$(BIN)/python -m benchmarks.run_all

.venv/core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/dev: .venv/core
	$(PIP) --editable '.[dev]'
	touch $@

# The models' packages: vLLM and its kin, the CPU build where there is no GPU.
.venv/stack: .venv/dev .ci/cpu_stack.py
	$(BIN)/python .ci/cpu_stack.py
	touch $@

clean:
	rm -rf .venv ocr-out site .mypy_cache .ruff_cache .pytest_cache
