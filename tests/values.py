"""Hypothesis strategies for what a trace can hold."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import strategies as st

from awstracer.trace.model import Call, CallError, Command, Condition, Opaque, Operation, Poll, RecordingInfo, Trace
from awstracer.trace.paths import EACH
from awstracer.trace.serializer import MAX_SECONDS, MAX_TIMES

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
KEYS = TEXT | st.sampled_from(["$bytes", "$datetime", "$object", "$opaque", "$float", "$", "_isoformat"])
FIRST, LAST = datetime(2, 1, 1), datetime(9998, 12, 31)
TIMES = st.datetimes(FIRST, LAST, timezones=st.just(timezone.utc))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary(max_size=12)
    | st.datetimes(FIRST, LAST)
    | st.datetimes(timezones=st.just(timezone.utc))
    | st.builds(Opaque, st.none() | TEXT)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)
NAMES = st.sampled_from(["ec2", "s3", "iam", "CreateVpc", "PutObject"])
ERRORS = st.builds(CallError, TEXT, TEXT)


PATHS = st.sampled_from([(), ("a b", 0), ("DBInstances", EACH, "$x")])
WAITED_FOR = TEXT | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
CONDITIONS = st.builds(Condition, PATHS, WAITED_FOR) | st.builds(Condition, PATHS, is_there=st.booleans())
POLLS = st.none() | st.builds(
    Poll, st.integers(1, MAX_TIMES), st.floats(0, MAX_SECONDS), st.tuples(CONDITIONS), st.tuples(TEXT)
)


def calls() -> st.SearchStrategy[Call]:
    answers = st.tuples(DOCUMENTS, st.none()) | st.tuples(st.none(), ERRORS)
    return st.builds(
        lambda answer, **rest: Call(response=answer[0], error=answer[1], **rest),
        answers,
        service=NAMES,
        operation=NAMES,
        request=DOCUMENTS,
        region=st.none() | TEXT,
        request_id=st.none() | TEXT,
        started=TIMES,
        ended=TIMES,
    )


def commands() -> st.SearchStrategy[Command]:
    words = st.lists(TEXT, max_size=4).map(tuple)
    return st.builds(
        Command,
        argv=words,
        operation=st.none() | st.builds(Operation, NAMES, NAMES, DOCUMENTS),
        calls=st.lists(calls(), max_size=2).map(tuple),
        exit_code=st.integers(0, 255),
        started=TIMES,
        ended=TIMES,
        pause=st.floats(0, MAX_SECONDS),
        files=st.dictionaries(TEXT, TEXT | st.binary(max_size=12), max_size=2),
        step=st.none() | st.integers(1),
        access_key=st.none() | TEXT,
        poll=POLLS,
    )


def traces() -> st.SearchStrategy[Trace]:
    script = st.lists(TEXT, max_size=2).map(tuple)
    recorded = st.builds(RecordingInfo, st.none() | TIMES, *[st.none() | TEXT] * 4, script)
    return st.builds(Trace, st.lists(commands(), max_size=3).map(tuple), recorded)
