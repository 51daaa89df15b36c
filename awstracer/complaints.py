"""What is wrong and how to mend it: errors in words, one line each, and the way to stderr."""

from __future__ import annotations

import sys

from awstracer import errors
from awstracer.errors import AwstracerError, MissingValue, NotKnown
from awstracer.styles import one_line, short, visible

LONGEST = 2000


def complain(program: str, text: str) -> None:
    """A line on stderr, from one of the two commands."""
    print(f"{program}: {visible(text)}", file=sys.stderr, flush=True)


def error_text(error: AwstracerError) -> str:
    """What is wrong and how to mend it, in one line."""
    return one_line(short(_error_words(error), LONGEST))


def _error_words(error: AwstracerError) -> str:
    match error:
        case errors.GuardError():
            return _guard_words(error)
        case errors.ResumeError():
            return _resume_words(error)
        case errors.OverrideError():
            return _override_words(error)
    return _other_words(error)


def _other_words(error: AwstracerError) -> str:
    match error:
        case errors.TraceError(path=path, reason=reason):
            return f"{path} {reason}"
        case errors.UnknownCommand(number=number, name=name, version=version):
            return f"command {number} is {name}, for which awscli {version} has no command"
        case errors.UnfitParameters(number=number, service=service, operation=operation, reason=reason):
            return f"command {number}, {service}.{operation}, has parameters that it doesn't take: {reason}"
        case errors.MissingWord(number=number, name=name):
            return f"the trace doesn't say the {name} of command {number}: add -p {number}.{name} {name.upper()}"
        case errors.UnknownProfile(name=name, known=known):
            return f"there is no profile {name}; there is {', '.join(known) or 'none'}"
        case errors.MissingSecret(wanted=wanted, variable=variable):
            return (
                f"the trace has no secrets, and this replay needs {', '.join(wanted)}: "
                f"say -p {wanted[0]} VALUE{f', or set {variable}' if variable else ''}"
            )
        case errors.MissingValue(number=number, path=path, found=found):
            whence = "is needed" if number is None else f"was to come from command {number}"
            return f"{path} {whence}, but {found}"
        case errors.SplitError(reason=reason) | errors.BadConfiguration(reason=reason) | errors.Refused(reason=reason):
            return reason
    return str(error)


def _resume_words(error: errors.ResumeError) -> str:
    match error:
        case errors.OtherCircumstances(what=what, before=before, now=now):
            told = f"in {what} {before}" if before else f"in an {what} that it doesn't tell"
            return f"the replay to resume was {told}, and this one is in {now or f'an {what} that can not be told'}"
        case errors.OtherCommand(number=None):
            return "what is to be resumed is not the trace of a replay"
        case errors.OtherCommand(number=number, parameter=None):
            return f"the replay to resume was of another trace: its command {number} is another one"
        case errors.OtherCommand(number=number, parameter=parameter):
            return f"command {number} was done with another {parameter}: resume with the same trace and switches"
    return str(error)


def _guard_words(error: errors.GuardError) -> str:
    match error:
        case errors.NoSuchCommand(number=number, count=count):
            return f"there is no command {number}: the trace has {count}"
        case errors.NothingSelected():
            return "--start-at and --only, taken together, leave no command to play"
        case errors.NotPlayed(number=number, parameter=parameter, option=option, other=other, source=source):
            name = f"{number}.{option}"
            mend = f"say what it is with -p {name} VALUE, or --keep {name} for the recorded one"
            whence = f"comes from command {other}, {source}, which is not played"
            return f"command {number}'s {parameter} {whence}: {mend if option else f'play command {other} too'}"
        case errors.OtherAccount(expected=expected, found=found, words=words):
            told = f"it is {found}" if found else "it is unknown, as sts get-caller-identity doesn't tell it"
            who = f" with {' '.join(words)}" if words else ""
            return f"account {expected} was expected, but{who} {told}: nothing was sent"
    return str(error)


def _override_words(error: errors.OverrideError) -> str:
    match error:
        case errors.UnknownParameter(name=name, closest=closest):
            hint = f"; did you mean {' or '.join(closest)}?" if closest else ""
            return f"no command of the trace has a parameter {name}{hint}"
        case errors.AmbiguousParameter(name=name, uses=uses):
            listed = ", ".join(f"{spelling} (now {short(value, 60)})" for spelling, value in uses)
            return f"the trace has several values for {name}; say which one you mean: {listed}"
        case errors.BadValue(name=name, text=text, reason=reason):
            return f"{short(text, 60)} is no value for {name}: {reason}"
    return str(error)


def not_sent(number: int, missing: NotKnown, *, is_skipped: bool) -> str:
    """Why a command was not sent; it is skipped if the one that it needs was not done."""
    if is_skipped and isinstance(missing, MissingValue):
        needed = f"{missing.path} of command {missing.number}"
        return f"command {number} is skipped: it needs {needed}, which was not done"
    return f"command {number} is not sent: {error_text(missing)}"
