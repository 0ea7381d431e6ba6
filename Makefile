# make app: serve the app on http://127.0.0.1:7860 (PORT=... for another). make test: lint, types, tests. make space: start
# it as a Hugging Face Space does.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 7860

.PHONY: app test audit space lint format lock

$(VENV)/.app: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -r requirements.txt
	touch $@

$(VENV)/.test: $(VENV)/.app requirements-dev.txt
	$(VENV)/bin/python -m pip install -r requirements-dev.txt
	touch $@

# what checks the page's scripts; npm must be there
node_modules/.lint: package.json package-lock.json .npmrc
	npm ci --no-audit --no-fund
	touch $@

app: $(VENV)/.app
	PORT=$(PORT) $(VENV)/bin/python app.py

lint: $(VENV)/.test node_modules/.lint
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	node_modules/.bin/biome lint --error-on-warnings

# two processes of one thread each, which are given whole files of tests, for these share what is costly to start, in
# the order of tests/conftest.py
test: lint
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# the locked packages, among known vulnerabilities
audit: $(VENV)/.test
	$(VENV)/bin/python -m tests.audit

# in an environment of its own: some gigabytes to fetch, the first time
space: $(VENV)/.test
	$(VENV)/bin/python -m pytest -m space tests/space

format: $(VENV)/.test
	$(VENV)/bin/python -m ruff check --fix .
	$(VENV)/bin/python -m ruff format .

# the versions of this environment, with hashes, for production; needs network
lock: $(VENV)/.test
	$(VENV)/bin/python -m pip freeze --exclude-editable | grep '==' | grep -v '+' > $(VENV)/versions.txt
	$(VENV)/bin/python -m uv pip compile requirements.txt -c $(VENV)/versions.txt --generate-hashes --universal \
		--python-version 3.11 --no-emit-index-url --no-annotate --no-header -o requirements.lock
	sed -i '1i # Every package of production with its hashes, from requirements.txt, at versions that the tests ran with: make lock.' requirements.lock
