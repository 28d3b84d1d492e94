# Every target makes the environment it needs first; Python >= 3.11 and make are all that must be there.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# The tests start a great many processes; without kept bytecode each compiles some three thousand modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test serve lint format lock soak bench peers ablation clean help

help:            ## what can be made
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/: .*##/\t/'

demo: $(READY)   ## a scripted support agent is traced, analysed and its faults listed
	$(BIN)/momus demo

serve: $(READY)  ## collector, store, analysis: one process on loopback
	$(BIN)/momus serve

test: $(READY)   ## the whole suite, fault tests included
	$(BIN)/pytest -m 'not soak'

lint: $(READY)   ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## let ruff arrange the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: $(READY)   ## long fault and load runs
	$(BIN)/pytest -m soak

bench: $(READY)  ## spans a second that become queryable, and what they cost
	$(BIN)/python -m tests.benchmarks.ingest

peers: $(READY)  ## the same for other stores of traces, side by side; installs them into ~/.cache/momus-peers
	$(BIN)/python -m tests.benchmarks.peers

ablation: $(READY) ## what is found without a model in conversations of known truth
	$(BIN)/python -m tests.ablation.measure

lock: $(READY)   ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command 'make lock' pyproject.toml -o requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "momus needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "The venv module is missing: install the package python3-venv, then run make again."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { rm -rf .venv; echo "The venv has no pip: install the package python3-venv, then run make again."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $(READY)

clean:           ## remove the environment and caches; data folders stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
