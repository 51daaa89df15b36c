"""`awstrace-play`, put together: a trace and the switches become a plan, which is executed."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_bytes

from awstracer import (
    __version__,
    blanks,
    configuration,
    guards,
    location,
    noting,
    plan,
    planning,
    player,
    queries,
    questions,
    relations,
    replayed,
    results,
    saving,
    schedule,
    tracefile,
)
from awstracer.capture import Outcome
from awstracer.complaints import complain
from awstracer.crew import Crew
from awstracer.errors import ExitCode, OtherAccount, Refused, TraceError
from awstracer.invocation import Invocation, Played
from awstracer.journal import Journal, journal_of
from awstracer.planning import Order, Planned
from awstracer.player import Player, Report
from awstracer.progress import Progress
from awstracer.redaction import Redactor
from awstracer.resolve import Knowledge
from awstracer.steps import Step
from awstracer.together import Together
from awstracer.trace import Call, Circumstances, Document, Trace

UNLIKE = (
    "says of awscli's commands what this awscli denies: a dry run may have shown other lines; "
    'nothing was sent; take "known" out of the file to play it all the same'
)


class Playing:
    """A trace that is about to be played as the person ordered; any AwstracerError means that nothing was sent."""

    def __init__(self, order: Order, screen: Progress) -> None:
        self._order, self._screen = order, screen
        self._is_plain = configuration.is_plain(os.environ)  # importing awscli changes the environment
        self._trace = trace = tracefile.load(order.trace_file)
        from awstracer import driver  # importing awscli takes a while, and a trace that can't be read does without

        self._version = driver.VERSION
        self._aws = driver.AwsCli()
        self._aws.check_profile(order.profile)
        self._account = functools.cache(lambda words: self._aws.account([*words, *order.extra]))
        aws = noting.Noting(self._aws, driver.VERSION)
        found = relations.derive(trace, queries.query, aws)
        made = plan.make(trace, found, order.overrides, aws, order.given, selected=order.selected(trace))
        if self._is_plain and not noting.is_confirmed(trace, aws):
            raise Refused(f"{order.trace_file} {UNLIKE}")
        self._identities = guards.identities(made, self._aws.global_options())
        self._planned = Planned(trace, found, made, self._place(), queries.query)
        self._planned.check()
        screen.found(found)

    def _noted(self, trace: Trace) -> Document | None:
        """What awscli knows of the commands of a replay's own trace."""
        return noting.noted(trace, queries.query, lambda: self._aws, self._version) if self._is_plain else None

    def _place(self) -> Played:
        """Where it is played; the account is asked for once, when it is needed."""
        words = self._identities[0] if len(self._identities) == 1 else ()
        region = self._order.region or self._aws.region(self._order.profile)
        return planning.place(region, self._aws, lambda: self._account(words))

    def _doubts(self) -> Sequence[guards.Doubt]:
        if self._order.agrees:
            return ()
        options, aliases = self._aws.global_options(), self._aws.shell_aliases()
        return guards.doubts(self._planned.plan, options, os.environ, Path.cwd(), aliases)

    def play(self, save_trace: Path | None, *, resume: bool) -> int:
        """Do it, and record the replay in a trace of its own if there is a file for that; the exit code."""
        reason = questions.refused(self._doubts())
        if reason is not None:
            raise Refused(reason)
        for words in self._identities if self._order.account else ():
            if self._account(words) != self._order.account:
                raise OtherAccount(str(self._order.account), self._account(words), words)
        secrets = questions.secrets(blanks.blanks(self._planned.plan), os.environ)
        knowledge = self._planned.knowledge(blanks.with_secrets(self._planned.plan, secrets), live=True)
        if save_trace is None:
            return self._run(knowledge, {}, lambda *_: None)
        return self._play_and_save(save_trace, knowledge, resume=resume)

    def _run(self, knowledge: Knowledge, done: Mapping[int, Sequence[Call]], note: player.Done) -> int:
        order, screen = self._order, self._screen
        screen.moved(location.settings(self._trace, self._aws), self._planned.played)
        settings = player.Settings(order.extra, order.pause, order.keep_going, order.settle, done)
        play = self._together if order.jobs > 1 else self._in_turn
        report = play(knowledge, settings, note)
        screen.ended(report)
        if report.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.OK if report.succeeded else ExitCode.FAILED

    def _in_turn(self, knowledge: Knowledge, settings: player.Settings, note: player.Done) -> Report:
        with _interrupts() as interrupts:
            return Player(
                knowledge.plan,
                knowledge=knowledge,
                runner=self._aws,
                sleep=time.sleep,
                observer=self._screen,
                settings=settings,
                ask=questions.EachStep() if self._order.asks_each else lambda _: player.Answer.YES,
                interrupted=lambda: bool(interrupts),
                done=note,
            ).play()

    def _together(self, knowledge: Knowledge, settings: player.Settings, note: player.Done) -> Report:
        """Play several commands at the same time, in processes that have read the models and the settings."""
        before = schedule.predecessors(knowledge.plan.steps, heeds_pauses=self._order.pause is None)
        self._aws.warm()
        self._aws.prepare((*step.line, *self._order.extra) for step in knowledge.steps if step.form is not None)
        with _interrupts() as interrupts, Crew(self._aws, self._order.jobs) as crew:
            return Together(
                knowledge.plan,
                knowledge=knowledge,
                runner=self._aws,
                crew=crew,
                jobs=self._order.jobs,
                before=before,
                observer=self._screen,
                settings=settings,
                interrupted=lambda: bool(interrupts),
                done=note,
            ).play()

    def _play_and_save(self, path: Path, knowledge: Knowledge, *, resume: bool) -> int:
        """Play, and record the replay in a trace file of its own, however it ends."""
        _check_resumable(path, resume=resume)
        here = Circumstances(
            _now(), self._planned.played.region, __version__, self._version, self._planned.played.account()
        )
        tell = functools.partial(complain, "awstrace-play")
        with Journal(path, here) as journal:
            if saving.is_saved(journal.commands, path):
                journal.clear()
            before = tracefile.load(path) if path.exists() else None
            done: Mapping[int, Sequence[Call]] = {}
            if resume:
                replayed.check_place(before.recorded if before else journal.recorded, here)
                earlier = before.commands if before else ()
                done = replayed.taken_up([*earlier, *journal.commands], knowledge)
                tell(results.resumed(done, len(knowledge.steps)))
            commands, keep = list(journal.commands), saving.keeping(journal, tell)
            redactor = Redactor(token_bytes(32), self._aws, knowledge.plan.secrets.values())

            def note(step: Step, invocation: Invocation, outcome: Outcome, started: datetime, ended: datetime) -> None:
                key = knowledge.environment(step).get("AWS_ACCESS_KEY_ID")
                written = replayed.written(step, invocation, outcome, started, ended, access_key=key)
                commands.append(redactor.command(written))
                keep(commands)

            try:
                code = self._run(knowledge, done, note)
            finally:
                trace = Trace(tuple(commands), journal.recorded)
                remedy = "go on with --resume"
                is_saved = saving.save(path, before, trace, journal, tell=tell, remedy=remedy, known=self._noted)
            return code if code or is_saved else ExitCode.FAILED


def _check_resumable(path: Path, *, resume: bool) -> None:
    """TraceError unless there is a replay to resume, or none where none is to be."""
    tracefile.check_writable(path)
    there = [each for each in (path, journal_of(path)) if each.exists()]
    if resume and not there:
        raise TraceError(path, "is not there: no replay was recorded in it that could be resumed")
    if there and not resume:
        raise TraceError(there[0], "is there already: say --resume to go on with that replay, or name another file")


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Ctrl-C raises KeyboardInterrupt, as ever, and is noted in the list; where it is ignored, it stays so."""
    noted: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield noted
        return

    def note(number: int, _: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _now() -> datetime:
    return datetime.now(timezone.utc)
