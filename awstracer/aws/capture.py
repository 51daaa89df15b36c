"""Records the API calls of one command from botocore's events.

`aws ec2 create-vpc --cidr-block 10.0.0.0/16` makes botocore emit `provide-client-params` with the request,
`before-call` when it goes out, `response-received` for each attempt and `after-call` with the response.
`CallRecorder` makes one `Call` of them, with `{"CidrBlock": "10.0.0.0/16"}` and `{"Vpc": {"VpcId": "vpc-0a1b", ...}}`.

What is recorded is copied, since awscli and botocore go on changing it. A handler never raises: that would fail a
command whose request has already taken effect. Files and streams are not read. `aws/driver` and
`record/plugin_recorder` attach the handlers; `secrets/redactor` removes secrets from what they recorded.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from awstracer.trace.model import Call, CallError, Opaque, Operation, utc_now

Handler = Callable[..., None]

THROTTLED = re.compile(r"Throttl|SlowDown|RequestLimitExceeded|TooManyRequests")


@dataclass(frozen=True)
class Outcome:
    """The result of one command line.

    operation   the operation, if the command is an operation's own and called it
    refused     the positions of the calls that the service refused at every attempt, so that they have had no effect
    files       contents of the files that `file://` words of the line name, by word
    faults      messages about what could not be recorded; the command itself ran as usual
    read_input  whether the command read its standard input, which is not recorded
    """

    exit_code: int
    operation: Operation | None = None
    calls: tuple[Call, ...] = ()
    refused: frozenset[int] = frozenset()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    read_input: bool = False


def never_raises(handler: Handler) -> Handler:
    """Return a handler whose exceptions become faults of the recording."""

    @functools.wraps(handler)
    def guarded(self: CallRecorder, **event: Any) -> None:
        try:
            handler(self, **event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the command must not notice
            self.faults.append(f"{handler.__name__}: {type(error).__name__}: {error}")

    return guarded


class CallRecorder:
    """The handlers of one command's events, and the calls that they have recorded.

    A call starts at `before-call`, when its request is certain to be sent: a request that is only signed
    (`s3 presign`) or is invalid doesn't get there. botocore's `context`, one dict for each call, pairs the events.
    A call within another one of the same thread is not recorded: a credential provider or a redirect makes it.

    attempts    number of requests that were sent, repeated ones included
    """

    def __init__(self) -> None:
        self._commands: dict[str, tuple[Any, Any]] = {}
        self.reset()

    def reset(self) -> None:
        """Forget what was recorded, before another command runs in the same session."""
        self.operation: Operation | None = None
        self.files: dict[str, str | bytes] = {}
        self.faults: list[str] = []
        self.attempts = 0
        self.models: dict[tuple[str, str], Any] = {}
        self._calls: list[Call] = []
        self._requests: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._open: dict[int, tuple[int, int]] = {}
        self._uncertain: set[int] = set()  # indexes of the calls of which an attempt may have taken effect
        self._lock = threading.Lock()

    def attach(self, events: Any) -> None:
        """Register the handlers with botocore's event emitter.

        The handler of requests comes first, before others change them. All other handlers come last.
        """
        events.register_last("building-argument-table", self.on_building_argument_table)
        events.register_last("calling-command", self.on_calling_command)
        events.register_first("provide-client-params", self.on_provide_client_params)
        events.register_last("before-call", self.on_before_call)
        events.register_last("response-received", self.on_response_received)
        events.register_last("after-call", self.on_after_call)
        events.register_last("after-call-error", self.on_after_call_error)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that have ended, in the order in which they started."""
        with self._lock:
            return tuple(self._calls[index] for index in self._ended())

    def amend(self, context: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the recorded request of a call that has not been sent yet."""
        with self._lock:
            if id(context) in self._requests:
                _, request = self._requests[id(context)]
                self._requests[id(context)] = (context, change(request))

    def outcome(self, exit_code: int) -> Outcome:
        """Return what was recorded of a command that ended with `exit_code`.

        A command that called nothing (`--generate-cli-skeleton`) has no operation.
        """
        with self._lock:
            indexes = self._ended()
            calls = tuple(self._calls[index] for index in indexes)
            refused = {at for at, call in enumerate(calls) if call.error and indexes[at] not in self._uncertain}
        return Outcome(
            exit_code=exit_code,
            operation=self.operation if calls else None,
            calls=calls,
            refused=frozenset(refused),
            files=dict(self.files),
            faults=tuple(self.faults),
        )

    def _ended(self) -> list[int]:
        """Return the indexes of the calls that have ended."""
        return [at for at, call in enumerate(self._calls) if call.response is not None or call.error is not None]

    @never_raises
    def on_building_argument_table(self, *, event_name: str, **event: Any) -> None:
        """Remember the operation's model and command (`building-argument-table.SERVICE.COMMAND`)."""
        if "operation_model" in event and "command" in event:
            self._commands[event_name.split(".", 1)[1]] = (event["operation_model"], event["command"])

    @never_raises
    def on_calling_command(self, *, event_name: str, call_parameters: Any, **_: Any) -> None:
        """Record the operation with the parameters that awscli read from the line (`calling-command.SERVICE.COMMAND`).

        A command of three words is a waiter's, and its operation is the one that it polls.
        """
        model, command = self._commands.get(event_name.split(".", 1)[1], (None, None))
        if model is None or command is None or len(command.lineage_names) != 2:
            return
        service = model.service_model.service_name
        self.operation = Operation(service, model.name, snapshot(call_parameters))

    @never_raises
    def on_provide_client_params(self, *, params: Any, context: Any, **_: Any) -> None:
        """Record the request before any handler has changed it (`provide-client-params`)."""
        with self._lock:
            self._requests[id(context)] = (context, snapshot(params))

    @never_raises
    def on_before_call(self, *, model: Any, context: Any, **_: Any) -> None:
        """Begin a call: its request is about to be sent (`before-call`)."""
        thread = threading.get_ident()
        with self._lock:
            _, request = self._requests.pop(id(context), (None, {}))
            if thread in self._open:
                return
            self.models[model.service_model.service_name, model.name] = model
            self._open[thread] = (id(context), len(self._calls))
            self._calls.append(_started(model, context, request))

    @never_raises
    def on_response_received(self, *, parsed_response: Any, context: Any, **_: Any) -> None:
        """Note a call of which an attempt may have taken effect (`response-received`); botocore may try again."""
        with self._lock:
            self.attempts += 1
            index = self._open_call(context)
            if index is not None and (parsed_response is None or not _is_refused(parsed_response)):
                self._uncertain.add(index)

    @never_raises
    def on_after_call(self, *, http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
        """End a call with its response or the service's error (`after-call`)."""
        is_error = getattr(http_response, "status_code", 200) >= 300
        metadata, error = parsed.get("ResponseMetadata") or {}, parsed.get("Error") or {}
        body = {name: snapshot(member) for name, member in parsed.items() if name != "ResponseMetadata"}
        self._end(
            context,
            response=None if is_error else body,
            error=CallError(str(error.get("Code", "")), str(error.get("Message", ""))) if is_error else None,
            request_id=metadata.get("RequestId"),
        )

    @never_raises
    def on_after_call_error(self, *, exception: BaseException, context: Any, **_: Any) -> None:
        """End a call that got no response (`after-call-error`)."""
        index = self._end(context, error=CallError(type(exception).__name__, str(exception)))
        if index is not None:
            self._uncertain.add(index)

    def _open_call(self, context: Any) -> int | None:
        """Return the index of the call of this thread, if it has this context."""
        opened, index = self._open.get(threading.get_ident(), (None, None))
        return index if opened == id(context) else None

    def _end(self, context: Any, **result: Any) -> int | None:
        """End the call with this context, and return its index; None if it is not recorded."""
        with self._lock:
            index = self._open_call(context)
            if index is not None:
                del self._open[threading.get_ident()]
                self._calls[index] = replace(self._calls[index], ended=utc_now(), **result)
        return index


def _started(model: Any, context: Mapping[str, Any], request: dict[str, Any]) -> Call:
    return Call(
        service=model.service_model.service_name,
        operation=model.name,
        request=request,
        response=None,
        error=None,
        region=context.get("client_region"),
        request_id=None,
        started=utc_now(),
        ended=utc_now(),
    )


def _is_refused(parsed: Mapping[str, Any]) -> bool:
    """Return whether a response says that nothing was done. Throttling counts, even as a server's error (503)."""
    code = str((parsed.get("Error") or {}).get("Code", ""))
    return 300 <= _status(parsed) < 500 or bool(THROTTLED.search(code))


def _status(parsed: Mapping[str, Any]) -> int:
    """Return the HTTP status of a response; 0 if it has none."""
    return int((parsed.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0))


def snapshot(value: Any) -> Any:
    """Return a deep copy made of the types that a trace holds; a stream becomes `Opaque` and is not read."""
    if value is None or isinstance(value, (bool, int, float, str, bytes, datetime)):
        return value
    if isinstance(value, Mapping):
        return {str(key): snapshot(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [snapshot(child) for child in value]
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, date):
        return value.isoformat()
    name = getattr(value, "name", None)
    return Opaque(name if isinstance(name, str) else None)
