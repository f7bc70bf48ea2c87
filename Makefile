# Targets make .venv first when it is not there; export-int8 and bench need a run of `make train`.
# Settings are variables, e.g. `make train RUN=runs/mine`.

PYTHON ?= python3
BIN := .venv/bin
DATASET ?= emodb
PRESET ?= sernet
RUN ?= runs/$(DATASET)-$(PRESET)
ARGS ?=
# What is released is trained on everybody, and its settings are measured by `sernet evaluate`; others hold speakers out.
SPLIT ?= $(if $(filter sernet,$(PRESET)),all,speaker)
MEASURED ?= $(if $(filter all,$(SPLIT)),$(wildcard results/$(DATASET)-$(PRESET)))
EXPORT = $(BIN)/sernet export $(RUN) $(if $(MEASURED),--measured $(MEASURED))
# The smaller networks are made of $(RUN), which is `sernet`'s.
small = $(BIN)/sernet train --dataset $(DATASET) --preset sernet-$(1) --split $(SPLIT) --wider $(RUN) --out $(RUN)-$(1)
measured = $(if $(filter all,$(SPLIT)),$(addprefix --measured ,$(wildcard results/$(DATASET)-$(PRESET)-$(1))))

.PHONY: setup lock demo train experiments readme baseline export-int8 release bench pareto firmware web wheel pi-test test lint format \
  clean

setup: .venv/installed

# The lock file pins every package of the development environment with its hashes, and is complete: --no-deps.
.venv/installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Sernet needs Python 3.11 to 3.13, and $(PYTHON) is " + sys.version.split()[0] + \
	  ": name another with make PYTHON=python3.12") if not (3, 11) <= sys.version_info < (3, 14) else None'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo 'venv is missing: on Debian, apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lock: | .venv/installed
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command 'make lock' --extra dev pyproject.toml -o requirements-dev.lock

# --- the embedded default: a synthetic corpus, made on the spot; no network, no recordings -------------------------

SYNTHETIC := data/synthetic

demo: setup
	$(BIN)/sernet data synthesize --takes 1 --out $(SYNTHETIC)
	$(BIN)/sernet train --dataset $(SYNTHETIC) --preset quick --test-speakers f5,m5 --out runs/demo
	$(BIN)/sernet export runs/demo --format all
	$(BIN)/sernet-infer file --model runs/demo/export/model-int8.tflite $(SYNTHETIC)/wav/f5_a01_sadness_1.wav
	$(BIN)/sernet bench run runs/demo

# --- real speech: EMO-DB from SERNET_DATA, ./data or the user's cache (`sernet data fetch emodb`) ------------------

train: setup
	$(BIN)/sernet train --dataset $(DATASET) --preset $(PRESET) --split $(SPLIT) --out $(RUN) $(ARGS)

# The paper's list, those settings whose corpus is here; it goes on where it was stopped. Figures: results/experiments-*.
experiments: setup
	$(BIN)/sernet evaluate --experiments $(ARGS)

# Everything that is generated from results/: tables of two pages, the picture, the checksums. Nothing is measured.
readme: setup
	$(BIN)/sernet bench readme

# What must not get worse, measured anew and written: commit it together with the change that meant it.
baseline: setup
	$(BIN)/sernet bench gate --renew
	$(BIN)/sernet bench readme

# Of `sernet` the pruned network that the comparison advises; of other presets the trained one.
export-int8: setup
ifeq ($(PRESET),sernet)
	$(call small,small)
	$(BIN)/sernet export $(RUN)-small $(call measured,small) --format int8
else
	$(EXPORT) --format int8
endif

# What is released, each with its card; the package holds the first one. Trained on EMO-DB (CC0) alone.
release: setup
	$(call small,small)
	$(call small,nano)
	$(EXPORT) --format int8 int8-float-io
	$(BIN)/sernet export $(RUN)-small $(call measured,small) --format int8 int8-float-io
	$(BIN)/sernet export $(RUN)-nano $(call measured,nano) --format int8 int8-float-io
	mkdir -p models
	for size in "" -small -nano; do for part in int8 int8-float-io; do for kind in tflite md; do \
	  cp $(RUN)$$size/export/model-$$part.$$kind models/$(DATASET)$$size-$$part.$$kind || exit 1; done; done; done
	cp models/$(DATASET)-int8-float-io.tflite runtime/models/default.tflite
	cp models/$(DATASET)-int8-float-io.md runtime/models/default.md

# The report: everything that the project claims, beside what people would use instead. Quick: `make bench ARGS=--quick`.
bench: setup
	$(BIN)/sernet bench $(ARGS)

# All formats of `sernet` and of the networks pruned from it, side by side.
pareto: setup
	$(call small,small)
	$(call small,nano)
	$(EXPORT) --format all
	$(BIN)/sernet export $(RUN)-small $(call measured,small) --format all
	$(BIN)/sernet export $(RUN)-nano $(call measured,nano) --format all
	$(BIN)/sernet bench pareto $(RUN) $(RUN)-small $(RUN)-nano

# The C engine with a model on every board of firmware_example, under QEMU; e.g. `make firmware ARGS="--boards mps2-an386"`.
MODEL ?= models/emodb-int8.tflite
firmware: setup
	$(BIN)/sernet firmware $(MODEL) $(ARGS)

# The phone's page, into runtime/web/dist; any static server will do. Needs node 18 or newer, and npm. ARGS="--model FILE"
web:
	cd runtime/web && npm ci --no-audit --no-fund && npm run build -- $(ARGS)

# What a device installs, with the phone's page. An earlier build's files would get into the wheel: they go first.
wheel: setup
	@if command -v npm >/dev/null; then $(MAKE) web; else echo 'npm is missing: the wheel is made without the page' >&2; fi
	rm -rf build/lib
	$(BIN)/python -m build --wheel --no-isolation

# --- habits -------------------------------------------------------------------------------------------------------

# The type checker (pyright, packaged with its own node) sees the folders under their import names through a tree of links.
lint: setup
	@mkdir -p build/types/sernet
	@for part in runtime training export benchmarks; do ln -sfn $(CURDIR)/$$part build/types/sernet/$$part; done
	@for file in sernet/*.py; do ln -sf $(CURDIR)/$$file build/types/sernet/; done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The wheel on a Raspberry Pi, 64 and 32 bit, emulated; needs qemu-user-static, and keeps the systems in build/pi.
pi-test: setup
	$(BIN)/python -m pytest tests/pi -rP

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

clean:
	rm -rf build dist runs $(SYNTHETIC) .pytest_cache .ruff_cache runtime/web/dist runtime/web/node_modules
