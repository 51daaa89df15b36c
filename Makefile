# make demo     show the tool at work, against a simulated AWS on this machine
# make test     run the tests
# make lint     check style, types and which package imports which
# make picture  draw demo/session.svg from a new run of the demo
# make clean    remove what these made
#
# Each has a virtual environment of its own, made when it is first needed and again when setup.py changes.
# The package is installed editable, so the code that runs is always the code in this directory.

PYTHON ?= python3
CAST = .demo/session.cast
ENVIRONMENTS = .venv .venv-demo .venv-lint
READY = $(ENVIRONMENTS:%=%/ready)

.PHONY: demo test lint picture clean
.DELETE_ON_ERROR:

demo: .venv-demo/ready
	.venv-demo/bin/python demo/run.py

test: .venv/ready
	.venv/bin/python -m pytest -q -n auto tests

lint: .venv-lint/ready
	.venv-lint/bin/ruff check --extend-exclude '.venv*' --extend-exclude .ci .
	.venv-lint/bin/mypy --strict awstracer demo
	.venv-lint/bin/lint-imports

picture: .venv-demo/ready
	.venv-demo/bin/python demo/run.py --color --record $(CAST)
	.venv-demo/bin/python demo/draw.py $(CAST) demo/session.svg

.venv/ready: EXTRA = test
.venv-demo/ready: EXTRA = demo
.venv-lint/ready: EXTRA = lint
$(READY): %/ready: setup.py
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) cannot make a virtual environment with pip: install python3-venv (Debian, Ubuntu), or name another Python, make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv --clear $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRA)]'
	touch $@

clean:
	rm -rf $(ENVIRONMENTS) .demo build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find awstracer demo tests -name __pycache__ -type d -prune -exec rm -rf {} +
