# `make demo` and `make test` are all that a fresh machine needs; both create .venv.
PYTHON ?= python3
VENV := .venv
KEYIN := $(VENV)/bin/keyin
DEMO := artifacts/data/demo.zarr

.PHONY: install demo test fuzz check wheel clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	touch $@

demo: install
	$(KEYIN) gen-data brownian --n 1000 --seed 1 --out $(DEMO)
	$(KEYIN) eval-f1 --ckpt artifacts/released/brownian --data $(DEMO) --split all --out artifacts/runs/demo
	$(KEYIN) plan --ckpt artifacts/released/pushing --episodes 1 --pictures 1 --out artifacts/runs/demo-plan
	$(KEYIN) find samples/ogbench-scene --minutes 2 --keyframes 8 --overwrite

test: install
	$(VENV)/bin/pytest --numprocesses auto --dist loadfile

# All attacks of docs/reliability.md, half an hour on two cores; stopped, it goes on where it was. ARGS=--overwrite starts anew.
fuzz: install
	cd tests && ../$(VENV)/bin/python -m fuzz --out ../artifacts/fuzz $(ARGS)

check: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Builds the wheel and uses it in an environment of its own, outside of this checkout.
wheel: install
	rm -rf dist
	$(VENV)/bin/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv dist/tried
	dist/tried/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl
	cd dist/tried && bin/keyin gen-data brownian --n 200 --out data.zarr
	cd dist/tried && bin/python -c "import keyin_cli as k; print(k.load('brownian').keyframes(k.open_dataset('data.zarr').read('frames', range(20))).times.sum(1))"
	cd dist/tried && bin/keyin eval-f1 --ckpt brownian --data data.zarr --split all --selector keyin --out evaluation

clean:
	rm -rf $(VENV) dist
