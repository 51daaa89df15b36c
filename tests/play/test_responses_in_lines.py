"""A value of a response can only be a value in a later line: no option, no other command, no path elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstracer.trace import store
from tests.programs import Relay, Trouble, play
from tests.traces import command, operation, trace

pytestmark = pytest.mark.once

RECORDED = "part-0f3a9c"


def answer(value: str) -> Trouble:
    """The answer of SSM with the value of a parameter."""
    return Trouble(200, f'{{"Parameter": {{"Name": "p", "Type": "String", "Value": "{value}"}}}}'.encode())


@pytest.fixture
def inside(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a current folder that isn't the home folder; one is in it."""
    (aws_home / "work" / "folder").mkdir(parents=True)
    monkeypatch.chdir(aws_home / "work")


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("switches", ["", "-j 4", "--yes"])
@pytest.mark.parametrize(
    ("line", "value", "reason"),
    [
        (f"s3 ls {RECORDED}", "--endpoint-url=http://127.0.0.1:9", "looks like an option"),
        (f"s3 rm {RECORDED} --recursive", "--dryrun", "looks like an option"),
        (f"s3 cp s3://bkt/k {RECORDED}", "../../home/.bash_aliases", "outside this folder, was not agreed to"),
        (f"s3 cp s3://bkt/k {RECORDED}", "/etc/cron.d/x", "outside this folder, was not agreed to"),
        (f"s3 cp s3://bkt/k {RECORDED}", ".bashrc", "where .bashrc is hidden, was not agreed to"),
        (f"s3 cp s3://bkt/{RECORDED} folder", ".bashrc", "where .bashrc is hidden, was not agreed to"),
        (f"s3 cp s3://bkt/k /tmp/{RECORDED}", "../etc/x", "outside this folder, was not agreed to"),
        (f"s3 cp {RECORDED} s3://bkt/k", "../secret", "outside this folder, was not agreed to"),
        (f"s3 cp s3://bkt/k {RECORDED}", "s3://other/k", "does something else with local files than was recorded"),
        (f"s3 mv s3://bkt/k s3://bkt/{RECORDED}", "x", None),
        (f"s3 cp s3://bkt/k {RECORDED}", "part-1b2c3d", None),
        (f"s3 cp s3://bkt/k folder/{RECORDED}.txt", "part-1b2c3d", None),
        (f"s3 ls {RECORDED}", "part-1b2c3d", None),
    ],
)
def test_a_response_does_not_change_what_a_line_does(
    relay: Relay, line: str, value: str, reason: str | None, switches: str
) -> None:
    recorded = {"Parameter": {"Name": "p", "Type": "String", "Value": RECORDED}}
    said = ["ssm", "get-parameter", "--name", "p", "--query", "Parameter.Value", "--output", "text"]
    asked = operation("ssm.GetParameter", {"Name": "p"}, recorded, said)
    store.save_trace(trace(asked, command(line.split())), Path("t.trace"))
    relay.canned["GetParameter"] = answer(value)
    relay.faults["*Object*"] = [Trouble(403)] * 5
    result = play("--trace-file", "t.trace", "--endpoint", relay.url, *switches.split())
    if reason is None:
        assert "would change" not in result.err
        assert len(relay.played) > 1
    else:
        assert result.code == 1
        assert "command 2 is not sent: a response would change what it does: " in result.err
        assert reason in result.err
        assert relay.operations == ["GetParameter"]


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("value", ["part-1b2c3d", "../secret"])
def test_a_response_does_not_move_a_path_in_a_file_that_a_person_agreed_to(relay: Relay, value: str) -> None:
    recorded = {"Parameter": {"Name": "p", "Type": "String", "Value": RECORDED}}
    asked = operation("ssm.GetParameter", {"Name": "p"}, recorded, ["ssm", "get-parameter", "--name", "p"])
    line = "ecs deploy --service s --codedeploy-appspec y --task-definition file://where"
    deploy = command(line.split(), files={"file://where": f"../{RECORDED}"})
    store.save_trace(trace(asked, deploy), Path("t.trace"))
    relay.canned["GetParameter"] = answer(value)
    result = play("--trace-file", "t.trace", "--endpoint", relay.url, "--yes")
    assert result.code == 1
    assert (f"../{value}, outside this folder, was not agreed to" in result.err) == ("/" in value)
