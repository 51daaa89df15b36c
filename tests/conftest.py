"""Fixtures that the tests of the programs share: a server in the cloud's stead, and a home with nothing in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from . import programs

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # how long anything takes depends on what else the machine does

PERSONAL = ("AWS_", "AWSTRACE")
ITS_OWN = "AWS_DATA_PATH"  # set by awscli when it is imported, and needed from then on
TELLING = ("NO_COLOR", "XDG_STATE_HOME", "INPUTRC", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a moto server; with pytest-xdist each worker has its own."""
    with programs.moto() as url:
        yield url


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, which is also the current folder, and an environment without anybody's settings."""
    for name in os.environ:
        if (name.startswith(PERSONAL) and name != ITS_OWN) or name in TELLING:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("awscli.customizations.assumerole.CACHE_DIR", str(tmp_path / "cache"))  # found out at import
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def aws_home(home: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home from which `aws` reaches an empty cloud."""
    programs.reset(server)
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def silent() -> Iterator[programs.Silent]:
    """An endpoint that never answers."""
    with closing(programs.Silent()) as endpoint:
        yield endpoint


@pytest.fixture
def relay(server: str) -> Iterator[programs.Relay]:
    """An endpoint that notes what the server is asked."""
    with closing(programs.Relay(server)) as endpoint:
        yield endpoint
