# Everything a newcomer needs: `make demo` and `make test`. Only Python (3.11 to 3.13) and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOWEST := .venv-lowest

.PHONY: demo test versions lowest check bench learning blending bakeoff proofs coverage obp clean

demo: $(STAMP)  ## a grocer's households, offers and model, served on http://127.0.0.1:8080; ARGS='--port 8081'
	$(BIN)/teller demo $(ARGS)

test: $(STAMP)  ## the whole suite
	$(BIN)/python -m pytest

versions:  ## the whole suite on each Python that Teller takes, in a .venv-python3.N each
	set -e; for python in python3.11 python3.12 python3.13; do \
		$(MAKE) test PYTHON=$$python VENV=.venv-$$python; \
	done

lowest: $(LOWEST)/.installed  ## the whole suite with everything setup.cfg names at its lowest version; PYTHON=python3.11
	$(LOWEST)/bin/python -m pytest

check: $(STAMP)  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(STAMP)  ## every figure beside its floor; writes var/bench.json
	$(BIN)/python -m bench

learning: $(STAMP)  ## from an answer to a changed decision, and what an answer costs the learner
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.learning

blending: $(STAMP)  ## how best to blend a trained model with the one that learns: by regret, seeded
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m training.blending

bakeoff: $(STAMP)  ## our learner beside VW's and MABWiser's; DATA=dir for sets of your own
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev,bakeoff]"
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m training.bakeoff $(if $(DATA),--sets "$(DATA)")

proofs: $(STAMP)  ## the long ones: 100,000 random histories and conditions, 40,000 racing decisions, 50 kills of the archive and of the learner
	TELLER_EXAMPLES=100000 TELLER_RACE=5000 $(BIN)/python -m pytest tests/rules tests/races tests/demo tests/archive tests/services/test_timeline_seam.py tests/services/learning/test_learning.py

coverage: $(STAMP)  ## how often 95% intervals hold the truth, 1,000 times; five minutes
	TELLER_COVERAGE=1000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -s tests/training/offpolicy/test_intervals.py -k hold_the_truth

obp: $(STAMP)  ## the Open Bandit Pipeline's data and estimators, which some tests compare with
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps obp==0.4.1

$(STAMP): setup.cfg pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and 'Teller needs Python 3.11 to 3.13, and this is %s: say which to take, such as make demo PYTHON=python3.12' % sys.version.split()[0])"
	@echo "installing Teller and what it needs into $(VENV): a minute or a few, once"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

$(LOWEST)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] != (3, 11) and 'the lowest versions are those that Python 3.11 has wheels of; call make lowest with PYTHON=...')"
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --compile-bytecode --resolution lowest-direct --editable ".[dev,bakeoff,dask]"
	touch $@

clean:
	rm -rf $(VENV) .venv-* var build *.egg-info
