"""Replace the secrets of commands by placeholders: a command goes in, a command without secrets comes out.

`iam create-login-profile --user-name u --password hunter2`, with its request and response, is redacted in two steps:

1. `secrets/detector` finds the secrets, each in its own place: the member `Password` of the request, marked by the API
   model, and the word after `--password`.
2. `secrets/scrubber` replaces the same secrets everywhere else in the command: in the error `hunter2 is too short`.

A secret that is distinctive is also replaced in all later commands of the session. A short secret or an everyday word
(`abc`, `true`) is replaced in its own place only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from awstracer.aws.api_model import Direction, MemberInfo, MemberModel
from awstracer.secrets import patterns
from awstracer.secrets.detector import Detector, Shapes
from awstracer.secrets.scrubber import Scrubber, contained_secrets, texts_of
from awstracer.trace.model import Call, Command
from awstracer.trace.paths import Path


class Redactor:
    """Replaces secrets by placeholders. Equal secrets have equal placeholders as long as the key is the same.

    `secrets` were found elsewhere, as in earlier commands: the distinctive ones are replaced wherever they stand.
    """

    def __init__(self, key: bytes, models: MemberModel, secrets: Iterable[str] = ()) -> None:
        self._key, self._models = key, models
        self._distinctive = set(filter(patterns.is_distinctive, secrets))

    @property
    def distinctive_secrets(self) -> frozenset[str]:
        """The distinctive secrets among those of the start and those found so far."""
        return frozenset(self._distinctive)

    def redact_command(self, command: Command) -> Command:
        """Return a command without its secrets and those of earlier commands."""
        detector = Detector(self._key)
        redacted = self._redact_in_place(command, detector)
        secrets = detector.shared | contained_secrets(texts_of(redacted), self._distinctive)
        self._distinctive |= set(filter(patterns.is_distinctive, detector.shared))
        return Scrubber(self._key, secrets).scrub_command(redacted)

    def redact_words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """Return the words of a line without secrets, by options' names and by forms; the line need not have run."""
        detector = Detector(self._key)
        words = list(detector.redact_words(argv, patterns.is_secret))
        secrets = detector.shared | contained_secrets(words, self._distinctive)
        return Scrubber(self._key, secrets).scrub_words(words, words[:2])

    def _redact_in_place(self, command: Command, detector: Detector) -> Command:
        operation = command.operation
        if operation is not None:
            shapes = self._shapes(operation.service, operation.name, "request")
            parameters = detector.redact_structure(operation.parameters, operation.name, shapes)
            operation = replace(operation, parameters=parameters)
        return replace(
            command,
            operation=operation,
            calls=tuple(self._redact_call(call, detector) for call in command.calls),
            argv=tuple(detector.redact_words(command.argv, detector.judge_words_of(command))),
            files=detector.redact_files(command),
            access_key=command.access_key and detector.redact_text(command.access_key),
        )

    def _redact_call(self, call: Call, detector: Detector) -> Call:
        request = self._shapes(call.service, call.operation, "request")
        response = self._shapes(call.service, call.operation, "response")
        return replace(
            call,
            request=detector.redact_structure(call.request, call.operation, request),
            response=call.response and detector.redact_structure(call.response, call.operation, response),
            error=call.error and replace(call.error, message=detector.redact_text(call.error.message)),
        )

    def _shapes(self, service: str, operation: str, direction: Direction) -> Shapes:
        @cache
        def shapes(path: Path) -> MemberInfo:
            return self._models.shape(service, operation, direction, path)

        return shapes
