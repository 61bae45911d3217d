# Everything a newcomer needs: `make demo` and `make test`. Only Python (3.11 to 3.13) and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test check bench proofs clean

demo: $(STAMP)  ## a grocer's households, offers and model, served on http://127.0.0.1:8080
	$(BIN)/teller demo

test: $(STAMP)  ## the whole suite
	$(BIN)/python -m pytest

check: $(STAMP)  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(STAMP)  ## every figure beside its floor; writes var/bench.json
	$(BIN)/python -m bench

proofs: $(STAMP)  ## the long ones: 100,000 random histories and conditions, 40,000 racing decisions
	TELLER_EXAMPLES=100000 TELLER_RACE=5000 $(BIN)/python -m pytest tests/rules tests/races tests/demo

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and 'Teller needs Python 3.11 to 3.13; call make with PYTHON=...')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) var build *.egg-info
