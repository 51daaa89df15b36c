"""Finds what a plan would do that a person has to confirm before anything is sent.

A trace may come from somebody else. It must not decide alone under which identity commands run, whom the requests
reach, or what happens on the person's machine. A command that was recorded with `--profile prod` gives
`Confirmation((3,), RecordedOption("--profile", "prod"))`, if `prod` isn't the profile of the session anyway.

Operations are what replaying means, and are not asked about. Of custom commands, those are harmless that
`aws/custom_commands` lists, with local paths that `plan/local_paths` finds harmless. The words of a line may be other
ones when it is played, since answers feed them: `SafetyChecks.check` then judges the line again.

`cli/prompts` asks, and `cli/plan_view` has the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from awstracer.aws.local_effects import Action, LocalEffects, PathEffect, expanded
from awstracer.aws.settings import ACCESS_KEY_VARIABLE, OPTION_VARIABLES, value_of_option
from awstracer.commandline.options import ExtraArgument, match_option
from awstracer.commandline.text import Provenance, text_of, to_str
from awstracer.errors import UnsafeWord
from awstracer.plan.credentials import PROFILE_OPTION
from awstracer.plan.invocation import Invocation
from awstracer.plan.local_paths import Surroundings, reason_to_ask
from awstracer.plan.model import Plan, Step
from awstracer.plan.template import Given, Kept
from awstracer.trace.model import Opaque

# The options that decide the identity and the address of requests, each with the environment variables that do the
# same, in the order in which awscli reads them.
TRUSTED: Mapping[str, tuple[str, ...]] = {
    "--profile": OPTION_VARIABLES["--profile"],
    "--endpoint-url": OPTION_VARIABLES["--endpoint-url"],
    "--ca-bundle": ("AWS_CA_BUNDLE",),
    "--no-sign-request": (),
    "--no-verify-ssl": (),
}
DEFAULTS = {"--profile": "default"}
LONGEST_PAUSE = 3600.0  # seconds
ENDPOINT_PARAMETERS = {("machinelearning", "Predict"): "PredictEndpoint"}  # stronger than `--endpoint-url`


@dataclass(frozen=True)
class RecordedOption:
    """A command was recorded with a global option that the session doesn't have; `value` is None for a flag."""

    option: str
    value: str | None


@dataclass(frozen=True)
class LocalPath:
    """A command reads, writes or deletes a local path; `reason` says why that is asked about."""

    action: Action
    path: str
    reason: str


@dataclass(frozen=True)
class UnsafeCommand:
    """A command may do other things on this machine than call APIs; `words` are its name, `effect` says what."""

    words: str
    effect: str


@dataclass(frozen=True)
class ForeignKey:
    """A command ran under another access key than the session's, and no command of the trace creates `key`."""

    key: str


@dataclass(frozen=True)
class LongPause:
    """Commands were recorded with pauses of more than LONGEST_PAUSE; `seconds` is the longest."""

    seconds: float


Concern = RecordedOption | LocalPath | UnsafeCommand | ForeignKey | LongPause


@dataclass(frozen=True)
class Confirmation:
    """What a person has to confirm, with the numbers of the commands that do it."""

    numbers: tuple[int, ...]
    concern: Concern


@dataclass(frozen=True)
class SafetyChecks:
    """Judges the steps of plans.

    options       awscli's global options, and whether each takes a value
    environment   the variables of the process
    around        where on this machine the replay takes place
    effects_of    returns what a custom command's line does on this machine, with the contents of its files
    operation_effects   returns what an operation's command of these words does besides calling the operation
    keeps_pauses  whether recorded pauses count: not with `--sleep`
    is_own        whether the person recorded the trace: what its commands do on this machine was agreed to then
    """

    options: Mapping[str, bool]
    environment: Mapping[str, str]
    around: Surroundings
    effects_of: Callable[[Sequence[str], Mapping[str, str | bytes]], LocalEffects]
    operation_effects: Callable[[tuple[str, ...]], LocalEffects]
    is_own: bool
    keeps_pauses: bool

    def required_confirmations(self, plan: Plan) -> tuple[Confirmation, ...]:
        """Return what a person has to confirm before a plan is played, each thing once."""
        numbers: dict[Concern, list[int]] = {}
        for step in plan.selected:
            for concern in dict.fromkeys(self._concerns(step)):
                numbers.setdefault(concern, []).append(step.number)
        confirmations = [Confirmation(tuple(its_numbers), concern) for concern, its_numbers in numbers.items()]
        return (*confirmations, *(_long_pauses(plan) if self.keeps_pauses else ()))

    def check(self, step: Step, invocation: Invocation) -> None:
        """Raise UnsafeWord if values from responses make a custom command's line do what its recorded one doesn't.

        A word from a response can only be a value. It is no option, and it changes neither what kind of thing a word
        is (a path, an S3 URI) nor where a path leads.
        """
        if step.operation_command is not None:
            return
        words = list(map(text_of, invocation.words))
        for word in words:
            if word and word[0].provenance is Provenance.DERIVED and word[0].text.startswith("-"):
                raise UnsafeWord(to_str(word), "looks like an option")
        if invocation.argv == step.command.argv and invocation.files == step.command.files:
            return
        recorded = self.effects_of(step.command.argv, step.command.files)
        now = self.effects_of(invocation.argv, invocation.files)
        if (now.words, now.unsafe) != (recorded.words, recorded.unsafe):
            raise UnsafeWord(" ".join(invocation.argv), "is another command than was recorded")
        if [effect.action for effect in now.paths] != [effect.action for effect in recorded.paths]:
            raise UnsafeWord(" ".join(invocation.argv), "does something else with local files than was recorded")
        texts = [*words, *map(text_of, invocation.request["files"].values())]
        derived = [segment.text for text in texts for segment in text if segment.provenance is Provenance.DERIVED]
        moves = any("/" in text or ".." in text for text in derived)
        agreed = {concern if moves else _kind(concern) for concern in self._line_concerns(step, recorded)}
        given = {to_str(text_of(value)) for value in step.override_values()}
        for concern in self._line_concerns(step, now):
            is_given = isinstance(concern, LocalPath) and concern.path in given
            if not is_given and (concern if moves else _kind(concern)) not in agreed:
                raise UnsafeWord(_subject(concern), "was not agreed to")

    # --- what one step does

    def _concerns(self, step: Step) -> Iterator[Concern]:
        yield from self._option_concerns(trusted_options(step, self.options))
        if not self.is_own and step.operation_command is None:
            yield from self._line_concerns(step, self.effects_of(step.command.argv, step.command.files))
        elif not self.is_own:
            yield from self._operation_concerns(step)
        yield from self._key_concerns(step)

    def _option_concerns(self, pairs: Iterable[tuple[str, str | None]]) -> Iterator[RecordedOption]:
        for option, value in pairs:
            if value is None or not _is_same(value, self._session_value(option)):
                yield RecordedOption(option, value)

    def _session_value(self, option: str) -> str | None:
        """Return the value that an option has in the session; None if it has none.

        The keys of the environment are those of no profile, and `--profile` replaces them (`CLIDriver`, botocore).
        """
        if option == PROFILE_OPTION and self.environment.get(ACCESS_KEY_VARIABLE):
            return None
        return value_of_option(TRUSTED.get(option, ()), self.environment) or DEFAULTS.get(option)

    def _line_concerns(self, step: Step, effects: LocalEffects) -> Iterator[Concern]:
        """Yield what a custom command's line does; what the person gave with `-p` is not asked about."""
        if effects.unsafe is not None:
            yield UnsafeCommand(" ".join(effects.words), effects.unsafe)
        given = _given_texts(step)
        yield from self._path_concerns(effect for effect in effects.paths if effect.path not in given)
        yield from self._option_concerns(effects.endpoints)

    def _operation_concerns(self, step: Step) -> Iterator[Concern]:
        command, operation = step.operation_command, step.command.operation
        assert command is not None
        assert operation is not None
        effects = self.operation_effects(command.words)
        if effects.unsafe is not None:
            yield UnsafeCommand(" ".join(effects.words), effects.unsafe)
        bodies = (value.name for value in operation.parameters.values() if isinstance(value, Opaque) and value.name)
        read = (PathEffect(Action.READ, path) for name in bodies for path in _spellings(name))
        yield from self._path_concerns([*read, *_extra_effects(command.extra)])
        endpoint = operation.parameters.get(ENDPOINT_PARAMETERS.get((operation.service, operation.name), ""))
        if endpoint is not None:
            yield RecordedOption("--predict-endpoint", str(endpoint))

    def _path_concerns(self, effects: Iterable[PathEffect]) -> Iterator[LocalPath]:
        for effect in effects:
            reason = reason_to_ask(effect, self.around)
            if reason is not None:
                yield LocalPath(effect.action, effect.path, reason)

    def _key_concerns(self, step: Step) -> Iterator[ForeignKey]:
        """Yield the access key that no command creates; a line with a profile of its own has that one's."""
        key = step.command.access_key
        has_profile = any(match_option(word, self.options) == PROFILE_OPTION for word in step.command.argv)
        if key is not None and step.credentials is None and not has_profile:
            yield ForeignKey(key)


def _extra_effects(extras: Iterable[ExtraArgument]) -> Iterator[PathEffect]:
    """Yield the effects of the arguments that are no parameters; not those that the person named with `-p`."""
    for extra in extras:
        word = extra.words[-1]
        if not extra.members and all(segment.provenance is Provenance.RECORDED for segment in word):
            action = Action.WRITE if extra.name.endswith("outfile") else Action.READ
            yield from (PathEffect(action, path) for path in _spellings(to_str(word)))


def _spellings(path: str) -> Sequence[str]:
    """Return a path, and as awscli expands it for some commands (`awscli.arguments.resolve_given_outfile_path`)."""
    return list(dict.fromkeys([path, expanded(path)]))


def _given_texts(step: Step) -> set[str]:
    """Return the recorded words, and the values joined to options, in whose place the person gave others with `-p`."""
    argv, leaves = step.command.argv, step.request.leaves
    places = [path[1] for path, leaf in leaves.items() if isinstance(leaf, (Given, Kept))]
    words = [argv[at] for at in places if isinstance(at, int)]
    return {text for word in words for text in (word, word.partition("=")[2]) if text}


def _kind(concern: Concern) -> Concern:
    """Return a concern without the path, which a name from a response can be a part of: `/tmp/i-0a1b.json`."""
    return replace(concern, path="") if isinstance(concern, LocalPath) else concern


def _long_pauses(plan: Plan) -> Iterator[Confirmation]:
    """Yield the recorded pauses, before a command or between the runs of a poll, that a person has to confirm."""
    commands = {step.number: step.command for step in plan.selected}
    seconds = {number: max(each.pause, each.poll.interval if each.poll else 0.0) for number, each in commands.items()}
    numbers = tuple(number for number in seconds if seconds[number] > LONGEST_PAUSE)
    if numbers:
        yield Confirmation(numbers, LongPause(max(seconds[number] for number in numbers)))


def _subject(concern: Concern) -> str:
    match concern:
        case LocalPath(path=path, reason=reason):
            return f"{path}, {reason},"
        case RecordedOption(option=option, value=value):
            return f"{option} {value}"
        case UnsafeCommand(words=words):
            return words
        case ForeignKey(key=key):
            return key
        case LongPause(seconds=seconds):
            return f"{seconds:g} s"


# --- options that decide identities and addresses


def credential_options(plan: Plan, options: Mapping[str, bool]) -> tuple[tuple[str, ...], ...]:
    """Return the recorded options that decide identities and addresses, as words; each combination once.

    Commands that run under credentials which the replay itself creates are left out: these don't exist yet.
    """
    own = [step for step in plan.selected if step.credentials is None]
    combinations = {tuple(word for pair in trusted_options(step, options) for word in pair if word) for step in own}
    return tuple(sorted(combinations))


def trusted_options(step: Step, options: Mapping[str, bool]) -> list[tuple[str, str | None]]:
    """Return the options of a line that decide the identity and the address of its requests, with their values."""
    words = [step.command.argv[at] for at in step.global_option_words]
    pairs: list[tuple[str, str | None]] = []
    for position, word in enumerate(words):
        name, _, value = word.partition("=")
        option = match_option(name, options)
        if option is not None and option in TRUSTED:
            behind = words[position + 1 : position + 2] if name == word else [value]
            pairs.append((option, "".join(behind) if options[option] else None))
    return pairs


def _is_same(value: str, other: str | None) -> bool:
    return other is not None and value.rstrip("/") == other.rstrip("/")
