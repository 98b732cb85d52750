# `make demo` and `make test` are all that a fresh machine needs; both create .venv.
PYTHON ?= python3
VENV := .venv
KEYIN := $(VENV)/bin/keyin
DEMO := artifacts/runs/brownian-demo

.PHONY: install demo test check clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	touch $@

demo: install
	$(KEYIN) pretrain-interp recipes/brownian-demo.yaml
	$(KEYIN) eval-f1 --ckpt $(DEMO) --selector search --selector constant --selector random

test: install
	$(VENV)/bin/pytest

check: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean:
	rm -rf $(VENV)
