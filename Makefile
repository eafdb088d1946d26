# Everything is made in .venv, which any of the targets sets up by itself.
# PYTHON=/path/to/python3.12 chooses the interpreter that .venv is made with.

PYTHON ?= python3
python := .venv/bin/python
pip := $(python) -m pip install --quiet --disable-pip-version-check
workers := auto
N := 20000
SEED := 0

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all test-gpu mutation fuzz lint format bench sizes clean

help:
	@echo 'make demo      print the walk-through of the sigmoid'
	@echo 'make test      the tests, but for the slow ones'
	@echo 'make test-all  all tests (installs PyTorch, JAX and Triton)'
	@echo 'make test-gpu  the tests that need a GPU (with a PyTorch for it in .venv)'
	@echo 'make mutation  plant faults, see whether the tests notice, write it down (an hour)'
	@echo 'make fuzz      N random formulas from SEED on, compared with mpmath (40 ms each)'
	@echo 'make lint      ruff, mypy, and that no import goes upstairs'
	@echo 'make format    let ruff put the code in order'
	@echo 'make bench     measure speed and growth, write docs/results/benchmarks.md'
	@echo 'make sizes     count the lines of each package, write them into docs/architecture.md'
	@echo 'make clean     remove .venv and everything else that was made'

demo: .venv/.runtime
	@.venv/bin/chainrule explain sigmoid

test: .venv/.dev .venv/.katex
	$(python) -m pytest -n $(workers) -m 'not slow'

test-slow: .venv/.dev .venv/.frameworks .venv/.katex
	$(python) -m pytest -n $(workers) -m slow

test-all: test test-slow

test-gpu: .venv/.dev .venv/.frameworks
	$(python) -m pytest -m gpu

# seed=2 draws other places; what was interrupted goes on where it was.
seed := 1
mutation: .venv/.mutation
	$(python) bench/mutation/planted.py
	$(python) bench/mutation/run.py --seed $(seed) --workers 2
	$(python) bench/mutation/run.py --seed $(seed) --workers 2 --again
	$(python) bench/mutation/report.py $(seed)

fuzz: .venv/.dev
	$(python) bench/fuzz.py --seed $(SEED) --count $(N)

lint: .venv/.dev
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy --strict src
	.venv/bin/lint-imports

format: .venv/.dev
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

bench: .venv/.bench
	$(python) bench/write_report.py docs/results/benchmarks.md

sizes: .venv/pyvenv.cfg
	$(python) bench/pages/write_architecture.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutation tests/katex/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the targets need --------------------------------------------------------------------
# One stamp for each set of packages; pyproject.toml says what is in a set.

.venv/.runtime: .venv/pyvenv.cfg pyproject.toml
	@echo 'installing chainrule in .venv' >&2
	@$(pip) --editable .
	@touch $@

.venv/.dev: .venv/pyvenv.cfg pyproject.toml
	@echo 'installing chainrule and its test tools in .venv' >&2
	@$(pip) --editable '.[dev]'
	@touch $@ .venv/.runtime

.venv/.frameworks: .venv/.dev
	@echo 'installing PyTorch, JAX and Triton in .venv' >&2
	@$(pip) --editable '.[frameworks]'
	@touch $@

.venv/.bench: .venv/.runtime
	@echo 'installing SymPy and SymEngine in .venv' >&2
	@$(pip) --editable '.[bench]'
	@touch $@

.venv/.mutation: .venv/.dev
	@echo 'installing cosmic-ray and coverage in .venv' >&2
	@$(pip) --editable '.[mutation]'
	@touch $@

# KaTeX checks every formula that is written as LaTeX; without npm those tests are skipped.
.venv/.katex: .venv/pyvenv.cfg $(wildcard tests/katex/package-lock.json)
	@if ! command -v npm >/dev/null; then \
	    echo 'no npm: the tests that set formulas with KaTeX are skipped' >&2; \
	elif echo 'installing KaTeX in tests/katex' >&2 && \
	    npm ci --prefix tests/katex --loglevel=error --no-audit --no-fund >&2; then \
	    touch $@; \
	else \
	    echo 'npm failed: the tests that set formulas with KaTeX are skipped' >&2; \
	fi

.venv/pyvenv.cfg:
	@for candidate in '$(PYTHON)' python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        found=$$candidate; break; \
	    fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "chainrule needs Python 3.11 or newer; '$(PYTHON)' is" \
	        "$$('$(PYTHON)' --version 2>&1 || true). Say which to take: make PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	fi; \
	if ! "$$found" -m venv .venv; then \
	    rm -rf .venv; \
	    echo "'$$found -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	fi
