"""Does every operation of awscli replay exactly?

For every operation that has a command, with its required members only and with all members:
a recorded call is planned, spelled as a line and run through awscli's driver, and the request that
botocore makes of it is compared with the request of a direct call with the same parameters. HTTP is
cut off. Run it once with each arrangement of awscli (its own botocore, and a separate one).

    python -m benchmarks.sweep_operations [SERVICE ...] [--processes N]

Prints the figures by cause of failure, names every operation that fails, and ends with the totals.
Exit code 0 if every operation with a command is exact, 1 if not.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import multiprocessing
import os
import re
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from awstracer.aws import catalog
from awstracer.aws.driver import AwsCli
from awstracer.aws.driver_factory import DriverFactory
from awstracer.commandline.text import split, to_str
from awstracer.errors import AwstracerError
from awstracer.plan import planner
from awstracer.plan.invocation import Invocation
from awstracer.plan.resolver import Resolver
from awstracer.trace.model import Command, Opaque, Operation, Trace
from awstracer.trace.query import evaluate

from awscli.clidriver import ServiceOperation  # isort: skip
import botocore.hooks  # isort: skip - after the driver, which brings the botocore that is meant
import botocore.session  # isort: skip
from botocore.parsers import PROTOCOL_PARSERS  # isort: skip

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
REGION = "us-east-1"
ENDPOINT = "http://127.0.0.1:9"  # given, since awscli has endpoints of its own for some services
UNSUPPORTED = {"CRC32C", "CRC64NVME", "XXHASH3", "XXHASH64", "XXHASH128", "md5", "MD5"}  # these need botocore[crt]
LEFT_OUT: Mapping[str, set[str]] = {
    # awscli itself moves these into NetworkInterfaces where both are given (awscli.customizations.ec2.runinstances),
    "ec2.RunInstances": {
        "SubnetId",
        "SecurityGroupIds",
        "PrivateIpAddress",
        "Ipv6AddressCount",
        "Ipv6Addresses",
        "EnablePrimaryIpv6",
    },
    # and botocore signs requests with this one by botocore[crt] only.
    "events.PutEvents": {"EndpointId"},
    "sesv2.SendBulkEmail": {"EndpointId"},
    "sesv2.SendEmail": {"EndpointId"},
}
ALWAYS: Mapping[str, Mapping[str, Any]] = {
    # awscli itself looks for these, and makes what isn't there (awscli.customizations.ec2.bundleinstance).
    "ec2.BundleInstance": {"Storage": {"S3": {"UploadPolicy": b"\xff", "UploadPolicySignature": "s"}}},
}
OF_ENDPOINTS = {"KvsARN": "arn:aws:cloudfront::123456789012:key-value-store/x"}  # by the shapes that endpoints need
SIGNED = re.compile(r"X-Amz-(?:Date|Signature)=[^&]*")
OFTEN = 3
WITHOUT_CRT = "they can't be signed without botocore[crt]"
MISLEADING = ("refused", "another request")
PLUGIN = "session-manager-plugin"  # awscli runs it for `ecs execute-command` and `ssm start-session`
ODD = [
    "plain",
    "naïve ☃ 日本",
    "two\nlines\ttab",
    'it\'s "quoted" \\ $HOME `id`',
    "-dash",
    "--version",
    "[bracket",
    "{brace",
    '{"a": 1}',
    "file:///etc/hostname",
    "fileb://nowhere",
    "http://127.0.0.1:9/x",
    "https://127.0.0.1:9/x",
    "@at",
    "key=value,other=x",
    " padded ",
    "0",
    "true",
    "null",
    "",
]
BYTES = [b"text", b"\xff\xfe\x00 not text", b"", b"file://x", b"-x"]
SCALARS: Mapping[str, list[Any]] = {
    "integer": [0, 1, 7, 100],
    "long": [0, 2**40, 1],
    "float": [0.0, 1.5, 1e-7],
    "double": [0.0, 2.25, 1e22],
    "timestamp": ["2026-01-02T03:04:05Z", "1767323045"],
}


@dataclass(frozen=True)
class Result:
    """What became of one operation with one set of parameters.

    `cause` says why its replay is not exact, None if it is; `line` what became of the line that is shown.
    """

    service: str
    operation: str
    members: str
    cause: str | None
    detail: str = ""
    line: str | None = None

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation} ({self.members})"


# --- parameters


class Sampler:
    """Makes parameters of a shape; `odd` ones hold every awkward value there is, one after the other.

    With `everything`, each structure has all its members the first few times that it is met, wherever that is;
    if it had them everywhere, a dashboard of QuickSight would have millions.
    """

    def __init__(self, *, odd: bool, everything: bool, body: Path, start: int = 0) -> None:
        self._odd, self._everything, self._body = odd, everything, body
        self._turn = itertools.count(start)
        self._met: Counter[str] = Counter()

    def parameters(self, shape: Any) -> dict[str, Any]:
        return {} if shape is None else self._structure(shape, ())

    def value(self, shape: Any, above: tuple[str, ...]) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return {"a": [1, "x", None, {"b": True}]} if shape.is_document_type else self._structure(shape, above)
        if kind == "list":
            return self._list(shape, above)
        if kind == "map":
            return self._map(shape, above)
        if kind == "blob":
            streams = shape.serialization.get("streaming")
            return Opaque(str(self._body)) if streams else self._pick(BYTES if self._odd else [b"text"])
        if kind == "boolean":
            return self._pick([True, False])
        if kind == "string":
            return self._string(shape)
        return self._number(shape)

    def _pick(self, values: list[Any]) -> Any:
        return values[next(self._turn) % len(values)]

    def _structure(self, shape: Any, above: tuple[str, ...]) -> dict[str, Any]:
        members = shape.members
        inside = (*above, shape.name)
        if shape.is_tagged_union:
            ends = [name for name in sorted(members) if not self._closes_circle(members[name], inside)]
            chosen = [self._pick(ends or sorted(members))] if members else []
        elif self._everything and self._met[shape.name] < OFTEN:
            self._met[shape.name] += 1
            chosen = [name for name in members if not self._closes_circle(members[name], inside)]
        else:
            chosen = shape.required_members
        wanted = [name for name in members if name in chosen or name in shape.required_members]
        return {name: self.value(members[name], inside) for name in wanted}

    def _closes_circle(self, shape: Any, above: tuple[str, ...]) -> bool:
        inner = {"list": "member", "map": "value"}.get(shape.type_name)
        return above.count(shape.name) > 1 or (inner is not None and self._closes_circle(getattr(shape, inner), above))

    def _list(self, shape: Any, above: tuple[str, ...]) -> list[Any]:
        least = shape.metadata.get("min", 0)
        if self._odd and not least and next(self._turn) % 7 == 0:
            return []
        if above.count(shape.member.name) > 1:
            return []
        return [self.value(shape.member, above) for _ in range(max(least, 1 + next(self._turn) % 2))]

    def _map(self, shape: Any, above: tuple[str, ...]) -> dict[str, Any]:
        key = ("key one" if self._odd else "key").ljust(shape.key.metadata.get("min", 0), "x")
        return {} if above.count(shape.value.name) > 1 else {key: self.value(shape.value, above)}

    def _string(self, shape: Any) -> str:
        if shape.serialization.get("jsonvalue"):
            return '{"a": [1, "x"]}'
        if shape.enum:
            return str(self._pick([value for value in shape.enum if value not in UNSUPPORTED] or shape.enum))
        if shape.name in OF_ENDPOINTS:
            return OF_ENDPOINTS[shape.name]
        fits = [text for text in (ODD if self._odd else ["plain1"]) if len(text) >= shape.metadata.get("min", 0)]
        text = str(self._pick(fits or ["plain1"]))
        return text.ljust(shape.metadata.get("min", 0), "x")

    def _number(self, shape: Any) -> Any:
        least = shape.metadata.get("min", 0)
        return (
            max(self._pick(SCALARS[shape.type_name]), least)
            if isinstance(least, (int, float)) and (shape.type_name != "timestamp")
            else self._pick(SCALARS[shape.type_name])
        )


# --- requests, HTTP cut off


class Requests:
    """What botocore was about to send; registered on a session or a client, it lets nothing out."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def register(self, events: Any) -> None:
        events.register_last("before-call", self._cut)

    def _cut(self, *, params: Mapping[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        self.seen.append(_comparable(params))
        return _Answer(), {"ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 200}}


class _Answer:
    """An empty response, for handlers that look at it."""

    status_code = 200
    headers: Mapping[str, str] = {}
    content = b"<a/>"
    text = "<a/>"
    raw = io.BytesIO()


def _comparable(params: Mapping[str, Any]) -> dict[str, Any]:
    """A request without what two equal ones may differ in: the order of members, and who sends it."""
    headers = {name.lower(): value for name, value in dict(params["headers"]).items() if name.lower() != "user-agent"}
    body = params["body"]
    if hasattr(body, "read"):
        body.seek(0)
        body = body.read()
    url, _, query = params["url"].partition("?")
    rest = {name: params[name] for name in ("method", "query_string")}
    tree = _tree(body, is_cbor=headers.get("content-type") == "application/cbor")
    return {**rest, "url": url, "query": sorted(query.split("&")), "headers": headers, "body": tree}


def _tree(body: Any, *, is_cbor: bool) -> Any:
    """A JSON, CBOR or XML body as its tree, any other as it is."""
    if isinstance(body, dict) and "PresignedUrl" in body:  # which botocore signs, and dates
        return {**body, "PresignedUrl": SIGNED.sub("", body["PresignedUrl"])}
    data = body.encode() if isinstance(body, str) else body
    if is_cbor and data:
        parser = PROTOCOL_PARSERS["smithy-rpc-v2-cbor"]()
        return parser.parse_data_item(parser.get_peekable_stream_from_bytes(data))
    if isinstance(data, bytes) and data[:1] in b"{[":
        with contextlib.suppress(ValueError):
            return json.loads(data)
    if isinstance(data, bytes) and data[:1] == b"<":
        with contextlib.suppress(ElementTree.ParseError):
            return _xml_tree(ElementTree.fromstring(data))
    return data


def _xml_tree(element: ElementTree.Element) -> tuple[object, ...]:
    """An XML element; those of different names have no order in what a service reads."""
    children = sorted(map(_xml_tree, element), key=lambda child: str(child[0]))
    return element.tag, element.attrib, element.text, children


class CutDrivers(DriverFactory):
    """Creates awscli drivers with HTTP cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = Requests()

    def create(self) -> Any:
        driver = super().create()
        self.requests.register(driver.session.get_component("event_emitter"))
        return driver


class WithoutClients(AwsCli):
    """awscli that keeps no client: each line has a driver of its own."""

    def _call(self, *_: object) -> None:
        pass


# --- one operation


class Bench:
    """Both ways to call an operation, for one service after the other."""

    def __init__(self, body: Path) -> None:
        self.drivers = CutDrivers()
        self._aws, self._without_clients = AwsCli(self.drivers), WithoutClients(self.drivers)
        self._body = body
        self._session = botocore.session.Session()
        self._clients: dict[str, tuple[Any, Requests]] = {}

    def services(self) -> list[tuple[str, str]]:
        """(command, service) for each service that has a command of its own."""
        table = self.drivers.create().create_help_command().command_table
        pairs = [(name, getattr(command, "service_model", None)) for name, command in table.items()]
        return [(name, model.service_name) for name, model in pairs if model is not None]

    def commands(self, service_command: str) -> Iterator[tuple[tuple[str, str], Any]]:
        """The words and the model of every operation of a service that has a command of its own."""
        service = self.drivers.create().create_help_command().command_table[service_command]
        for name, command in service.create_help_command().command_table.items():
            model = getattr(command, "_operation_model", None)
            if model is not None and isinstance(command, ServiceOperation):
                yield (service_command, name), model

    def check(self, words: tuple[str, str], model: Any, *, everything: bool) -> Result:
        """Whether a replay of the operation, and its line when pasted, send what a direct call sends."""
        service, members = model.service_model.service_name, "all" if everything else "required"

        def result(cause: str | None, detail: object = "", line: str | None = None) -> Result:
            return Result(service, model.name, members, cause, " ".join(str(detail).split())[:300], line)

        parameters, wanted = self._reference(service, model, everything=everything)
        if wanted is None:
            return result(WITHOUT_CRT if "crt" in str(parameters) else "botocore refuses the sample", parameters)
        operation = Operation(service, model.name, parameters)
        demanded = list(self._demanded(words, parameters))
        typed = [*words, *demanded, "--endpoint-url", ENDPOINT]
        try:
            invocation = self._invocation(operation, [*typed, "--no-paginate"])
            if "--page-size" in to_str(invocation.line):  # awscli doesn't take both
                invocation = self._invocation(operation, typed)
        except AwstracerError as error:
            return result("no plan", repr(error))
        for aws in (self._without_clients, self._aws):
            send = partial(aws.replay, invocation.argv, parameters=invocation.parameters, files=invocation.files)
            got, said = self._requests(send)
            if not got:
                return result("the line is refused", said)
            if got[0] != wanted:
                return result("another request", _difference(wanted, got[0]))
        if invocation.inexact:
            return result(None, line="marked as inexact")
        pasted, said = self._requests(lambda: self._aws.run(split(to_str(invocation.line))[1:]))
        if not pasted:
            return result(None, said, line="refused")
        return result(None, _difference(wanted, pasted[0]), line="exact" if pasted[0] == wanted else "another request")

    def _reference(self, service: str, model: Any, *, everything: bool) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Parameters that botocore takes, the odder the better, and the request that it makes of them."""
        refusal: dict[str, Any] = {}
        for odd, start in [(True, 0), *((False, start) for start in range(5))]:
            sampler = Sampler(odd=odd, everything=everything, body=self._body, start=start)
            name = f"{service}.{model.name}"
            parameters = {**sampler.parameters(model.input_shape), **ALWAYS.get(name, {})}
            parameters = {key: value for key, value in parameters.items() if key not in LEFT_OUT.get(name, ())}
            try:
                return parameters, self._direct(service, model, parameters)
            except Exception as error:  # noqa: BLE001 - botocore refuses in many types; the plainer sample may pass
                refusal = {"refused": repr(error)}
        return refusal, None

    def _direct(self, service: str, model: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if service not in self._clients:
            requests = Requests()
            client = self._session.create_client(service, region_name=REGION, endpoint_url=ENDPOINT)
            self._clients[service] = client, requests
            requests.register(client.meta.events)
        client, requests = self._clients[service]
        requests.seen.clear()
        with contextlib.ExitStack() as files:
            opened = {
                name: files.enter_context(self._body.open("rb")) if isinstance(value, Opaque) else value
                for name, value in parameters.items()
            }
            client._make_api_call(model.name, opened)
        return requests.seen[-1]

    def _demanded(self, words: tuple[str, str], parameters: Mapping[str, Any]) -> Iterator[str]:
        """Words that a line needs beside the members' own options: where the output goes, and the like."""
        for argument in self._aws.catalog.find_command(words).arg_table.values():
            if getattr(argument, "_serialized_name", None) is None and (argument.required or argument.positional_arg):
                outfile = str(self._body.parent / "outfile")
                value = argument.choices[0] if argument.choices else _said_by(argument, parameters) or outfile
                yield from [value] if not argument.cli_name.startswith("--") else [argument.cli_name, value]

    def _invocation(self, operation: Operation, argv: list[str]) -> Invocation:
        recorded = Trace((Command(tuple(argv), operation, (), 0, NOW, NOW),))
        steps = planner.make_plan(recorded, [], [], self._aws.catalog)
        return Resolver(steps, is_dry_run=False, query=evaluate).invocation(steps.steps[0])

    def _requests(self, run: Callable[[], object]) -> tuple[list[dict[str, Any]], str]:
        self.drivers.requests.seen.clear()
        said = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            run()
        return list(self.drivers.requests.seen), said.getvalue().strip()


def _said_by(argument: Any, parameters: Mapping[str, Any]) -> str | None:
    """The value that the parameters have where the argument puts its own; None if it sets no member."""
    probe = object()
    members: dict[str, Any] = {}
    with contextlib.suppress(Exception):  # an argument that reads what it is given doesn't set a member by itself
        argument.add_to_params(members, probe)
    place: Any = members
    value: Any = parameters
    while isinstance(place, dict) and len(place) == 1 and isinstance(value, Mapping):
        ((name, place),) = place.items()
        value = value.get(name)
    return str(value) if place is probe and value is not None else None


def _difference(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {wanted[name]!r} / {got[name]!r}" for name in wanted if wanted[name] != got[name])


# --- the sweep


def _sweep_service(task: tuple[str, str]) -> list[Result]:
    command, folder = task
    bench = Bench(Path(folder) / "body.bin")
    return [
        bench.check(words, model, everything=everything)
        for words, model in bench.commands(command)
        for everything in (False, True)
    ]


def _prepare(folder: str) -> None:
    """Once for each process of the sweep."""
    _isolate()
    _remember()
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    os.environ["AWS_CONFIG_FILE"] = str(Path(folder) / "config")


def _isolate() -> None:
    """No credentials, settings or randomness of this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_DATA_PATH"]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="y",
        AWS_DEFAULT_REGION=REGION,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )
    fixed = uuid.UUID("0f0f0f0f-1111-4222-8333-444444444444")
    uuid.uuid4 = lambda: fixed


def _remember() -> None:
    """Have botocore look at each handler's signature and alias each event's name once, not once for each driver."""
    inspect, known = botocore.hooks.accepts_kwargs, {}
    make = botocore.hooks.EventAliaser.__init__
    aliased: dict[str, str] = {}

    def accepts_kwargs(handler: Any) -> Any:
        code = getattr(handler, "__code__", None)  # the handler itself would keep its driver alive
        if code is None:
            return inspect(handler)
        if code not in known:
            known[code] = inspect(handler)
        return known[code]

    def make_sharing(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self._alias_name_cache = aliased

    botocore.hooks.accepts_kwargs = accepts_kwargs
    botocore.hooks.EventAliaser.__init__ = make_sharing


def sweep(services: list[str], processes: int, show: Callable[[str], None]) -> bool:
    """Check all operations of these services, of all if there are none; whether every one is exact."""
    with tempfile.TemporaryDirectory() as folder:
        body, plugin = Path(folder) / "body.bin", Path(folder) / PLUGIN
        body.write_bytes(b"\x00body\xff")
        plugin.write_text("#!/bin/sh\n")
        plugin.chmod(0o700)
        (Path(folder) / "config").write_text("[preview]\nsdb = true\n")  # awscli has it off, as long as nobody asks
        bench = Bench(body)
        wanted = set(services)
        commands = [command for command, service in bench.services() if not wanted or wanted & {command, service}]
        results: list[Result] = []
        context = multiprocessing.get_context("spawn")
        with context.Pool(processes, _prepare, (folder,), maxtasksperchild=20) as pool:
            tasks = [(command, folder) for command in commands]
            for number, found in enumerate(pool.imap_unordered(_sweep_service, tasks), 1):
                results += found
                for result in found:
                    if result.cause not in (None, WITHOUT_CRT) or result.line in MISLEADING:
                        print(f"  {result.name}: {result.cause or result.line}", file=sys.stderr)
                exact = sum(result.cause is None for result in results)
                print(f"{number}/{len(commands)} services, {exact}/{len(results)} exact", file=sys.stderr, flush=True)
    return _report(results, show)


def _report(results: list[Result], show: Callable[[str], None]) -> bool:
    failed = [result for result in results if result.cause not in (None, WITHOUT_CRT)]
    skipped = [f"{result.service}.{result.operation}" for result in results if result.cause == WITHOUT_CRT]
    results = [result for result in results if result.cause != WITHOUT_CRT]
    misleading = [result for result in results if result.line in MISLEADING]
    for result in sorted(failed, key=lambda result: (result.cause or "", result.name)):
        show(f"{result.cause}: {result.name}: {result.detail}")
    for result in sorted(misleading, key=lambda result: (result.line or "", result.name)):
        show(f"line {result.line}: {result.name}: {result.detail}")
    show(f"{len(skipped):6} not checked, {WITHOUT_CRT}: {', '.join(sorted(set(skipped)))}")
    for cause, count in Counter(result.cause for result in failed).most_common():
        show(f"{count:6} {cause}")
    for line, count in Counter(result.line for result in results if result.line).most_common():
        show(f"{count:6} lines {line}")
    totals = []
    for members in ("required", "all"):
        of = [result for result in results if result.members == members]
        exact = sum(result.cause is None for result in of)
        totals.append(f"{members}: {exact} of {len(of)} exact ({100 * exact / max(len(of), 1):.2f} %)")
    show(f"awscli {catalog.AWSCLI_VERSION}, {'; '.join(totals)}; {len(misleading)} lines say something else")
    return not failed and not misleading


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="only these services or commands")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    _isolate()
    return 0 if sweep(args.services, args.processes, print) else 1


if __name__ == "__main__":
    sys.exit(main())
