"""What is shown of a plan: lines and explanations on stdout, all else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from awstracer import guards, relations, terminal
from awstracer.blanks import Blank
from awstracer.complaints import complain
from awstracer.invocation import Invocation
from awstracer.resolve import Knowledge
from awstracer.steps import Step
from awstracer.styles import PLAIN, Styles

if TYPE_CHECKING:
    from awstracer.invented import Invented


def show(text: str) -> None:
    """Print a text; a character that the output's encoding lacks is spelled out, as Python does on stderr."""
    encoding = sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def warn(text: str) -> None:
    complain("awstrace-play", text)


Told = tuple[Callable[[str], None], str]


class Screen:
    """Shows a plan: lines and explanations on stdout, all else on stderr."""

    def __init__(self, styles: Styles, *, explain: bool, debug: bool) -> None:
        self._styles, self._explain, self._debug = styles, explain, debug

    def found(self, found: Sequence[relations.Relation]) -> None:
        """The relations of the trace."""
        for relation in found if self._debug else ():
            warn(terminal.relation_text(relation))

    def doubtful(self, doubts: Iterable[guards.Doubt]) -> None:
        """A replay would ask the person about these."""
        for doubt in doubts:
            warn(f"{terminal.doubt_text(doubt)}: a replay asks first")

    def lacking(self, lacking: Sequence[Blank]) -> None:
        """A replay would need these secrets."""
        if lacking:
            warn(terminal.lacking(lacking))

    def made_up(self, values: Iterable[Invented]) -> None:
        """A replay would send these as they were recorded, though the script would make up others."""
        for value in values:
            warn(terminal.made_up(value))

    def previewed(
        self, step: Step, invocation: Invocation, knowledge: Knowledge, pause: float | None, *, is_elsewhere: bool
    ) -> list[Told]:
        """What is told of a command that would run, be it in another region than it was recorded in, and how."""
        shown = self.shown(step, invocation, knowledge)
        foretold = terminal.foretold(step, pause, self._styles)
        left = terminal.unrelated(step, self._styles) if is_elsewhere and not self._explain else ()
        return [*shown, *((show, line) for line in (*foretold, *left))]

    def shown(self, step: Step, invocation: Invocation, knowledge: Knowledge) -> Iterator[Told]:
        yield show, terminal.played(invocation, self._styles)
        unsaid = terminal.unsaid(invocation, self._styles)
        if unsaid:
            yield show, unsaid
        substitutions = knowledge.substitutions(step) if self._explain or self._debug else ()
        for line in (
            terminal.explained(step, substitutions, knowledge.plan.secrets, self._styles) if self._explain else ()
        ):
            yield show, line
        for substitution in invocation.contested:
            for line in terminal.doubtful(step, substitution):
                yield warn, line
        for line in terminal.explained(step, substitutions, knowledge.plan.secrets, PLAIN) if self._debug else ():
            yield warn, f"command {step.number}: {line.strip()}"
