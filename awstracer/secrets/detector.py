"""Find the secrets of one command, and put a placeholder in the place of each.

Three tests decide about a value. `Password: hunter2` of `iam.CreateLoginProfile` is secret by the first:

1. The API model. A member that the model marks as sensitive, itself or with a structure around it, is secret. It is
   judged by the next two tests alone, as if it were not marked, when it
   - is a number, a flag, a time, or one of a fixed set of words;
   - stands beside a type that says that it is plain text (`"Type": "String"`, and not `SecureString`);
   - is the name, the id or the ARN of a resource, which later requests refer to (a personal name is secret);
   - is a description, or a token that only identifies a request or a page;
   - stands under a key that a person chose, as in Lambda's variables, tags, and pairs of a name and a value: such a
     name says more than the mark, unless a structure around it has the name of a secret;
   - is configuration (a state machine's definition, user data, code), or a JSON document that goes in or comes out (an
     input, a payload): without its text nothing can be replayed, so each value in it is judged by itself.
2. The name (`secrets/names`): of the member, the key, the option, the variable, or the name beside the value. A member
   that is part of the request's URL names a resource, and is no secret.
3. The form (`secrets/patterns`), wherever the value stands, in documents, scripts and URLs.

An ARN is never secret, nor is what only refers to a secret. Members, keys and options are names that stay.

`secrets/scrubber` replaces the secrets that were found here wherever else they stand.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from awstracer.aws.api_model import UNKNOWN_MEMBER, MemberInfo
from awstracer.aws.settings import ZONE
from awstracer.secrets import patterns
from awstracer.secrets.names import exemption, is_secret_name, normalize_name
from awstracer.secrets.nested_text import change_nested, parse_json
from awstracer.secrets.patterns import IsSecret
from awstracer.secrets.placeholders import is_placeholder, placeholder_for
from awstracer.trace.encodings import is_in_url
from awstracer.trace.model import Command
from awstracer.trace.paths import Path

SHORTEST = 4  # shorter secrets are replaced in their own place only
EVERYDAY_WORD = re.compile(rf"(?i:true|false|null|none|default|enabled|disabled)|{ZONE.pattern}")
PLAIN_TYPES = ("String", "StringList", "PLAINTEXT")  # and not `SecureString`, `SECRETS_MANAGER`
VALUE_KEY = re.compile(r"(?i:\w*value|values)|[Dd]efault|data|Data|S|SS|B|BS|N|NS")
NAME_KEY = re.compile(r"(?i:name|key)$")
GENERIC_KEY = re.compile(r"(?i:values?|default|data|items?|elements?|entries|member|s|ss|b|bs|n|ns|stringvalue)")
NUMERIC_SECRET = re.compile(r"passw|passcode|pin$|secret$")
LONGEST_CACHED = 256

Shapes = Callable[[Path], MemberInfo]  # called with a path in which all indexes are 0


@dataclass(frozen=True, slots=True)
class Location:
    """Where a value stands in a structure, and how it is judged there.

    label         the name that the value has there: its key, or the name beside it
    is_secret     decides about a label that a person chose, and a value
    shapes        the API model of the structure; None for one that no model describes
    is_chosen     whether a person chose the label, and not the API
    is_plaintext  whether a type beside the value says that it is plain text, where it could say that it is a secret
    """

    label: str
    is_secret: IsSecret = patterns.is_secret
    shapes: Shapes | None = None
    path: Path = ()
    is_chosen: bool = True
    is_plaintext: bool = False

    @property
    def shape(self) -> MemberInfo:
        return self.shapes(self.path) if self.shapes else UNKNOWN_MEMBER

    def element(self) -> Location:
        """Return the location of a list's elements."""
        return Location(self.label, self.is_secret, self.shapes, (*self.path, 0), self.is_chosen)

    def member(self, node: Mapping[str, Any], key: str) -> Location:
        """Return the location of what a mapping at this location has under a key."""
        is_generic = _is_generic(key)
        labels = (_name_beside(node, key), self.label if is_generic else key)
        is_pair = self.path[-1:] == (0,) and _is_pair(node)
        is_map = self.shapes is None or self.shape.keys is not None
        return Location(
            label=next((label for label in labels if label and is_secret_name(label)), labels[0] or labels[1]),
            is_secret=self.is_secret,
            shapes=self.shapes,
            path=(*self.path, key),
            is_chosen=is_map or is_pair or (is_generic and self.is_chosen),
            is_plaintext=_is_value_key(key) and any(node.get(name) in PLAIN_TYPES for name in ("Type", "type")),
        )

    def has_secret(self, text: str) -> bool:
        """Return whether the API model or the label says that a value at this location is secret."""
        shape = self.shape
        if shape.is_silent or patterns.is_reference(text):
            return False
        if self.is_chosen:
            around = (shape.name, *(key for key in self.path[:-1] if isinstance(key, str)))
            return self.is_secret(self.label, text) or (shape.is_sensitive and any(map(is_secret_name, around)))
        if shape.is_sensitive and not self.is_plaintext and exemption(self.path, text) is None:
            return True
        return is_secret_name(self.label) and not shape.addresses


class Detector:
    """Replaces the secrets of one command by placeholders, and collects them.

    shared  the secrets to be replaced wherever else they stand
    local   the other ones, which are short or everyday words, each with a normalized name that it has
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.shared: set[str] = set()
        self.local: set[tuple[str, str]] = set()

    def redact_structure(self, structure: Any, operation: str, shapes: Shapes) -> Any:
        """Return a request or a response of an operation with placeholders."""
        resource = re.sub(r"^[A-Z][a-z0-9]*", "", operation)
        return self._redact(structure, Location(resource, shapes=shapes, is_chosen=False))

    def redact_files(self, command: Command) -> Mapping[str, str | bytes]:
        """Return the contents of the files in a command's line, which are judged by the options that name the files."""
        words = _labelled_words(command.argv)
        labels = {value: label for word, label in words if (value := split_option(word)[1])}
        return {word: self._redact(content, Location(labels.get(word, ""))) for word, content in command.files.items()}

    def redact_words(self, argv: Sequence[str], is_secret: IsSecret) -> Iterator[str]:
        """Yield the words of a line with placeholders."""
        for word, label in _labelled_words(argv):
            option, value = split_option(word)
            yield option + (self._redact(value, Location(label, is_secret)) if value else "")

    def redact_text(self, text: str, is_secret: IsSecret = patterns.is_secret) -> str:
        """Return a text with placeholders in the place of the secrets that are parts of it."""
        if len(text) < LONGEST_CACHED and not patterns.can_hold_secret(text):
            return text
        nested = change_nested(
            text,
            lambda document: self._redact(document, Location("", is_secret)),
            lambda plain: self.redact_text(plain, is_secret),
        )
        return self._redact_parts(text, is_secret) if nested is None else nested

    def judge_words_of(self, command: Command) -> IsSecret:
        """Return what decides about the words of a command's line, after its request has been redacted.

        A word that sets a member of the request is secret if the member was; an option, if its name is a secret's.
        """
        if command.operation is None:
            return patterns.is_secret
        members = {normalize_name(member) for member in command.operation.parameters}

        def is_secret(name: str, value: str) -> bool:
            normalized = normalize_name(name)
            is_option = "-" in name and normalized not in members
            return (normalized, value) in self.local or (is_option and patterns.is_secret(name, value))

        return is_secret

    def _redact(self, node: Any, location: Location) -> Any:
        if isinstance(node, Mapping):
            return {key: self._redact(child, location.member(node, key)) for key, child in node.items()}
        if isinstance(node, (list, tuple)):
            element = location.element()
            return type(node)([self._redact(child, element) for child in node])
        if isinstance(node, (str, bytes)):
            return self._redact_scalar(node, location)
        is_number = location.shapes is None and type(node) in (int, float)
        if is_number and NUMERIC_SECRET.search(normalize_name(location.label)):
            return self._placeholder(str(node), location.path)
        return node

    def _redact_scalar(self, node: str | bytes, location: Location) -> str | bytes:
        text = utf8_text(node)
        if location.has_secret(_printable(node)):
            placeholder = self._placeholder(node, (location.label, *location.path))
            return placeholder.encode() if isinstance(node, bytes) else placeholder
        if text is None:
            return node
        redacted = self.redact_text(text, location.is_secret)
        if redacted == text:
            return node
        return redacted.encode() if isinstance(node, bytes) else redacted

    def _redact_parts(self, text: str, is_secret: IsSecret) -> str:
        result, end = "", 0
        for begin, after in patterns.secret_spans(text, is_secret):
            part = text[begin:after]
            secret = unquote(part) if is_in_url(text[:begin]) else part
            result, end = result + text[end:begin] + self._placeholder(secret, ()), after
        return result + text[end:]

    def _placeholder(self, secret: str | bytes, names: Path) -> str:
        """Return the placeholder of a secret, and collect the secret."""
        text = _printable(secret).strip()
        if len(text) < SHORTEST or EVERYDAY_WORD.fullmatch(text):
            self.local |= {(normalize_name(name), text) for name in names if isinstance(name, str)}
        elif not is_placeholder(text):
            self.shared.add(text)
            self._redact(parse_json(text), Location(""))  # collects the secrets in it, each of which may stand alone
        return placeholder_for(self._key, secret)


def split_option(word: str) -> tuple[str, str]:
    """Return `--option=` and the value of a word; a word without option is a value."""
    option, equals, value = word.partition("=")
    return (option + equals, value) if word.startswith("--") else ("", word)


def utf8_text(value: str | bytes) -> str | None:
    """Return a value as text; None for bytes that are not UTF-8."""
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _printable(value: str | bytes) -> str:
    """Return a value as text; as base64 if it is bytes that are not UTF-8."""
    text = utf8_text(value)
    return base64.b64encode(value).decode() if text is None and isinstance(value, bytes) else str(text)


def _labelled_words(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each word with its name: the last option, or the setting before it (`set aws_session_token X`)."""
    option = before = ""
    for word in argv:
        if word.startswith("--"):
            option = word.partition("=")[0]
        is_setting = "_" in before and is_secret_name(before)
        yield word, before if is_setting and not word.startswith("--") else option
        before = word


@lru_cache(maxsize=1 << 12)
def _is_generic(key: str) -> bool:
    """Return whether a key says nothing about its value, which then has the name of what is around it."""
    return bool(GENERIC_KEY.fullmatch(key))


@lru_cache(maxsize=1 << 12)
def _is_value_key(key: str) -> bool:
    """Return whether a name for the value of a key may stand beside it."""
    return bool(VALUE_KEY.fullmatch(key)) and not is_secret_name(key)


def _name_beside(node: Mapping[str, Any], key: str) -> str | None:
    """Return the name that stands beside a value: `PASSWORD` in `{"Name": "PASSWORD", "Value": ...}`."""
    if not _is_value_key(key):
        return None
    names = [text for other, text in node.items() if other != key and NAME_KEY.search(other) and isinstance(text, str)]
    return next((name for name in names if is_secret_name(name)), names[0] if names else None)


def _is_pair(node: Mapping[str, Any]) -> bool:
    """Return whether a mapping is a name and its value, and nothing else."""
    return len(node) == 2 and any(map(VALUE_KEY.fullmatch, node)) and any(map(NAME_KEY.search, node))
