"""`awstrace-rec -- COMMAND`: scripts run as they always do, and each `aws` in them gets into the trace."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from awstracer import plugin
from awstracer.record import plugin_recorder
from awstracer.trace import store
from awstracer.trace.journal import Journal
from tests import aws2, programs
from tests.programs import BIN, PATIENCE, Relay, Result, Silent, Terminal, recorded

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH on which `aws` is the one beside this Python."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")


def written(text: str, name: str = "setup.sh") -> Path:
    """A script in the current folder."""
    script = Path(name)
    script.write_text(f"#!/bin/bash\n{textwrap.dedent(text)}", encoding="utf-8")
    script.chmod(0o755)
    return script


def plain(*words: str | Path, typed: str = "") -> Result:
    """Run a command as it is."""
    done = subprocess.run(words, input=typed.encode(), capture_output=True, timeout=4 * PATIENCE, check=False)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def scripted(*words: str | Path, typed: str = "", trace: str = "t.trace", switches: tuple[str, ...] = ()) -> Result:
    """Run a command under the recorder."""
    return plain(BIN / "awstrace-rec", "-n", "--trace-file", trace, *switches, "--", *words, typed=typed)


def lines(trace: str = "t.trace") -> list[str]:
    """What was recorded: each command's words and exit code."""
    return [f"{' '.join(command['argv'])} -> {command['exit_code']}" for command in recorded(trace)]


EVERYTHING = """
    set -eo pipefail
    trap 'echo bye' EXIT
    echo "arguments: $*"
    exec 5> fifth
    aws iam create-user --user-name alice --query User.UserName --output text >&5
    for name in one two; do
        aws iam create-group --group-name "$name" --query Group.GroupName --output text | tr a-z A-Z
    done
    aws iam get-role --role-name app > /dev/null 2> error || aws iam create-role --role-name app \\
        --assume-role-policy-document file://<(echo '{"Version": "2012-10-17"}') --query Role.RoleName
    cat error >&2
    (cd / && aws iam list-groups --query 'length(Groups)')
    for name in x y z; do aws sns create-topic --name "$name" --endpoint-url "$AWS_ENDPOINT_URL" > "$name.json" & done
    wait
    xargs -n1 aws iam get-group --query Group.GroupName --group-name <<< "one two"
    echo word | aws s3 cp - s3://nowhere/key || echo "expected: $?"
    read -r line
    echo "read: $line"
    {python} -c 'import subprocess; subprocess.run(["aws", "iam", "list-users", "--query", "Users[].UserName"])'
    exit 7
""".replace("{python}", sys.executable)


def test_a_script_cannot_tell_the_difference(aws_home: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    script = written(EVERYTHING)
    before = plain("./setup.sh", "a", "b c", typed="typed\n")
    asked, said = sorted(relay.operations), Path("fifth").read_text(encoding="utf-8")
    relay.requests.clear()
    programs.reset(os.environ["AWS_ENDPOINT_URL"])
    relay.requests.clear()
    under = scripted(f"./{script}", "a", "b c", typed="typed\n")
    assert under == before
    assert (sorted(relay.operations), Path("fifth").read_text(encoding="utf-8")) == (asked, said)
    assert under.code == 7
    assert len(recorded("t.trace")) == 13


def test_commands_are_recorded_in_the_order_in_which_they_started_and_failures_too(aws_home: Path) -> None:
    written(
        """
        aws iam get-role --role-name app || aws iam create-role --role-name app --assume-role-policy-document '{}'
        aws iam nonsense
        aws iam create-user --user-name alice & wait
        aws help > /dev/null; aws --version
        aws configure get region
        """
    )
    scripted("./setup.sh")
    assert lines() == [
        "iam get-role --role-name app -> 255",
        "iam create-role --role-name app --assume-role-policy-document {} -> 0",
        "iam create-user --user-name alice -> 0",
        "configure get region -> 1",
    ]
    [call] = recorded("t.trace")[0]["calls"]
    assert call["error"]["code"] == "NoSuchEntity"
    assert json.loads(Path("t.trace").read_text(encoding="utf-8"))["recorded"]["script"] == ["./setup.sh"]


def test_files_are_taken_when_the_command_runs_and_so_is_its_input(aws_home: Path) -> None:
    written(
        """
        for name in a b; do
            echo "{\\"Statement\\": \\"$name\\"}" > policy.json
            aws iam create-policy --policy-name $name --policy-document file://policy.json
        done
        aws s3 mb s3://bucket; echo words | aws s3 cp - s3://bucket/key
        """
    )
    assert scripted("./setup.sh").code == 0
    first, second, _, copy = recorded("t.trace")
    assert [each["calls"][0]["request"]["PolicyDocument"] for each in (first, second)] == [
        '{"Statement": "a"}\n',
        '{"Statement": "b"}\n',
    ]
    assert copy["files"] == {"-": "words\n"}


def test_only_sleep_is_a_pause(aws_home: Path) -> None:
    written("aws iam list-users; sleep 0.4 & sleep 0.5; python3 -c 'pass'; aws iam list-groups; aws iam list-roles")
    scripted("./setup.sh")
    pauses = [command["pause"] for command in recorded("t.trace")]
    assert pauses[0] == pauses[2] == 0
    assert pauses[1] >= 0.5


def test_what_the_environment_says_otherwise_is_said_by_the_line(aws_home: Path) -> None:
    Path("config").write_text("[profile other]\nregion = eu-west-1\n", encoding="utf-8")
    written(
        """
        aws ec2 describe-vpcs
        AWS_DEFAULT_REGION=eu-west-1 aws ec2 describe-vpcs
        AWS_DEFAULT_REGION=eu-west-1 aws ec2 describe-vpcs --region us-west-2
        AWS_CONFIG_FILE=config AWS_PROFILE=other aws sts get-caller-identity --query Account
        """
    )
    scripted("./setup.sh")
    assert [line.partition(" -> ")[0] for line in lines()] == [
        "ec2 describe-vpcs",
        "ec2 describe-vpcs --region eu-west-1",
        "ec2 describe-vpcs --region us-west-2",
        "sts get-caller-identity --query Account --profile other",
    ]


ASSUMED = """
    keys=$(aws sts assume-role --role-arn arn:aws:iam::123456789012:role/r --role-session-name own \\
        --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
    read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<< "$keys"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    echo "$keys" > keys
    aws sts get-caller-identity > /dev/null
"""


def test_other_credentials_are_known_by_the_command_that_made_them_and_are_nowhere(aws_home: Path) -> None:
    written(ASSUMED)
    scripted("./setup.sh")
    first, second = recorded("t.trace")
    made = first["calls"][0]["response"]["Credentials"]["AccessKeyId"]
    assert made.startswith("<SECRET-")
    assert ("access_key" in first, second["access_key"]) == (False, made)
    content = Path("t.trace").read_text(encoding="utf-8")
    assert not [key for key in Path("keys").read_text(encoding="utf-8").split() if key in content]


def test_an_access_key_of_a_user_is_known_by_its_id(aws_home: Path) -> None:
    written(
        """
        aws iam create-user --user-name alice
        keys=$(aws iam create-access-key --user-name alice --output text \\
            --query 'AccessKey.[AccessKeyId,SecretAccessKey]')
        read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY <<< "$keys"
        export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
        aws sts get-caller-identity
        """
    )
    scripted("./setup.sh")
    _, created, asked = recorded("t.trace")
    assert asked["access_key"] == created["calls"][0]["response"]["AccessKey"]["AccessKeyId"]


def test_a_process_that_has_to_start_anew_is_recorded_too(aws_home: Path) -> None:
    (aws_home / "elsewhere").mkdir()
    written("HOME=$PWD/elsewhere aws iam create-user --user-name alice; PYTHONUTF8=1 aws iam list-users >&-; echo $?")
    result = scripted("./setup.sh")
    assert json.loads(result.out.partition("}\n}\n")[0] + "}}")["User"]["UserName"] == "alice"
    assert [line.split()[1] for line in lines()] == ["create-user", "list-users"]


# --- how it ends


@pytest.mark.parametrize(("text", "code"), [("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137)])
def test_the_exit_code_is_the_commands(aws_home: Path, text: str, code: int) -> None:
    written(f"aws iam list-users > /dev/null; {text}")
    assert scripted("./setup.sh") == Result(code, "", "")
    assert lines() == ["iam list-users -> 0"]


def test_a_command_that_cannot_be_run_is_told_of(aws_home: Path) -> None:
    Path("data").write_text("x", encoding="utf-8")
    assert scripted("./nowhere").code == 127
    result = scripted("./data")
    assert (result.code, result.err.splitlines()[0]) == (126, "awstrace-rec: ./data: Permission denied")
    assert not Path("t.trace").exists()


def test_a_script_without_a_first_line_is_the_shells(aws_home: Path) -> None:
    Path("bare").write_text("aws iam list-users\n", encoding="utf-8")
    Path("bare").chmod(0o755)
    assert scripted("./bare").code == 0
    assert lines() == ["iam list-users -> 0"]


def test_a_command_without_the_dashes_before_it_is_refused_with_a_hint(home: Path) -> None:
    result = plain(BIN / "awstrace-rec", "--trace-file", "t.trace", "./setup.sh", "x")
    told = "unrecognized arguments: ./setup.sh x (write -- before the command that is to be recorded)"
    assert (result.code, result.err) == (2, f"awstrace-rec: {told}; see awstrace-rec --help\n")


@pytest.mark.parametrize("words", [["--"], ["-s", "--", "true"], ["--frob"]])
def test_switches_that_make_no_sense_are_refused(home: Path, words: list[str]) -> None:
    result = plain(BIN / "awstrace-rec", "--trace-file", "t.trace", *words)
    assert result.code == 2
    assert result.err.endswith("; see awstrace-rec --help\n")
    assert result.err.count("\n") == 1


def test_an_existing_trace_is_continued_only_if_that_is_said(aws_home: Path) -> None:
    scripted("aws", "iam", "list-users")
    refused = scripted("aws", "iam", "list-groups")
    assert (refused.code, refused.out) == (2, "")
    assert scripted("aws", "iam", "list-groups", switches=("--append",)).code == 0
    assert lines() == ["iam list-users -> 0", "iam list-groups -> 0"]


def test_nothing_recorded_is_said(aws_home: Path) -> None:
    assert scripted("true") == Result(0, "", "awstrace-rec: nothing was recorded\n")
    assert not Path("t.trace").exists()


@pytest.mark.parametrize(
    "variable", [("AWS_ENDPOINT_URL", "nowhere"), ("AWS_MAX_ATTEMPTS", "x"), ("AWS_PROFILE", "none")]
)
def test_settings_that_aws_refuses_are_its_own_to_tell(
    aws_home: Path, monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]
) -> None:
    monkeypatch.setenv(*variable)
    assert scripted("aws", "iam", "list-users") == plain("aws", "iam", "list-users")


def test_ctrl_c_stops_the_script_and_what_it_did_is_saved(aws_home: Path, silent: Silent) -> None:
    written(
        f"""
        trap 'exit 130' INT
        aws iam create-user --user-name alice
        aws iam list-users --endpoint-url {silent.url}
        echo never
        """
    )
    with Terminal("awstrace-rec", "-n", "--trace-file", "t.trace", "--", "./setup.sh") as terminal:
        silent.wait()
        terminal.interrupt()
        shown = terminal.rest()
    assert "never" not in shown
    assert "Traceback" not in shown
    assert terminal.code == 130
    assert lines()[0] == "iam create-user --user-name alice -> 0"


def test_a_command_that_is_killed_ends_as_aws_would(aws_home: Path, silent: Silent) -> None:
    written(f"aws iam list-users --endpoint-url {silent.url} & read -r _; kill $!; wait $!; echo $?")
    with running("./setup.sh") as process:
        silent.wait()
        assert process.communicate(b"\n", PATIENCE)[0] == b"143\n"


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A recording that goes on meanwhile."""
    rec: list[str | Path] = [BIN / "awstrace-rec", "-n", "--trace-file", "t.trace", "--", *words]
    with subprocess.Popen(rec, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


def test_a_killed_recorder_loses_nothing_and_the_script_goes_on(aws_home: Path, silent: Silent) -> None:
    written(
        f"""
        aws iam create-user --user-name alice
        aws iam list-users --endpoint-url {silent.url} --cli-read-timeout 1
        aws iam create-user --user-name bob
        echo done > done
        """
    )
    with running("./setup.sh") as process:
        silent.wait()
        process.kill()
        process.communicate(timeout=PATIENCE)
    until(lambda: Path("done").exists())
    assert sorted(programs.users()) == ["alice", "bob"]
    assert not Path("t.trace").exists()
    assert scripted("true").code == 0
    assert [line.split()[-3:] for line in lines() if "create-user" in line] == [
        ["alice", "->", "0"],
        ["bob", "->", "0"],
    ]


def until(happened: object) -> None:
    """Wait for something to happen."""
    end = time.monotonic() + PATIENCE
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_script_ends_its_commands_and_is_saved(aws_home: Path, silent: Silent) -> None:
    written(f"aws iam create-user --user-name alice; exec aws iam list-users --endpoint-url {silent.url}")
    with running("./setup.sh") as process:
        silent.wait()
        script = next(each for each in children(process.pid) if b"shim" in Path(f"/proc/{each}/cmdline").read_bytes())
        os.kill(script, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 137
    assert lines() == ["iam create-user --user-name alice -> 0"]


def test_what_the_script_leaves_running_finds_its_programs(aws_home: Path) -> None:
    written("(exec > out 2>&1 < /dev/null; until [ -e go ]; do sleep 0.05; done; aws iam list-users; echo $?) & exit 0")
    assert scripted("./setup.sh").code == 0
    Path("go").touch()
    until(lambda: Path("out").exists() and Path("out").read_text(encoding="utf-8").endswith("0\n"))


def test_its_folder_goes_with_it(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (aws_home / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(aws_home / "tmp"))
    written("ls -ld $TMPDIR/awstracer-*/ | cut -c1-10; aws iam list-users > /dev/null")
    assert scripted("./setup.sh").out == "drwx------\n"
    assert list((aws_home / "tmp").iterdir()) == []


def test_neither_program_leaves_anything_open(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    written("aws iam create-user --user-name alice; sleep 0.1")
    results = [
        scripted("./setup.sh"),
        scripted("./setup.sh"),  # there is a trace already
        scripted("./nowhere", trace="other.trace"),
        programs.rec("--trace-file", "session.trace", "-n", lines=["aws iam list-users"]),
        programs.play("--trace-file", "t.trace", "-p", "user-name", "bob"),
        programs.play("--trace-file", "t.trace", "--dryrun"),
    ]
    assert [result.code for result in results] == [0, 2, 127, 0, 0, 0]
    assert not [result.err for result in results if "Warning" in result.err]


# --- AWS CLI 2


@pytest.fixture
def second(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home where `aws` is AWS CLI 2."""
    folder = aws_home / "v2"
    folder.mkdir()
    program = folder / "aws"
    program.write_text(f"#!{sys.executable}\n{Path(aws2.__file__).read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    config = aws_home / ".aws" / "config"
    config.parent.mkdir()
    plugins = f"[plugins]\nmine = plugin_of_mine\ncli_legacy_plugin_path = {folder}\n"
    config.write_text(f"{plugins}\n[default]\nregion = us-east-1\n", encoding="utf-8")
    mine = "from pathlib import Path\n\ndef awscli_initialize(_): Path('mine').touch()\n"
    (folder / "plugin_of_mine.py").write_text(mine, encoding="utf-8")
    return aws_home


def test_aws_cli_2_is_recorded_and_the_settings_stay_the_persons(second: Path) -> None:
    written(
        """
        aws --version
        aws iam create-user --user-name alice --no-cli-pager --query User.UserName
        aws iam get-user --user-name bob; echo $?
        aws kms encrypt --key-id alias/x --plaintext aGVsbG8= --cli-binary-format base64
        aws configure set output yaml --profile new
        aws iam create-policy --policy-name p --policy-document file://<(echo '{}') --output text --query Policy.Arn
        echo hello | aws s3 cp - s3://bucket/key --no-cli-pager
        """
    )
    before = (second / ".aws" / "config").read_text(encoding="utf-8")
    result = scripted("./setup.sh")
    assert "aws-cli/2" in result.out
    assert "\n254\n" in result.out
    assert [f"{' '.join(each['argv'])} -> {each['exit_code']}" for each in recorded("t.trace")] == [
        "iam create-user --user-name alice --query User.UserName -> 0",
        "iam get-user --user-name bob -> 254",
        "kms encrypt --key-id alias/x --plaintext <SECRET> -> 254".replace(
            "<SECRET>", recorded("t.trace")[2]["argv"][-1]
        ),
        "configure set output yaml --profile new -> 0",
        f"iam create-policy --policy-name p --policy-document {recorded('t.trace')[4]['argv'][5]}"
        " --output text --query Policy.Arn -> 254",
        "s3 cp - s3://bucket/key -> 1",
    ]
    after = (second / ".aws" / "config").read_text(encoding="utf-8")
    assert after == before + "[profile new]\noutput = yaml\n"
    assert recorded("t.trace")[4]["calls"][0]["request"]["PolicyDocument"] == "{}\n"
    assert recorded("t.trace")[5]["files"] == {"-": "hello\n"}


def test_blobs_of_aws_cli_2_are_recorded_as_the_bytes_that_they_are(second: Path) -> None:
    written("aws kinesis put-record --stream-name s --partition-key k --data aGVsbG8=")
    scripted("./setup.sh")
    [command] = recorded("t.trace")
    assert command["calls"][0]["request"]["Data"] == {"$bytes": "aGVsbG8="}
    assert "parameters" not in command["operation"]


def test_plugins_of_aws_cli_2_do_not_disturb_replays(second: Path) -> None:
    scripted("aws", "iam", "list-users")
    assert Path("mine").exists()
    assert lines() == ["iam list-users -> 0"]
    assert programs.play("--trace-file", "t.trace").code == 0


def test_a_plugin_that_is_not_there_is_told_in_one_line(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (aws_home / "config").write_text("[plugins]\nnone = no_such_plugin\n", encoding="utf-8")
    Path("t.trace").write_text('{"version": 2, "recorded": {}, "commands": []}', encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(aws_home / "config"))
    result = programs.play("--trace-file", "t.trace")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "no_such_plugin" in result.err


# --- the plugin


@pytest.fixture
def plugged(aws_home: Path) -> Path:
    """A home whose `aws` loads the plugin."""
    lines = programs.run("awstrace-rec", "--print-plugin-config").out
    config = aws_home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(lines, encoding="utf-8")
    return aws_home


def test_plain_commands_are_recorded_while_a_trace_is_named(plugged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.aws("iam", "create-user", "--user-name", "before")
    monkeypatch.setenv("AWSTRACE_FILE", str(plugged / "t.trace"))
    assert programs.aws("iam", "create-user", "--user-name", "alice")["User"]["UserName"] == "alice"
    assert programs.run("aws", "iam", "get-user", "--user-name", "bob").code == 255
    assert programs.run("aws", "iam", "nonsense").code == 2
    assert lines() == ["iam create-user --user-name alice -> 0", "iam get-user --user-name bob -> 255"]
    assert stat.S_IMODE(Path("t.trace").stat().st_mode) == 0o600
    assert (
        programs.play("--trace-file", "t.trace", "--dryrun").lines[0] == "(play) aws iam create-user --user-name alice"
    )


def test_without_a_trace_the_plugin_loads_nothing(plugged: Path) -> None:
    text = "import sys; sys.argv[1:] = ['--version']\nimport awscli.clidriver\n"
    text += "try: awscli.clidriver.main()\nexcept SystemExit: pass\n"
    text += "print(sorted(name for name in sys.modules if name.startswith('awstracer')))"
    done = plain(sys.executable, "-c", text)
    assert done.out.splitlines()[-1] == "['awstracer', 'awstracer.aws', 'awstracer.aws.settings', 'awstracer.plugin']"


def test_a_plugin_that_cannot_be_loaded_hurts_no_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWSTRACE_FILE", "t.trace")
    monkeypatch.delitem(sys.modules, plugin.DRIVER, raising=False)
    package, _, name = plugin_recorder.__name__.rpartition(".")
    monkeypatch.setitem(sys.modules, plugin_recorder.__name__, None)
    monkeypatch.delattr(sys.modules[package], name)
    plugin.awscli_initialize(object())
    assert capsys.readouterr().err.startswith("awstracer: this command is not recorded: ")


def test_twenty_processes_at_once_lose_nothing(plugged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTRACE_FILE", "t.trace")
    names = [f"user-{number:02}" for number in range(20)]
    processes = [
        subprocess.Popen([BIN / "aws", "iam", "create-user", "--user-name", name], stdout=subprocess.DEVNULL)
        for name in names
    ]
    assert [process.wait(3 * PATIENCE) for process in processes] == [0] * 20
    commands = recorded("t.trace")
    assert sorted(command["argv"][-1] for command in commands) == names
    assert [command["started"] for command in commands] == sorted(command["started"] for command in commands)
    assert not Path("t.trace.journal").exists()


def test_equal_secrets_are_equal_holes_in_all_processes(plugged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.aws("iam", "create-user", "--user-name", "alice")
    monkeypatch.setenv("AWSTRACE_FILE", "t.trace")
    secret = programs.aws("iam", "create-access-key", "--user-name", "alice")["AccessKey"]["SecretAccessKey"]
    programs.run("aws", "configure", "set", "aws_secret_access_key", secret, "--profile", "alice")
    made, used = recorded("t.trace")
    assert used["argv"][3] == made["calls"][0]["response"]["AccessKey"]["SecretAccessKey"]
    assert secret not in Path("t.trace").read_text(encoding="utf-8")


def test_what_was_saved_and_is_still_in_the_journal_is_not_saved_twice(
    plugged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWSTRACE_FILE", "t.trace")
    programs.aws("iam", "list-users")
    saved = store.load_trace(Path("t.trace"))
    with Journal(Path("t.trace"), saved.recorded) as journal:
        journal.write(saved.commands)
    programs.aws("iam", "list-groups")
    assert lines() == ["iam list-users -> 0", "iam list-groups -> 0"]


def test_a_file_that_is_no_trace_hurts_no_command(plugged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t.trace").write_text("mine", encoding="utf-8")
    monkeypatch.setenv("AWSTRACE_FILE", "t.trace")
    result = programs.run("aws", "iam", "create-user", "--user-name", "alice")
    assert json.loads(result.out)["User"]["UserName"] == "alice"
    assert (result.code, result.err.count("\n"), "not recorded" in result.err) == (0, 1, True)
    assert Path("t.trace").read_text(encoding="utf-8") == "mine"


def test_replays_and_recordings_are_not_recorded_by_the_plugin(plugged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted("aws", "iam", "list-users")
    monkeypatch.setenv("AWSTRACE_FILE", "other.trace")
    assert programs.play("--trace-file", "t.trace").code == 0
    scripted("aws", "iam", "list-users", trace="third.trace")
    assert len(recorded("third.trace")) == 1
    assert not Path("other.trace").exists()


@pytest.mark.usefixtures("aws_home")
def test_with_its_output_closed_a_command_ends_as_ever_and_is_recorded() -> None:
    script = written("aws iam create-user --user-name $1\necho $? > code\n")
    plain("sh", "-c", f"./{script} alice >&-")
    ended = Path("code").read_text()
    result = plain("sh", "-c", f"{BIN / 'awstrace-rec'} -n --trace-file t.trace -- ./{script} bob >&-")
    assert ("Traceback" in result.err, sorted(programs.users())) == (False, ["alice", "bob"])
    assert (Path("code").read_text(), lines()) == (ended, [f"iam create-user --user-name bob -> {ended.strip()}"])
