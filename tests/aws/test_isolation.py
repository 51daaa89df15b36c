"""The contract with awscli and botocore: every private name that is used, and every name that is patched.

A new awscli that lacks one of them fails here, by its name, and not in the middle of a replay.
"""

from __future__ import annotations

import ast
import importlib
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import awstracer
from awstracer.aws import isolation
from awstracer.aws.driver_factory import DriverFactory

PACKAGE = Path(awstracer.__file__).parent
ISOLATION = PACKAGE / "aws" / "isolation.py"
IMPORTED = (
    "awscli.alias.AliasLoader.get_aliases",
    "awscli.argprocess.unpack_argument",
    "awscli.arguments.BooleanArgument",
    "awscli.arguments.CLIArgument",
    "awscli.__version__",
    "awscli.clidriver.CLIOperationCaller.invoke",
    "awscli.clidriver.HISTORY_RECORDER",
    "awscli.clidriver.ServiceOperation",
    "awscli.clidriver.create_clidriver",
    "awscli.compat.get_stderr_text_writer",
    "awscli.completer.Completer.complete",
    "awscli.customizations.arguments.StatefulArgument",
    "awscli.customizations.paginate.PageArgument",
    "awscli.customizations.paginate.get_paginator_config",
    "awscli.customizations.toplevelbool.NegativeBooleanParameter",
    "awscli.paramfile.ResourceLoadingError",
    "awscli.paramfile.URIArgumentHandler",
    "awscli.paramfile.register_uri_param_handler",
    "awscli.utils.create_nested_client",
    "awscli.utils.write_exception",
    "botocore.UNSIGNED",
    "botocore.config.Config",
    "botocore.credentials.Credentials",
    "botocore.exceptions.BotoCoreError",
    "botocore.handlers.BUILTIN_HANDLERS",
    "botocore.handlers.switch_host_machinelearning",
    "botocore.loaders.Loader.CUSTOMER_DATA_PATH",
    "botocore.utils.CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES",
    "botocore.utils.is_json_value_header",
    "botocore.validate.ParamValidator",
    "botocore.xform_name",
)
PATCHED = (
    "awscli.clidriver.load_plugins",
    "awscli.paramfile.LOCAL_PREFIX_MAP",
    "awscli.paramfile.REMOTE_PREFIX_MAP",
    "botocore.session.Session.create_client",
)
PRIVATE = {
    "_action",
    "_create_parser",
    "_credentials",
    "_enabled",
    "_handlers",
    "_operation_caller",
    "_operation_model",
    "_serialized_name",
}

BOTOCORE_OF_AWSCLI = """
import awscli.clidriver, importlib.util, botocore
own = importlib.util.find_spec("awscli.botocore")
assert bound in (None, botocore) and (own is None or botocore.__file__ == own.origin), botocore.__file__
"""


def look_up(name: str) -> Any:
    """Return what a dotted name stands for."""
    words = name.split(".")
    for length in range(len(words), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(words[:length]))
        except ImportError:
            continue
        for word in words[length:]:
            found = getattr(found, word)
        return found
    raise AttributeError(name)


def foreign_attributes(module: Path) -> set[str]:
    """Return the private attributes that a module uses of anything but `self` and `cls`."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        is_own = (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        )
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.endswith("__")
            and not is_own
        ):
            found.add(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            names = [each.value for each in node.args if isinstance(each, ast.Constant)]
            found |= {name for name in names if isinstance(name, str) and name.startswith("_")}
    return found


@pytest.mark.parametrize("name", [*IMPORTED, *PATCHED])
def test_awscli_has_each_name_that_is_imported_or_patched(name: str) -> None:
    look_up(name)


def test_private_attributes_are_used_in_one_module_and_all_are_listed() -> None:
    assert foreign_attributes(ISOLATION) == PRIVATE
    found = {path: foreign_attributes(path) for path in PACKAGE.rglob("*.py") if path != ISOLATION}
    assert {path: names & PRIVATE for path, names in found.items() if names & PRIVATE} == {}
    assert {path: names for path, names in found.items() if names and path.parent == ISOLATION.parent} == {}


def test_awscli_and_botocore_are_imported_by_their_package_alone() -> None:
    """import-linter sees the statements; this sees what is imported by a name in a string."""
    others = [path for path in PACKAGE.rglob("*.py") if path.parent != ISOLATION.parent]
    by_name = re.compile(r"""(?:import_module|__import__)\(\W*(?:awscli|botocore)\b""")
    assert [path for path in others if by_name.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("module", sorted(path.stem for path in ISOLATION.parent.glob("[!_]*.py")))
def test_whichever_module_is_imported_first_the_botocore_is_awsclis(module: str) -> None:
    """From 1.46 on awscli brings a botocore, which `import botocore` means once awscli is imported."""
    code = f"import awstracer.aws.{module}, sys; bound = sys.modules.get('botocore'); {BOTOCORE_OF_AWSCLI}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("home")
def test_awsclis_objects_have_the_private_attributes_that_are_read() -> None:
    driver = DriverFactory().create()
    command = driver.create_help_command().command_table["ec2"].create_help_command().command_table["create-image"]
    arguments = command.arg_table
    assert isolation.operation_model(command).name == "CreateImage"
    assert isolation.operation_model(arguments["name"]).name == "CreateImage"
    assert isolation.member_name(arguments["name"]) == "Name"
    assert isolation.is_negation(arguments["reboot"])
    assert not isolation.is_negation(arguments["no-reboot"])
    assert isolation.has_standard_caller(command)
    assert driver.session._credentials is None


@pytest.mark.usefixtures("home")
def test_global_options_that_awscli_changes_for_one_service_are_not_the_next_ones() -> None:
    """awscli sends the calls of `health` to another region (awscli.customizations.overridesslcommonname)."""
    driver = DriverFactory().create()
    line = ["iam", "list-users", "--region", "eu-west-1"]
    options = isolation.initialize_session(driver, line, lambda _: True)
    assert options is not None
    health = isolation.run_until_call(driver, ["health", "describe-events"], options)
    iam = isolation.run_until_call(driver, ["iam", "list-users"], options)
    assert health is not None
    assert iam is not None
    changed = health.options.region, health.options.endpoint_url
    assert changed == ("us-east-1", "https://health.us-east-1.amazonaws.com")
    assert (iam.options.region, iam.options.endpoint_url) == ("eu-west-1", None)


@pytest.mark.usefixtures("home")
def test_a_command_with_a_caller_of_its_own_is_told_apart() -> None:
    service = DriverFactory().create().create_help_command().command_table["ecs"]
    assert not isolation.has_standard_caller(service.create_help_command().command_table["execute-command"])


@pytest.mark.usefixtures("home")
def test_commands_get_a_session_that_differs_in_one_method_only() -> None:
    driver = DriverFactory().create()
    session = driver.session
    isolation.replace_create_client(driver, lambda service, **_: service)
    assert driver.session.create_client("iam", region_name="eu-west-1") == "iam"
    assert type(session.create_client("iam", region_name="eu-west-1")).__name__ == "IAM"
    assert driver.session.get_component("event_emitter") is session.get_component("event_emitter")
    driver.session.user_agent_extra = "more"
    assert session.user_agent_extra == driver.session.user_agent_extra == "more"


def test_botocore_sends_a_request_to_the_host_that_a_parameter_names_for_one_operation_only() -> None:
    """`endpoints.keep_host` takes this handler away."""
    found = {
        (event, handler)
        for event, handler, *_ in look_up("botocore.handlers.BUILTIN_HANDLERS")
        if any("switch_host" in name for name in getattr(getattr(handler, "__code__", None), "co_names", ()))
    }
    assert found == {
        ("request-created.machinelearning.Predict", look_up("botocore.handlers.switch_host_machinelearning"))
    }


def state() -> tuple[object, ...]:
    """Return what a line could change in the process."""
    prefixes = [dict(look_up(f"awscli.paramfile.{scope}_PREFIX_MAP")) for scope in ("LOCAL", "REMOTE")]
    recorder = look_up("awscli.clidriver.HISTORY_RECORDER")
    handlers = [(each.level, list(each.handlers)) for each in map(logging.getLogger, ("awscli", "botocore"))]
    streams = (sys.stdin, sys.stdout, sys.stderr, list(sys.argv))
    return prefixes, recorder._enabled, list(recorder._handlers), handlers, streams


def run_help(driver: Any) -> None:
    isolation.run_line(driver, ["iam", "list-users", "--debug", "--nonsense"], lambda _, read: read())


def run_up_to_a_call(driver: Any) -> None:
    options = isolation.initialize_session(driver, ["iam", "list-users", "--debug"], lambda _: True)
    assert options is not None
    assert isolation.run_until_call(driver, ["iam", "list-users"], options) is not None


def run_failing_call(_: Any) -> None:
    isolation.run_call(lambda: 1 // 0)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("run", [run_help, run_up_to_a_call, run_failing_call])
def test_nothing_of_a_line_stays_in_the_process(run: Callable[[Any], None]) -> None:
    driver, load = DriverFactory().create(), look_up("awscli.clidriver.load_plugins")
    before = state()
    run(driver)
    assert state() == before
    assert look_up("awscli.clidriver.load_plugins") is load
