"""The resolver: turns each step of a plan into an `Invocation`, which is sent, and shown as a line.

It visits the templates of a step once. For the leaf at `VpcId` of `ec2 create-subnet` it gets the value `vpc-9f2c` with
its provenance from `plan/values`, and puts it in the place of the recorded `vpc-0a1b`. In a dry run it is fed recorded
or predicted responses, in a replay the real ones. There is one resolver, so that a dry run shows what a replay does.

`play/player` runs the invocation, and hands the response back with `record_response`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from awstracer.aws.settings import Environment
from awstracer.commandline.options import add_options, match_option
from awstracer.commandline.text import MarkedValue, Provenance, Segment, text_of, unwrap
from awstracer.errors import MissingSecret, MissingValue, NotPlayed
from awstracer.plan import credentials
from awstracer.plan.invocation import HOME, Destination, Invocation, Substitution
from awstracer.plan.model import Plan, Step
from awstracer.plan.values import ValueResolver
from awstracer.secrets import placeholders
from awstracer.trace.model import Call, Structure, response_of
from awstracer.trace.paths import format_path
from awstracer.trace.query import Query


class Resolver:
    """Resolves the steps of a plan, with the responses that are there so far and with where the plan is played.

    In a dry run predicted responses stand in for real ones; otherwise only those given to `record_response` count.
    """

    def __init__(self, plan: Plan, *, is_dry_run: bool, query: Query, destination: Destination = HOME) -> None:
        self._plan, self._is_dry_run, self._query = plan, is_dry_run, query
        self._values = ValueResolver(plan, is_dry_run=is_dry_run, query=query, destination=destination)

    @property
    def plan(self) -> Plan:
        """The plan whose steps it resolves."""
        return self._plan

    @property
    def selected(self) -> tuple[Step, ...]:
        """The plan's steps that are to be played."""
        return self._plan.selected

    def record_response(self, step: Step, response: Structure) -> None:
        """Take the response of a step that was run, as `trace.model.response_of` returns it."""
        self._values.add_response(step.number, response)

    def check(self) -> None:
        """Raise NotPlayed if a step needs the response of one that is not to be played; only for a dry run."""
        if len(self.selected) == len(self._plan.steps):
            return
        played = {step.number: step.selected for step in self._plan.steps}
        for step in self.selected:
            credentials.check_played(step.number, step.credentials, played)
            for path, leaf in step.request.leaves.items():
                place = f"word {path[1]}" if step.operation_command is None else format_path(path)
                with self._played_sources(step, place, step.name_of(path)):
                    self._values.leaf_value(step, step.request, path, leaf)
            with self._played_sources(step, "--query", None):
                self._values.expression(step)

    def invocation(self, step: Step) -> Invocation:
        """Return the step as a command to run; raise MissingValue or MissingSecret if it needs what isn't there."""
        request = self._values.resolve(step, step.request)
        words = [self._global_word(step, at) for at in step.global_option_words]
        changed = []
        if step.operation_command is None:
            words = add_options([word for at in step.arguments for word in _words(request["argv"][at])], words)
            files, recorded = unwrap(request["files"]), step.command.files
            changed = [word for word, content in recorded.items() if word == "-" or files[word] != content]
        invocation = Invocation(step.operation_command, request, words, self._ambiguous(step), tuple(changed))
        if not self._is_dry_run:
            _check_secrets(step, invocation)
        return invocation

    def environment(self, step: Step) -> Environment:
        """Return the variables with a step's own credentials, none for the session's.

        Raise MissingValue if the credentials aren't there.
        """
        if step.credentials is None:
            return {}
        return credentials.environment(step.credentials, self._values.responses.get(step.credentials.number))

    def printed_value(self, step: Step, calls: Sequence[Call]) -> Any:
        """Return what a step printed that made these calls: its response or, if it has a `--query`, what that picks."""
        response = response_of(step.command.operation, calls)
        return response if step.query is None else self._query(unwrap(self._values.expression(step)), response)

    def substitutions(self, step: Step) -> tuple[Substitution, ...]:
        """Return the references of a step's request whose values are there and aren't as recorded."""
        substitutions = []
        for reference in step.request.references():
            relation = reference.relation
            value = self._values.value_or_none(relation.source)
            if value is not None and value.provenance is not Provenance.RECORDED:
                others = ((source, self._values.value_or_none(source)) for source in relation.alternatives)
                differing = tuple(
                    (source, other.value) for source, other in others if other and other.value != value.value
                )
                substitutions.append(Substitution(relation, value.value, value.provenance, differing))
        return tuple(substitutions)

    def _ambiguous(self, step: Step) -> tuple[Substitution, ...]:
        if not any(reference.relation.alternatives for reference in step.request.references()):
            return ()
        return tuple(substitution for substitution in self.substitutions(step) if substitution.alternatives)

    @contextmanager
    def _played_sources(self, step: Step, parameter: str, option: str | None) -> Iterator[None]:
        """Raise NotPlayed in the place of a MissingValue that is missing because a step is not to be played."""
        try:
            yield
        except MissingValue as missing:
            if missing.number is not None and not self._plan.steps[missing.number - 1].selected:
                raise NotPlayed(step.number, parameter, option, missing.number, missing.path) from missing

    def _global_word(self, step: Step, at: int) -> str | MarkedValue:
        """Return a word of a global option; of `--query` the expression as it is now."""
        word, expression = step.command.argv[at], self._values.expression(step)
        if not isinstance(expression, MarkedValue):
            return word
        name, is_joined, _ = word.partition("=")
        if is_joined and match_option(name, ["--query"]):
            return MarkedValue.of_segments((Segment(f"{name}="), *text_of(expression)))
        return expression if match_option(step.command.argv[at - 1], ["--query"]) else word


def _words(value: str | MarkedValue | list[MarkedValue]) -> list[str | MarkedValue]:
    """Return a word of a custom command; of a list that a response gives, a word for each element."""
    return [*value] if isinstance(value, list) else [value]


def _check_secrets(step: Step, invocation: Invocation) -> None:
    """Raise MissingSecret if a placeholder would be sent: nobody gave the secret, or a response has it no more."""
    sent = {"argv": invocation.argv, "files": invocation.files, **(invocation.parameters or {})}
    for name, value in sent.items():
        if any(placeholders.find_placeholders(value)):
            raise MissingSecret([f"{step.number}.{name}"])
