# make help lists the targets. Each target makes the environment it needs first; a stamp file makes re-runs instant.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that the default set has wheels for. Override with make PYTHON=/path/to/python ...
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
  if $$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then echo $$p; break; fi; done)
# TensorFlow 2.17, the oldest one and that of tensorflow-io, has wheels up to Python 3.12; the oldest Python comes first.
PYTHON_OLDEST ?= $(shell for p in python3.10 python3.11 python3.12 python3 $(PYTHON); do \
  if $$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then echo $$p; break; fi; done)
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= build/demo
# Test processes; a second one pays only where there is a second core.
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); echo $$((n < 2 ? 1 : n < 8 ? 2 : 4)))
# Where the benchmarks' PyTorch comes from; the default index has builds for CUDA, two gigabytes larger.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PYTEST_ARGS ?=

PIP := -m pip --disable-pip-version-check --quiet
WHOLE_WAY := tests/test_whole_way.py
LAYERS := tests/layers

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(VENV)/.ready ## Make a corpus, ask the model in the package, train a small one, evaluate it, export it (about 10 minutes)
	@$(BIN)/python -m irmas_tf.demo --out $(DEMO)

.PHONY: test
test: $(VENV)/.ready-test ## Run all tests
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: test-fast
test-fast: $(VENV)/.ready-test ## Run the quick tests only
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not slow" $(PYTEST_ARGS)

# Old TensorFlow beside other versions: decoding, layers, and the whole way from training to a .tflite file.
.PHONY: test-io
test-io: $(VENV)-io/.ready ## Run the tests of tensorflow-io, which needs TensorFlow 2.17, in an environment of its own
	$(VENV)-io/bin/python -m pytest -q $(WHOLE_WAY) tests/audio/test_tf_decode.py $(PYTEST_ARGS)

.PHONY: test-oldest
test-oldest: $(VENV)-oldest/.ready ## Run layers and the whole way on the oldest Python and versions of setup.py
	$(VENV)-oldest/bin/python -m pytest -q $(WHOLE_WAY) $(PYTEST_ARGS)
	$(VENV)-oldest/bin/python -m pytest -q $(LAYERS) $(PYTEST_ARGS)

.PHONY: test-newest
test-newest: $(VENV)-newest/.ready ## The same on the newest versions within the ranges of setup.py, pinned or not
	$(VENV)-newest/bin/python -m pytest -q $(WHOLE_WAY) $(PYTEST_ARGS)
	$(VENV)-newest/bin/python -m pytest -q $(LAYERS) $(PYTEST_ARGS)

.PHONY: bench
bench: $(VENV)/.ready-bench ## Measure against librosa, soxr and PyTorch; prints tables
	@for script in $$(grep -l '^if __name__ ==' benchmarks/*.py | xargs grep -L 'required=True'); do \
	  echo; echo "== $$script"; $(BIN)/python "$$script"; done

.PHONY: lint
lint: $(VENV)/.ready-lint ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: env
env: $(VENV)/.ready ## Make the environment only

.PHONY: clean
clean: ## Remove the demo's files and the environments
	rm -rf $(DEMO) $(VENV) $(VENV)-io $(VENV)-oldest $(VENV)-newest

# ---- environments ----

# An environment that exists is brought up to date, never removed: $(VENV) may be the user's own. make clean removes it.
define create_venv
	@if [[ -z "$(1)" ]]; then \
	  echo "error: no Python from 3.10 to $(3) found (TensorFlow has no wheels for others);" \
	    "install one, or name it: make $(4)=/path/to/python$(3) $(MAKECMDGOALS)" >&2; exit 1; fi
	@if ! $(1) --version >/dev/null 2>&1; then echo "error: $(1) does not run; check $(4)=..." >&2; exit 1; fi
	@if ! $(1) -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "error: $(1) cannot make environments; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; fi
	@echo "Making the environment $(2) with $$($(1) --version) (once; downloads about a gigabyte)"
	@$(1) -m venv $(2)
	@$(2)/bin/python $(PIP) install --upgrade pip
endef

$(VENV)/.ready: requirements/default.txt setup.py
	$(call create_venv,$(PYTHON),$(VENV),3.13,PYTHON)
	@$(BIN)/python $(PIP) install -r requirements/default.txt -e '.[train,hub,demo]'
	@$(BIN)/python -m pip check
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready requirements/test.txt
	@echo "Adding the test packages"
	@$(BIN)/python $(PIP) install -r requirements/test.txt
	@IRMAS_TF_CACHE=$(abspath $(VENV))/cache $(BIN)/python -m irmas_tf.browser.litert \
	  || echo "LiteRT.js, an npm package, cannot be fetched: the tests of the page that run it will skip" >&2
	@touch $@

$(VENV)/.ready-bench: $(VENV)/.ready requirements/bench.txt
	@echo "Adding the benchmarks' peers"
	@$(BIN)/python $(PIP) install --extra-index-url $(TORCH_INDEX) -r requirements/bench.txt
	@touch $@

$(VENV)/.ready-lint: $(VENV)/.ready requirements/lint.txt
	@echo "Adding ruff and mypy"
	@$(BIN)/python $(PIP) install -r requirements/lint.txt
	@touch $@

$(VENV)-io/.ready: requirements/io.txt setup.py
	$(call create_venv,$(PYTHON_OLDEST),$(VENV)-io,3.12,PYTHON_OLDEST)
	@$(VENV)-io/bin/python $(PIP) install -r requirements/io.txt -e '.[io]'
	@$(VENV)-io/bin/python -m pip check
	@touch $@

$(VENV)-oldest/.ready: requirements/oldest.txt setup.py
	$(call create_venv,$(PYTHON_OLDEST),$(VENV)-oldest,3.12,PYTHON_OLDEST)
	@$(VENV)-oldest/bin/python $(PIP) install -r requirements/oldest.txt -e '.[train]'
	@$(VENV)-oldest/bin/python -m pip check
	@touch $@

$(VENV)-newest/.ready: setup.py
	$(call create_venv,$(PYTHON),$(VENV)-newest,3.13,PYTHON)
	@$(VENV)-newest/bin/python $(PIP) install --upgrade --upgrade-strategy eager -e '.[train,test]'
	@$(VENV)-newest/bin/python -m pip check
	@touch $@
