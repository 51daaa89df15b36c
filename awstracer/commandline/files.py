"""The files that a custom command's line reads: the words to which a trace may give a content.

`aws ssm put-parameter --value file://v.txt` is recorded with what `v.txt` held. awscli expands a word that begins with
one of four prefixes, and such a word behind `@=` in shorthand syntax: `Key@=file://v.txt`. No other word of a line is a
file's name to awscli's parser, so no content is ever taken for another word.
"""

from __future__ import annotations

from collections.abc import Sequence

from awstracer.trace.model import STDIN

EXPANDED = ("file://", "fileb://", "http://", "https://")
STDIN_FILES = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
INPUT_COMMANDS = (("codecommit", "credential-helper"),)  # that read their input without a word that says so


def is_read(word: str, argv: Sequence[str]) -> bool:
    """Return whether a line reads what a word stands for, or its standard input, which is `-`."""
    if word == STDIN:
        return _reads_input(argv)
    behind_name, in_shorthand = f"={word}", f"@={word}"
    is_there = any(each == word or each.endswith(behind_name) or in_shorthand in each for each in argv)
    return is_there and word.startswith(EXPANDED)


def _reads_input(argv: Sequence[str]) -> bool:
    if STDIN in argv or any(name in word for word in argv for name in STDIN_FILES):
        return True
    return any(tuple(argv[at : at + 2]) in INPUT_COMMANDS for at in range(len(argv)))
