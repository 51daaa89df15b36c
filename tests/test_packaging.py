"""The wheel and the source distribution, each installed into an environment of its own and used there."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import requires
from pathlib import Path

import pytest

import awstracer

ROOT = Path(__file__).parent.parent
PACKAGE = Path(awstracer.__file__).parent
TRACE = ROOT / "tests" / "traces-1.3" / "iam-user-policy.trace"
LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")


def run(*words: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source distribution, by their kind."""
    checkout = tmp_path_factory.mktemp("build") / "checkout"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    run(sys.executable, "setup.py", "-q", "sdist", "bdist_wheel", cwd=checkout)
    return {"wheel": next(checkout.glob("dist/*.whl")), "sdist": next(checkout.glob("dist/*.tar.gz"))}


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment that has what the project requires, but not the project."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "env", cwd=tmp_path)
    # Paths that come from a .pth file are not searched for .pth files: the editable project stays out.
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "required.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return tmp_path / "env"


@pytest.mark.once
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_what_is_built_can_be_installed_and_used(kind: str, distributions: dict[str, Path], environment: Path) -> None:
    outside, python = environment.parent, environment / "bin" / "python"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "-q",
        "--disable-pip-version-check",
        "install",
    ]
    run(*pip, "--no-deps", "--no-index", "--no-build-isolation", distributions[kind], cwd=outside)
    where = run(python, "-c", "import awstracer; print(awstracer.__file__)", cwd=outside)
    assert where.startswith(str(environment))
    for program in ("awstrace-rec", "awstrace-play"):
        assert program in run(environment / "bin" / program, "--help", cwd=outside)
    shown = run(environment / "bin" / "awstrace-play", "--trace-file", TRACE, "--dryrun", cwd=outside)
    assert shown.startswith("(play) aws iam create-user")


def test_every_package_that_is_imported_is_declared() -> None:
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
    declared = {re.split(r"[^\w-]", each)[0] for each in requires("awstracer") or () if "extra ==" not in each}
    assert imported - sys.stdlib_module_names - {"awstracer"} == declared
