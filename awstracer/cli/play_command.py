"""`awstrace-play`: makes a plan of a trace, asks what has to be asked, and executes the plan.

The stages of one run, in order:

1. load the trace, derive its relations, make the plan (`plan/request`): after an error up to here nothing was sent;
2. ask for confirmations, check the account, ask for missing secrets (`cli/prompts`);
3. execute the steps one after the other (`play/player`), or several at a time (`play/parallel`), while
   `cli/replay_view` shows them;
4. with `--save-trace`, write each step that is done to the journal at once (`trace/journal`), and at the end all
   of them to a trace of its own (`trace/saver`), from which `--resume` continues (`play/resume`).
"""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from awstracer import __version__
from awstracer.aws.capture import Outcome
from awstracer.aws.settings import ACCESS_KEY_VARIABLE
from awstracer.cli import prompts
from awstracer.cli.output import save_failure_text, unwritten_text, warn_play
from awstracer.cli.replay_view import ReplayView, resuming
from awstracer.errors import ExitCode, TraceError, WrongAccount
from awstracer.plan import missing_secrets, scheduler
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Step
from awstracer.plan.request import PlayRequest, plan_replay
from awstracer.plan.resolver import Resolver
from awstracer.play import player
from awstracer.play.parallel import ParallelPlayer
from awstracer.play.player import Player, Report
from awstracer.play.resume import check_is_replay, check_same_destination, load_progress, to_command
from awstracer.play.worker_pool import WorkerPool
from awstracer.relations import account_region
from awstracer.secrets.placeholders import new_key
from awstracer.secrets.redactor import Redactor
from awstracer.trace import saver, store
from awstracer.trace.journal import Journal, journal_path
from awstracer.trace.model import Call, RecordingInfo, Trace, utc_now


class PlayCommand:
    """One replay of a trace. Making the object plans it; nothing is sent before `run`."""

    def __init__(self, play_request: PlayRequest, view: ReplayView) -> None:
        self._play_request, self._view = play_request, view
        trace = play_request.load_trace()
        from awstracer.aws import catalog, driver  # awscli takes a while to import: an unreadable trace does without

        self._awscli_version = catalog.AWSCLI_VERSION
        self._aws = driver.AwsCli()
        self._catalog = self._aws.catalog
        self._account = functools.cache(lambda words: self._aws.account([*words, *play_request.global_option_words]))
        self._replay = plan_replay(play_request, trace, self._catalog, self._account)
        self._checks = prompts.safety_checks_here(self._catalog, trace, play_request.pause)
        view.show_origin(trace)
        view.show_relations(self._replay.relations)

    def run(self, save_trace: Path | None, *, resume: bool) -> int:
        """Play, and record the replay in `save_trace` unless that is None; return the exit code."""
        if not self._play_request.agrees:
            prompts.confirm_all(self._checks.required_confirmations(self._replay.plan))
        self._check_account()
        plan = self._replay.plan
        secrets = prompts.ask_secrets(missing_secrets.find_missing_secrets(plan), os.environ)
        resolver = self._replay.resolver(missing_secrets.fill_secrets(plan, secrets), is_dry_run=False)
        if save_trace is None:
            return self._play(resolver, {}, lambda *_: None)
        return self._play_and_save(save_trace, resolver, resume=resume)

    def _check_account(self) -> None:
        """Raise WrongAccount unless all credentials that the trace names are of the account of `--expect-account`."""
        expected = self._play_request.account
        for words in self._replay.credential_options:
            if expected is not None and self._account(words) != expected:
                raise WrongAccount(expected, self._account(words), words)

    # --- executing the plan

    def _play(self, resolver: Resolver, done: Mapping[int, Sequence[Call]], on_done: player.OnDone) -> int:
        """Execute the steps that are not in `done`; return the exit code."""
        play_request, replay = self._play_request, self._replay
        recorded = account_region.recorded_environment(replay.trace, self._catalog)
        self._view.show_destination(recorded, replay.destination)
        options = player.PlayerOptions(
            extra=play_request.global_option_words,
            pause=play_request.pause,
            keep_going=play_request.keep_going,
            settle=play_request.settle,
            done=done,
        )
        run = self._run_parallel if play_request.jobs > 1 else self._run_sequential
        report = run(resolver, options, on_done)
        self._view.ended(report)
        if report.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.OK if report.succeeded else ExitCode.FAILED

    def _run_sequential(self, resolver: Resolver, options: player.PlayerOptions, on_done: player.OnDone) -> Report:
        with _InterruptFlag() as interrupt:
            return Player(
                resolver.plan,
                resolver=resolver,
                aws=self._aws,
                sleep=time.sleep,
                listener=self._view,
                options=options,
                check=self._checks.check,
                ask=prompts.StepPrompt() if self._play_request.asks_each else lambda _: player.StepDecision.YES,
                interrupted=lambda: interrupt.is_set,
                on_done=on_done,
            ).play()

    def _run_parallel(self, resolver: Resolver, options: player.PlayerOptions, on_done: player.OnDone) -> Report:
        """Run several steps at a time, in processes that are forked after the models and settings were read."""
        before = scheduler.predecessors(resolver.plan.steps, keeps_pauses=self._play_request.pause is None)
        self._aws.prepare_calls(
            (*step.residual_words, *self._play_request.global_option_words)
            for step in resolver.selected
            if step.operation_command is not None
        )
        with _InterruptFlag() as interrupt, WorkerPool(self._aws, self._play_request.jobs) as pool:
            return ParallelPlayer(
                resolver.plan,
                pool=pool,
                before=before,
                resolver=resolver,
                listener=self._view,
                options=options,
                check=self._checks.check,
                interrupted=lambda: interrupt.is_set,
                on_done=on_done,
            ).play()

    # --- recording the replay

    def _play_and_save(self, path: Path, resolver: Resolver, *, resume: bool) -> int:
        """Play, and save the replay however it ends; return the exit code."""
        _check_resumable(path, resume=resume)
        here = self._recording_info()
        with Journal(path, here) as journal:
            if saver.is_saved(journal.commands, path):
                journal.clear()
            before = store.load_trace(path) if path.exists() else None
            done: Mapping[int, Sequence[Call]] = {}
            if resume:
                earlier = [*(before.commands if before else ()), *journal.commands]
                check_is_replay(earlier)
                check_same_destination(before.recorded if before else journal.recorded, here)
                done = load_progress(earlier, resolver)
                warn_play(resuming(done, len(resolver.selected)))
            commands, is_own = list(journal.commands), not journal.commands
            write_journal = saver.journal_writer(journal, lambda error: warn_play(unwritten_text(error)))
            redactor = Redactor(new_key(), self._catalog, resolver.plan.secrets.values())

            def record(
                step: Step, invocation: Invocation, outcome: Outcome, started: datetime, ended: datetime
            ) -> None:
                key = resolver.environment(step).get(ACCESS_KEY_VARIABLE)
                command = to_command(step, invocation, outcome, started, ended, access_key=key)
                commands.append(redactor.redact_command(command))
                write_journal(commands)

            try:
                code = self._play(resolver, done, record)
            finally:
                trace = Trace(tuple(commands), journal.recorded, is_own=self._replay.trace.is_own and is_own)
                failure = saver.save_and_clear_journal(path, before, trace, journal)
                if failure is not None:
                    warn_play(save_failure_text(failure, "go on with --resume"))
            return code if code or failure is None else ExitCode.FAILED

    def _recording_info(self) -> RecordingInfo:
        destination = self._replay.destination
        return RecordingInfo(utc_now(), destination.region, __version__, self._awscli_version, destination.account())


def _check_resumable(path: Path, *, resume: bool) -> None:
    """Raise TraceError if there is no replay to resume, or if there is one and `--resume` is missing."""
    store.check_writable(path)
    existing = [each for each in (path, journal_path(path)) if each.exists()]
    if resume and not existing:
        raise TraceError(path, "does not exist, so there is no replay to resume: leave --resume out to begin one")
    if existing and not resume:
        raise TraceError(existing[0], "exists: add --resume to continue that replay, or name another file")


class _InterruptFlag:
    """Remembers that Ctrl-C was pressed, while its `with` block lasts.

    Ctrl-C raises KeyboardInterrupt as always; but Python ignores that in a finalizer, and the flag stays set. Where
    SIGINT is ignored or has another handler, nothing is changed.
    """

    def __init__(self) -> None:
        self.is_set = False

    def __enter__(self) -> _InterruptFlag:
        self._is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._is_ours:
            signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _interrupt(self, *_: object) -> None:
        self.is_set = True
        raise KeyboardInterrupt
