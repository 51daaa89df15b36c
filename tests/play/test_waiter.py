"""Polls: which runs of a command become one, what they are taken to have waited for, and how they are judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.play import waiter
from awstracer.play.waiter import PollStatus, poll_status
from awstracer.record.poll_detector import collapse_polls
from awstracer.trace.model import CallError, Command, Condition, Poll
from awstracer.trace.paths import EACH
from awstracer.trace.query import evaluate
from tests.traces import THEN, call, command, operation
from tests.values import VALUES

pytestmark = pytest.mark.once

DATABASE = ["rds", "describe-db-instances", "--db-instance-identifier", "db"]
STATUS = ["--query", "DBInstances[0].DBInstanceStatus"]
GONE = "DBInstanceNotFound"


def described(response: dict[str, Any], *words: str, key: str | None = None) -> Command:
    """A question for a database, and its answer."""
    made = operation("rds.DescribeDBInstances", {"DBInstanceIdentifier": "db"}, response, [*DATABASE, *words])
    return replace(made, access_key=key)


def database(*statuses: str, **more: Any) -> dict[str, Any]:
    """An answer that tells of databases in these states."""
    return {"DBInstances": [{"DBInstanceStatus": status, "Endpoint": "a.b", **more} for status in statuses]}


def refused(code: str, *words: str) -> Command:
    """The same question, which fails."""
    made = described({}, *words)
    return replace(made, exit_code=254, calls=(replace(made.calls[0], response=None, error=CallError(code, "m")),))


def timed(commands: list[Command], seconds: float = 1, pause: float = 5) -> list[Command]:
    """Commands one after the other, that take so long, with so long between them."""
    starts = [THEN + timedelta(seconds=at * (seconds + pause)) for at in range(len(commands))]
    ends = [start + timedelta(seconds=seconds) for start in starts]
    return [replace(each, started=start, ended=end) for each, start, end in zip(commands, starts, ends, strict=True)]


def fold(*commands: Command) -> list[Command]:
    return collapse_polls(commands, evaluate)


def until(*commands: Command) -> tuple[Condition, ...]:
    """What these commands, which are one poll, waited for."""
    (only,) = fold(*commands)
    assert only.poll is not None
    assert only.poll.times == len(commands)
    return only.poll.until


PLACE = ("DBInstances", 0, "DBInstanceStatus")
CREATING, BACKUP, AVAILABLE = (described(database(each)) for each in ("creating", "backing-up", "available"))


# --- what becomes one


def test_a_poll_becomes_its_last_run_from_the_firsts_beginning_on() -> None:
    first, *others = timed([CREATING, CREATING, BACKUP, AVAILABLE])
    (only,) = fold(replace(first, pause=9.0), *others)
    assert only.poll == Poll(4, 5.0, (Condition(PLACE, "available"),))
    assert (only.response, only.pause) == (AVAILABLE.response, 9.0)
    assert (only.started, only.ended) == (first.started, others[-1].ended)


def test_one_long_pause_does_not_change_the_interval() -> None:
    *some, last = timed([CREATING] * 4 + [AVAILABLE], pause=3)
    later = replace(last, started=last.started + timedelta(hours=1), ended=last.ended + timedelta(hours=1))
    (only,) = fold(*some, later)
    assert only.poll is not None
    assert only.poll.interval == 3


def test_two_runs_are_a_poll_if_the_answer_changed() -> None:
    assert until(CREATING, AVAILABLE) == (Condition(PLACE, "available"),)


def test_a_run_whose_answer_never_changes_stays_as_it_is() -> None:
    for run in ([AVAILABLE] * 3, [refused(GONE)] * 3, [AVAILABLE]):
        assert fold(*run) == run


def test_what_is_asked_once_more_after_a_poll_is_asked_by_itself() -> None:
    one, other = fold(CREATING, AVAILABLE, AVAILABLE)
    assert one.poll is not None
    assert other == AVAILABLE


def test_only_what_is_equal_adjacent_and_reads_is_a_poll() -> None:
    elsewhere = replace(AVAILABLE, calls=(replace(AVAILABLE.calls[0], region="eu-west-1"),))
    others = [
        described(database("available"), "--no-cli-pager"),
        described(database("available"), key="AKIAIOSFODNN7EXAMPLE"),
        replace(AVAILABLE, files={"file://x": "y"}),
        elsewhere,
    ]
    for other in others:
        assert fold(CREATING, other) == [CREATING, other]
    between = operation("iam.CreateUser", {"UserName": "a"}, {})
    assert fold(CREATING, between, AVAILABLE) == [CREATING, between, AVAILABLE]
    sent = [
        operation("sqs.ReceiveMessage", {"QueueUrl": "q"}, answer) for answer in ({}, {"Messages": [{"Body": "b"}]})
    ]
    assert fold(*sent) == sent


def test_a_custom_command_is_a_poll_if_all_its_calls_read() -> None:
    nothing, something = ({"Contents": listed} for listed in ([], [{"Key": "k", "Size": 3}]))
    absent, there = (
        command(["s3", "ls", "s3://b/"], call("s3.ListObjectsV2", {}, each)) for each in (nothing, something)
    )
    assert until(absent, there) == (Condition(("ListObjectsV2", "Contents")),)
    assert until(replace(absent, exit_code=1), there) == ()
    writing = [replace(each, calls=(*each.calls, call("s3.PutObject", {}, {}))) for each in (absent, there)]
    assert fold(*writing) == writing


# --- what was waited for


def printed(*values: Any, asked: str = "Stacks[0].StackStatus") -> tuple[Condition, ...]:
    """What was waited for by a command whose `--query` found these values."""
    words = ["--query", f"x.{asked.replace('Stacks[0]', 'a')}"]
    found = [{"x": {"a": {asked.rpartition(".")[2]: value}}} for value in values]
    return until(*(described(each, *words) for each in found))


def test_what_a_query_printed_is_what_was_waited_for() -> None:
    assert printed("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE") == (Condition((), "CREATE_COMPLETE"),)
    assert printed(None, "ok") == (Condition((), "ok"),)
    assert printed(0, 1, 3, asked="Stacks[0].Count") == (Condition((), 3),)
    assert printed("10%", "70%", "100%", asked="Stacks[0].Progress") == (Condition((), "100%"),)
    assert printed(None, "i-0a1b2c3d4e5f60718", asked="Stacks[0].StackId") == (Condition(()),)
    assert printed("vpc-0a1b2c3d4e5f60718", None, asked="Stacks[0].VpcId") == (Condition((), is_there=False),)
    assert printed(False, True, asked="Stacks[0].IsReady") == (Condition((), True),)


def test_a_state_is_believed_before_what_changed_with_it() -> None:
    before = database("creating", Size=1, Tags=[])
    after = database("available", Size=2, Tags=[{"Key": "a"}])
    assert until(described(before), described(after)) == (Condition(PLACE, "available"),)
    state = [
        {"Instances": [{"State": {"Code": code, "Name": name}}]} for code, name in ((0, "pending"), (16, "running"))
    ]
    assert until(*map(described, state)) == (Condition(("Instances", 0, "State", "Name"), "running"),)


def test_a_number_counts_if_it_was_none_before_or_one_and_the_same() -> None:
    for counts in ([0, 3], [2, 2, 3], [3, 0]):
        assert until(*(described({"Count": count}) for count in counts)) == (Condition(("Count",), counts[-1]),)


def test_of_what_appeared_only_that_it_is_there_counts() -> None:
    empty: dict[str, Any] = {"Reservations": []}
    listed = {"Reservations": [{"Id": "r-1", "State": "pending"}]}
    assert until(described(empty), described(listed)) == (Condition(("Reservations",)),)
    assert until(described(listed), described(empty)) == (Condition(("Reservations",), is_there=False),)
    longer = {"Reservations": [*listed["Reservations"], {"Id": "r-2", "State": "pending"}]}
    assert until(described(listed), described(longer)) == (Condition(("Reservations", 1)),)


def test_a_state_of_all_elements_is_one_in_whatever_order_they_are() -> None:
    answers = [database("creating", "creating"), database("available", "creating"), database("available", "available")]
    everywhere = ("DBInstances", EACH, "DBInstanceStatus")
    assert until(*map(described, answers)) == (Condition(everywhere, "available"),)
    assert Condition(everywhere, "available").holds(database("available"))
    assert not Condition(everywhere, "available").holds(database("creating", "available"))
    assert not Condition(everywhere, "available").holds(database())
    mixed = [database("creating", "stopped"), database("available", "stopped")]
    assert until(*map(described, mixed)) == (Condition(PLACE, "available"),)


@pytest.mark.parametrize(
    "answers",
    [
        [{"At": THEN}, {"At": THEN + timedelta(1)}],
        [{"At": "2026-01-02T03:04:05Z"}, {"At": "2026-01-02T03:04:09Z"}],
        [{"At": 1767323045.5}, {"At": 1767323049.5}],
        [{"Free": 3}, {"Free": 9}, {"Free": 4}],
        [
            {"Token": "<SECRET-0123456789ABCDEF0123456789ABCDEF>"},
            {"Token": "<SECRET-00000000000000000123456789ABCDEF>"},
        ],
        [{"Name": "orders"}, {"Name": "invoices"}],
        [{"StatusReason": "Because"}, {"StatusReason": "Just so"}],
    ],
)
def test_what_is_another_one_each_time_is_not_waited_for(answers: list[dict[str, Any]]) -> None:
    run = [described(answer) for answer in answers]
    assert fold(*run) == run


def test_success_after_failures_and_failure_after_successes_are_waited_for() -> None:
    (made,) = fold(refused(GONE), refused("Throttling"), refused(GONE), AVAILABLE)
    assert made.poll == Poll(4, 0.0, (), (GONE, "Throttling"))
    (ready,) = fold(refused(GONE), CREATING, AVAILABLE)
    assert ready.poll == Poll(3, 0.0, (Condition(PLACE, "available"),), (GONE,))
    (deleted,) = fold(AVAILABLE, CREATING, refused(GONE))
    assert (deleted.poll, deleted.error_code) == (Poll(3, 0.0), GONE)
    for code in ("Throttling", "ReadTimeoutError", "ExpiredToken", "InternalFailure"):
        assert fold(AVAILABLE, refused(code)) == [AVAILABLE, refused(code)]


def test_what_changes_something_is_a_poll_if_it_was_refused_until_it_succeeded() -> None:
    done = operation("lambda.CreateFunction", {"FunctionName": "f"}, {"FunctionName": "f"})

    def fails(code: str) -> Command:
        return replace(done, exit_code=254, calls=(replace(done.calls[0], response=None, error=CallError(code, "m")),))

    not_yet = fails("InvalidParameterValueException")
    one, other = fold(not_yet, not_yet, done, done)
    assert (one.poll, other) == (Poll(3, 0.0, (), ("InvalidParameterValueException",)), done)
    for run in ([done, done], [done, not_yet], [fails("ReadTimeoutError"), done], [fails("InternalFailure"), done]):
        assert fold(*run) == run


@given(st.lists(VALUES, min_size=2, max_size=5))
def test_what_was_waited_for_held_of_the_last_answer_only(answers: list[Any]) -> None:
    for each in collapse_polls([described({"a": answer}) for answer in answers], evaluate):
        if each.poll is not None:
            assert each.poll.first_unmet(each.response) is None
    found = collapse_polls([described({"a": answer}) for answer in answers], evaluate)
    at = 0
    for each in found:
        times = each.poll.times if each.poll is not None else 1
        for earlier in answers[at : at + times - 1]:
            assert each.poll is not None
            assert each.poll.first_unmet({"a": earlier}) is not None
        at += times
    assert at == len(answers)


# --- how runs are judged

POLL = Poll(3, 5.0, (Condition(("a",), "ok"),), ("Soon",))
WAITS = replace(operation("x.DescribeY", {}, {"a": "ok"}), poll=POLL)
ERROR = (replace(call("x.DescribeY", {}, {}), response=None, error=CallError("Soon", "m")),)


def judged(recorded: Command, code: int, shown: Any = None, error: str | None = None) -> PollStatus:
    calls = () if error is None else (replace(ERROR[0], error=CallError(error, "m")),)
    return poll_status(recorded, code, calls, lambda: shown)


def test_an_answer_is_waited_for() -> None:
    assert judged(WAITS, 0, {"a": "ok"}) is PollStatus.DONE
    assert judged(WAITS, 0, {"a": "going"}) is PollStatus.AGAIN
    assert judged(WAITS, 0, {}) is PollStatus.AGAIN
    assert judged(WAITS, 255, error="Soon") is PollStatus.AGAIN
    assert judged(WAITS, 255, error="Denied") is PollStatus.FAILED
    assert judged(WAITS, 255) is PollStatus.FAILED


def test_an_error_is_waited_for() -> None:
    ends = replace(WAITS, exit_code=254, calls=ERROR, poll=Poll(3, 5.0))
    assert judged(ends, 0, {"a": "ok"}) is PollStatus.AGAIN
    assert judged(ends, 255, error="Soon") is PollStatus.DONE
    assert judged(ends, 255, error="Denied") is PollStatus.FAILED


def test_a_failure_is_expected_where_it_was_recorded_with_the_same_error() -> None:
    failed = replace(WAITS, exit_code=254, calls=ERROR, poll=None)
    assert judged(failed, 255, error="Soon") is PollStatus.DONE
    assert judged(failed, 0) is PollStatus.DONE
    assert judged(failed, 255, error="Denied") is PollStatus.FAILED
    assert judged(failed, 255) is PollStatus.FAILED
    assert judged(replace(failed, calls=()), 255, error="Denied") is PollStatus.DONE
    assert judged(replace(WAITS, poll=None), 255, error="Soon") is PollStatus.FAILED


def test_flags_and_numbers_are_not_each_other() -> None:
    assert Condition(("a",), True).holds({"a": True})
    assert not Condition(("a",), True).holds({"a": 1})
    assert not Condition(("a",), 1).holds({"a": True})
    assert not Condition(("a",)).holds({"a": ""})
    assert Condition(("a",)).holds({"a": 0})
    assert Condition(("a", 3), is_there=False).holds({"a": []})


def test_how_long_and_how_often() -> None:
    short = replace(WAITS, started=THEN, ended=THEN + timedelta(seconds=20))
    assert waiter.poll_limit(short) == 600
    assert waiter.poll_limit(replace(short, ended=THEN + timedelta(seconds=90))) == 900
    assert [waiter.poll_interval(replace(POLL, interval=each), None) for each in (0, 0.1, 5)] == [0.5, 0.5, 5]
    assert [waiter.poll_interval(POLL, each) for each in (0, 1, 60)] == [0.2, 1, 60]
