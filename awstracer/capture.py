"""Pairs botocore's events into calls: what was asked, what came back, many per command.

`Capture` holds the handlers for the events of one command; `driver` registers them. It copies
whatever it keeps, since awscli and botocore go on changing what they hand out, and it never
raises: a handler that did would fail a command whose request has already taken effect.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from typing import Any

from awstracer.trace import Call, CallError, Opaque, Operation

Handler = Callable[..., None]

THROTTLED = re.compile(r"Throttl|SlowDown|RequestLimitExceeded|TooManyRequests")


@dataclass(frozen=True)
class Outcome:
    """What became of one command line.

    operation   set if it was an operation's own command and got as far as calling it
    files       what its `file://` words held, by word
    faults      what could not be recorded, in words; the command itself was not hurt by it
    read_input  whether it read its standard input, which is not recorded
    """

    exit_code: int
    operation: Operation | None = None
    calls: tuple[Call, ...] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    read_input: bool = False


def never_raises(handler: Handler) -> Handler:
    """A handler whose own errors become faults of the recording."""

    @functools.wraps(handler)
    def guarded(self: Capture, **event: Any) -> None:
        try:
            handler(self, **event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the command must not notice
            self.faults.append(f"{handler.__name__}: {type(error).__name__}: {error}")

    return guarded


class Capture:
    """The handlers for one command's events, and what they have taken down.

    A call starts at `before-call`, where its request is certain to be sent: what is only signed
    (`s3 presign`) or fails validation never gets there. botocore's `context`, one dict for one
    call, pairs its events. A call inside another one in the same thread is a credential
    provider's or a redirect's, and not the command's.
    """

    def __init__(self) -> None:
        self._commands: dict[str, tuple[Any, Any]] = {}
        self.command: Any = None
        self.reset()

    def reset(self) -> None:
        """Forget what was taken down, to take down a command that is run in the same session once more."""
        self.operation: Operation | None = None
        self.files: dict[str, str | bytes] = {}
        self.faults: list[str] = []
        self.models: dict[tuple[str, str], Any] = {}
        self._calls: list[Call] = []
        self._requests: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._open: dict[int, tuple[int, int]] = {}
        self._doubtful: set[int] = set()
        self._lock = threading.Lock()

    def attach(self, events: Any) -> None:
        """Take part in the events of an emitter, botocore's.

        Requests are taken before any other handler has changed them, everything else after all have.
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
            ended = [call for call in self._calls if call.response is not None or call.error is not None]
        return tuple(ended)

    def amend(self, context: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the request of a call that has not gone out yet."""
        with self._lock:
            if id(context) in self._requests:
                _, request = self._requests[id(context)]
                self._requests[id(context)] = (context, change(request))

    def outcome(self, exit_code: int) -> Outcome:
        """All that was taken down, for a command that ended with `exit_code`.

        Where nothing was called (`--generate-cli-skeleton`), there is no operation either.
        """
        calls = self.calls
        return Outcome(exit_code, self.operation if calls else None, calls, dict(self.files), tuple(self.faults))

    @never_raises
    def on_building_argument_table(self, *, event_name: str, **event: Any) -> None:
        """`building-argument-table.SERVICE.COMMAND`: remembers which operation's command it is."""
        if "operation_model" in event and "command" in event:
            self._commands[event_name.split(".", 1)[1]] = (event["operation_model"], event["command"])

    @never_raises
    def on_calling_command(self, *, event_name: str, call_parameters: Any, **_: Any) -> None:
        """`calling-command.SERVICE.COMMAND`: the parameters as awscli understood the line.

        Three words make a waiter's command, whose operation is only what it polls. The words are the
        command's own, since the event's name may have a service's other name in it.
        """
        model, command = self._commands.get(event_name.split(".", 1)[1], (None, None))
        if model is None or command is None or len(command.lineage_names) != 2:
            return
        service, self.command = model.service_model.service_name, command
        self.operation = Operation(service, model.name, copied(call_parameters), tuple(command.lineage_names))

    @never_raises
    def on_provide_client_params(self, *, params: Any, context: Any, **_: Any) -> None:
        """`provide-client-params`: the request before any handler has changed it."""
        with self._lock:
            self._requests[id(context)] = (context, copied(params))

    @never_raises
    def on_before_call(self, *, model: Any, context: Any, **_: Any) -> None:
        """`before-call`: the request is going out."""
        thread = threading.get_ident()
        with self._lock:
            _, request = self._requests.pop(id(context), (None, {}))
            self._doubtful.discard(id(context))  # another call's, which is over
            if thread in self._open:
                return
            self.models[model.service_model.service_name, model.name] = model
            self._open[thread] = (id(context), len(self._calls))
            self._calls.append(_started(model, context, request))

    @never_raises
    def on_response_received(self, *, parsed_response: Any, context: Any, **_: Any) -> None:
        """`response-received`: what became of one attempt; botocore may make more."""
        if parsed_response is None or not _is_refused(parsed_response):
            with self._lock:
                self._doubtful.add(id(context))

    @never_raises
    def on_after_call(self, *, http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
        """`after-call`: a response, or a service's error."""
        refused = getattr(http_response, "status_code", 200) >= 300
        metadata = parsed.get("ResponseMetadata") or {}
        body = {name: copied(member) for name, member in parsed.items() if name != "ResponseMetadata"}
        self._end(
            context,
            response=None if refused else body,
            error=_service_error(parsed, is_certain=id(context) not in self._doubtful) if refused else None,
            request_id=metadata.get("RequestId"),
        )

    @never_raises
    def on_after_call_error(self, *, exception: BaseException, context: Any, **_: Any) -> None:
        """`after-call-error`: no response at all."""
        self._end(context, error=CallError(type(exception).__name__, str(exception)))

    def _end(self, context: Any, **result: Any) -> None:
        thread = threading.get_ident()
        with self._lock:
            opened, index = self._open.get(thread, (None, -1))
            if opened == id(context):
                del self._open[thread]
                self._calls[index] = replace(self._calls[index], ended=_now(), **result)


def _started(model: Any, context: Mapping[str, Any], request: dict[str, Any]) -> Call:
    return Call(
        service=model.service_model.service_name,
        operation=model.name,
        request=request,
        response=None,
        error=None,
        region=context.get("client_region"),
        request_id=None,
        started=_now(),
        ended=_now(),
    )


def _service_error(parsed: Mapping[str, Any], *, is_certain: bool) -> CallError:
    error = parsed.get("Error") or {}
    is_refusal = 400 <= _status(parsed) < 500
    return CallError(str(error.get("Code", "")), str(error.get("Message", "")), is_refusal, is_refusal and is_certain)


def _is_refused(parsed: Mapping[str, Any]) -> bool:
    """Whether an attempt's answer says that nothing was done: throttling may come as a fault of the server (503)."""
    code = str((parsed.get("Error") or {}).get("Code", ""))
    return 300 <= _status(parsed) < 500 or bool(THROTTLED.search(code))


def _status(parsed: Mapping[str, Any]) -> int:
    """The HTTP status of an answer; 0 if it doesn't tell."""
    return int((parsed.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0))


def _now() -> datetime:
    return datetime.now(timezone.utc)


def copied(value: Any) -> Any:
    """A copy that nothing else changes, of the kinds of value that a trace holds; a body is not read."""
    if value is None or isinstance(value, (bool, int, float, str, bytes, datetime)):
        return value
    if isinstance(value, Mapping):
        return {str(key): copied(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(child) for child in value]
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, date):
        return value.isoformat()
    name = getattr(value, "name", None)
    return Opaque(name if isinstance(name, str) else None)
