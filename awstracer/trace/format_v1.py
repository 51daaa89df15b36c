"""Convert the JSON of a trace of format 1, which awstracer 1.x wrote, to format 2.

Format 1 is a list of calls, each of which was a whole command: `fn_name` is `iam.CreateUser`, `inparams` the request,
`outparams` the response. It has no command lines. A time is an object with the one key `_isoformat`.

`trace/store` calls `convert` before `trace/serializer` reads the result.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from awstracer.trace.serializer import MAX_DEPTH, JsonObject, NestedTooDeeply, is_tagged


def convert(calls: list[Any]) -> dict[str, Any]:
    """Return a trace of format 2; raise FormatError if an entry is not a call."""
    entries = [JsonObject(entry, f"entry {number}") for number, entry in enumerate(calls, 1)]
    return {"version": 2, "recorded": {}, "commands": [_command(entry) for entry in entries]}


def _command(entry: JsonObject) -> dict[str, Any]:
    service, dot, operation = entry.get("fn_name", str).partition(".")
    if not (service and dot and operation):
        raise entry.error("fn_name", "is not SERVICE.OPERATION")
    times = {"started": _time(entry, "ts_start"), "ended": _time(entry, "ts_end")}
    call = {
        "service": service,
        "operation": operation,
        "request": _value(entry.get("inparams", dict)),
        "response": _value(entry.get("outparams", dict)),
        "request_id": entry.get_optional("request_id", str),
        **times,
    }
    return {"argv": [], "operation": {"service": service, "name": operation}, "exit_code": 0, "calls": [call], **times}


def _time(entry: JsonObject, name: str) -> str:
    return JsonObject(entry.get(name, dict), f"{entry.where}.{name}").get("_isoformat", str)


def _value(value: Any, levels: int = MAX_DEPTH) -> Any:
    """Return a value with the tags of format 2; a user's own `_isoformat` is a time only if it reads as one."""
    if levels <= 0:
        raise NestedTooDeeply
    if isinstance(value, dict):
        if list(value) == ["_isoformat"] and _is_time(value["_isoformat"]):
            return {"$datetime": value["_isoformat"]}
        members = {key: _value(child, levels - 1) for key, child in value.items()}
        return {"$object": members} if is_tagged(value) else members
    if isinstance(value, list):
        return [_value(child, levels - 1) for child in value]
    return value


def _is_time(text: Any) -> bool:
    try:
        datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return False
    return True
