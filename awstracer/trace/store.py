"""Read and write trace files: UTF-8 JSON, written whole and atomically, readable by the owner only.

`load_trace` reads the file within limits on its size, parses JSON strictly (no key twice, no NaN, no number that a
float can't hold), converts older formats one version at a time with CONVERTERS, and passes the result to
`trace/serializer`. `save_trace` writes a temporary file beside the trace and renames it: a trace is the old one or the
new one at any moment, also after a power cut.

Commands that are not saved yet are in `trace/journal`.
"""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from awstracer.errors import TraceError
from awstracer.trace import format_v1, seal
from awstracer.trace.memory import gc_paused
from awstracer.trace.model import Trace
from awstracer.trace.serializer import (
    FORMAT_VERSION,
    FormatError,
    JsonObject,
    NestedTooDeeply,
    trace_from_json,
    trace_to_json,
)

MAX_BYTES = 256_000_000  # bytes: a replay takes about six times as much memory
MAX_VALUES = 10_000_000  # a trace has about one for each 30 bytes; what is denser takes up to 300 bytes for each
MAX_NAME = 255  # bytes of a file's name
LONGEST_ENDING = 16  # bytes beside it: `.journal.1234567`, `.demo.trace.q3x7_0ab`
MAX_DIGITS = 300  # digits: the largest that a float can hold has 309
CONVERTERS: Mapping[int, Callable[[Any], dict[str, Any]]] = {1: format_v1.convert}


def format_trace(trace: Trace) -> str:
    """Return a trace as the text of a file; it is sealed if it is this person's own."""
    document = trace_to_json(trace)
    key = seal.make_key(_seal_key_file()) if trace.is_own else None
    document = document if key is None else seal.sealed(document, key)
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def parse_trace(text: str) -> Trace:
    """Return the trace of a file's text, of any supported format; raise ValueError with the reason if it is none."""
    try:
        with gc_paused():
            document = _parse_json(text)
            key = seal.read_key(_seal_key_file())
            is_own = key is not None and seal.is_intact(document, key)
            return replace(trace_from_json(_convert(document)), is_own=is_own)
    except FormatError as error:
        raise ValueError(f"is not a trace: {error}") from None


def load_trace(path: Path) -> Trace:
    """Read a trace file; raise TraceError if it can't be read or holds no trace."""
    try:
        return parse_trace(_read(path).decode("utf-8"))
    except OSError as error:
        raise TraceError(path, describe_os_error(error)) from error
    except UnicodeDecodeError as error:
        raise TraceError(path, "is not UTF-8 text") from error
    except ValueError as error:
        raise TraceError(path, str(error)) from error


def save_trace(trace: Trace, path: Path) -> None:
    """Write a trace file, whole or not at all; raise TraceError if it can't be written."""
    content = format_trace(trace).encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's escape of it
    try:
        _replace(resolve(path), content)
    except OSError as error:
        raise TraceError(path, describe_os_error(error)) from error


def check_writable(path: Path) -> None:
    """Raise TraceError if `save_trace` to this path could not work; the file itself is not changed."""
    target = resolve(path)
    try:
        if target.is_dir():
            raise TraceError(path, "is a directory")
        if target.exists() and not target.is_file():
            raise TraceError(path, "is no regular file")
        if target.exists() and not os.access(target, os.W_OK):
            raise TraceError(path, "is not writable")
        handle, name = _create_temporary(target)
    except OSError as error:
        raise TraceError(path, describe_os_error(error)) from error
    os.close(handle)
    Path(name).unlink()


def resolve(path: Path) -> Path:
    """Return the file to which a path leads through symbolic links; raise TraceError if they lead in a circle."""
    target = Path(os.path.realpath(path))
    try:
        if target.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except OSError as error:
        raise TraceError(path, describe_os_error(error)) from error
    return target


def short_name(target: Path) -> str:
    """Return the name of a file, for the names of others that belong to it: a long one is cut, and gets a digest."""
    name = os.fsencode(target.name)
    if len(name) <= MAX_NAME - LONGEST_ENDING:
        return target.name
    import hashlib  # takes a while to import, and names are seldom so long

    return f"{name[:100].decode('utf-8', 'ignore')}-{hashlib.sha256(name).hexdigest()[:32]}"


def state_directory() -> Path:
    """Return the folder for what outlives a session, by the XDG Base Directory Specification; it may not exist yet.

    A relative XDG_STATE_HOME is ignored, as the specification wants. For a person without a home folder, it is a
    folder that can't be made.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    home = os.path.expanduser("~/.local/state")  # noqa: PTH111 - it never raises
    base = next((path for path in (state, home) if os.path.isabs(path)), os.devnull)  # noqa: PTH117 - texts
    return Path(base, "awstracer")


def _seal_key_file() -> Path:
    return state_directory() / "seal.key"


def sync_directory(directory: Path) -> None:
    """Have a directory's entries written to disk, if the system, the file system and its permissions allow it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EACCES):
            raise


def describe_os_error(error: OSError) -> str:
    """Return why a file can't be used, as the reason of a TraceError."""
    return f"can't be used: {error.strerror or error}"


def _replace(target: Path, content: bytes) -> None:
    handle, name = _create_temporary(target)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def _create_temporary(target: Path) -> tuple[int, str]:
    """Return the handle and the name of a new file beside another one, of mode 0600."""
    import tempfile  # takes a while to import, and reading does not need it

    return tempfile.mkstemp(dir=target.parent, prefix=f".{short_name(target)}.")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES // 1_000_000} MB: record it in several sessions")
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise ValueError(f"has more than {MAX_VALUES // 1_000_000} million values: record it in several sessions")
    return content


# --- text -> JSON


def _parse_json(text: str) -> Any:
    """Return the value of a JSON text; raise FormatError if it is ambiguous or beyond the limits."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_int=_parse_int,
            parse_float=_parse_float,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise NestedTooDeeply from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from None


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in members if names.count(name) > 1)
        raise FormatError(f"an object in it has {repeated!r:.60} twice")
    return members


def _parse_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise FormatError(f"a number in it has more than {MAX_DIGITS} digits")
    return int(digits)


def _parse_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise FormatError(f"{text:.60} in it is no number that a computer can hold")
    return number


def _refuse_constant(name: str) -> float:
    raise FormatError(f"it has {name} where JSON needs a number")


# --- older formats


def _convert(trace: Any) -> Any:
    """Return the JSON of a trace of any supported format as one of the current format."""
    version = _version(trace)
    if version > FORMAT_VERSION:
        raise FormatError(
            f"it has format {version}, and this awstracer reads formats up to {FORMAT_VERSION}: update awstracer"
        )
    for each in range(version, FORMAT_VERSION):
        trace = CONVERTERS[each](trace)
    return trace


def _version(trace: Any) -> int:
    if isinstance(trace, list):  # format 1 has no version in it
        return 1
    version = JsonObject(trace, "the file", is_outermost=True).get("version", int)
    if version < FORMAT_VERSION:
        raise FormatError(f"there is no format {version} of this shape")
    return version
