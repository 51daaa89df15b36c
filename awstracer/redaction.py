"""What of a command is secret, and what stands in its place: a command in, a command with holes out.

Three judges are asked in turn (what they say of names and looks is in `secrecy`):

1. The API's model. What it marks as sensitive, by itself or with something that it is in, is secret, since nobody
   can tell from outside how secret it is. It stays, and is judged as if it were not marked, if it

   - is no text: no number, flag or time is a secret, nor is one of a fixed set of words;
   - stands beside a type that says that it is plain text (`"Type": "String"`, not `SecureString`);
   - is the name, id or ARN of a thing, by which it is found again (a person's own name is none);
   - is a token that only tells requests or pages apart, or a description;
   - stands under a key that people chose (Lambda's variables, tags, pairs of a name and a value): that says more
     than the mark of the whole, unless what it is in is called a secret itself;
   - is configuration (a state machine's definition, user data, code) or a JSON document that is put in or comes
     out (an input, a payload): these are judged leaf by leaf, since a trace with a hole there is of no use.

2. The name: of the member, or the key, the option, the variable, the name beside a value. A part of the address
   to which a request is sent names a resource.
3. The looks, wherever it stands, in documents, scripts and URLs: private keys, known kinds of tokens, signatures.
   Under a name that is only suspicious what is random is secret.

An ARN is never secret, nor is a reference to a secret. Access key ids are open but for those of sessions.

A secret is replaced wherever it stands in the command, as plain text or encoded, and in later commands of the session
too if it can't be mistaken for anything else. What is short, or an everyday constant, is replaced in its own place
only. Names that the API gives (members, keys, options) stay, and so do keys.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from typing import Any, Protocol
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from awstracer import aws_regions, encodings, holes, secrecy
from awstracer.api_shapes import ORDINARY, Direction, MemberInfo
from awstracer.holes import HOLE
from awstracer.secrecy import Named, is_secret_name, squeeze
from awstracer.trace import Call, Command, KeyOf, Path, leaves, rebuilt

SHORTEST = 4
PLAIN_TYPES = ("String", "StringList", "PLAINTEXT")  # and not `SecureString`, `SECRETS_MANAGER`
LONGEST_REMEMBERED = 256
CONSTANT = re.compile(rf"(?i:true|false|null|none|default|enabled|disabled)|{aws_regions.ZONE.pattern}")
VALUE = re.compile(r"(?i:\w*value|values)|[Dd]efault|data|Data|S|SS|B|BS|N|NS")
SAYS_NOTHING = re.compile(r"(?i:values?|default|data|items?|elements?|entries|member|s|ss|b|bs|n|ns|stringvalue)")
BESIDE = re.compile(r"(?i:name|key)$")
PASSWORD = re.compile(r"passw|passcode|pin$|secret$")
RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")

Shapes = Callable[[Path], MemberInfo]


class Judge(Protocol):
    """What the API's models know of secrets."""

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        """What is at a path of an operation's request or response; ORDINARY where no model tells."""


class Redactor:
    """Puts holes in the place of secrets. Under one key equal secrets become equal holes.

    What was secret in one command is looked for in all later ones, if it is unmistakable; so are `given` secrets.
    """

    def __init__(self, key: bytes, models: Judge, given: Iterable[str] = ()) -> None:
        self._key, self._models = key, models
        self._earlier = set(filter(secrecy.is_unmistakable, given))

    @property
    def known(self) -> frozenset[str]:
        """The unmistakable secrets that were given or found so far."""
        return frozenset(self._earlier)

    def command(self, command: Command) -> Command:
        """The command without its secrets."""
        finder = _Finder(self._key)
        operation = command.operation
        if operation is not None:
            shapes = self._shapes(operation.service, operation.name, "request")
            parameters = finder.document(operation.parameters, operation.name, shapes)
            operation = replace(operation, parameters=parameters)
        found = replace(
            command,
            operation=operation,
            calls=tuple(self._call(call, finder) for call in command.calls),
            argv=tuple(finder.words(command.argv, finder.named_in(command))),
            files=finder.files(command),
            access_key=command.access_key and finder.inside(command.access_key),
        )
        known = finder.known | self._earlier_in(_texts(found))
        self._earlier |= set(filter(secrecy.is_unmistakable, finder.known))
        return _Cleaner(self._key, known).command(found)

    def line(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The words of a line that need not have run, without what is secret by the names of options and by looks."""
        finder = _Finder(self._key)
        words = list(finder.words(argv, secrecy.is_secret))
        return _Cleaner(self._key, finder.known | self._earlier_in(words)).words(words, words[:2])

    def _earlier_in(self, texts: Iterable[str]) -> set[str]:
        """The secrets of earlier commands that can be read in texts: most commands have none, and are done with."""
        told = list(_readings("\0".join(texts))) if self._earlier else []
        return {secret for secret in self._earlier if any(secret in each or _bare(secret) in each for each in told)}

    def _call(self, call: Call, finder: _Finder) -> Call:
        request = self._shapes(call.service, call.operation, "request")
        response = self._shapes(call.service, call.operation, "response")
        error = call.error and replace(call.error, message=finder.inside(call.error.message))
        return replace(
            call,
            request=finder.document(call.request, call.operation, request),
            response=call.response and finder.document(call.response, call.operation, response),
            error=error,
        )

    def _shapes(self, service: str, operation: str, side: Direction) -> Shapes:
        @cache
        def shapes(path: Path) -> MemberInfo:
            return self._models.shape(service, operation, side, path)

        return shapes


def token_of(key: bytes, secret: str | bytes) -> str:
    """The hole that stands for a secret: the same for bytes and for their base64, with a newline behind or not."""
    return holes.token(hmac.new(key, _canonical(secret), hashlib.sha256).digest()[:16])


def _canonical(secret: str | bytes) -> bytes:
    raw = (secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret).strip()
    while raw:
        try:
            inner = base64.b64decode(raw, validate=True)
        except ValueError:
            break
        if not inner.strip() or base64.b64encode(inner) != raw:
            break
        raw = inner.strip()
    return raw


def _text(value: str | bytes) -> str | None:
    """A value as text; None for bytes that are none."""
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _texts(command: Command) -> Iterator[str]:
    """All that a command says."""
    calls = [(call.request, call.response, call.error and call.error.message) for call in command.calls]
    for _, leaf in leaves([command.request, command.argv, command.files, calls, command.access_key]):
        if isinstance(leaf, (str, bytes)):
            yield leaf if isinstance(leaf, str) else leaf.decode("utf-8", "replace")


def _readable(value: str | bytes) -> str:
    """A value as text; bytes that are none as base64."""
    text = _text(value)
    return base64.b64encode(value).decode() if text is None and isinstance(value, bytes) else str(text)


# --- finding


def _unknown(_: Path) -> MemberInfo:
    return ORDINARY


class _Here:
    """Where in a document one is.

    label      what is here is called
    shapes     what the model says of paths, in which all positions are 0
    named      tells if what has a name and a text is secret
    is_chosen  whether people called it so, and not the API
    is_plain   whether a type beside it says that it is plain text, where it could have said that it is a secret
    """

    __slots__ = ("is_chosen", "is_plain", "label", "named", "path", "shape", "shapes")

    def __init__(
        self,
        label: str,
        shapes: Shapes = _unknown,
        named: Named = secrecy.is_secret,
        path: Path = (),
        *,
        is_chosen: bool = True,
        is_plain: bool = False,
    ) -> None:
        self.label, self.shapes, self.named, self.path = label, shapes, named, path
        self.is_chosen, self.is_plain = is_chosen, is_plain
        self.shape = shapes(path)

    def element(self) -> _Here:
        """What a list has."""
        return _Here(self.label, self.shapes, self.named, (*self.path, 0), is_chosen=self.is_chosen)

    def member(self, node: Mapping[str, Any], key: str) -> _Here:
        """What a mapping has under a key."""
        is_mute = _is_mute(key)
        labels = (_beside(node, key), self.label if is_mute else key)
        label = next((each for each in labels if each and is_secret_name(each)), labels[0] or labels[1])
        is_pair = self.path[-1:] == (0,) and _is_pair(node)
        is_chosen = self.shapes is _unknown or self.shape.keys is not None or is_pair or (is_mute and self.is_chosen)
        is_plain = _is_value(key) and any(node.get(name) in PLAIN_TYPES for name in ("Type", "type"))
        return _Here(label, self.shapes, self.named, (*self.path, key), is_chosen=is_chosen, is_plain=is_plain)


@lru_cache(maxsize=1 << 12)
def _is_mute(key: str) -> bool:
    return bool(SAYS_NOTHING.fullmatch(key))


@lru_cache(maxsize=1 << 12)
def _is_value(key: str) -> bool:
    return bool(VALUE.fullmatch(key)) and not is_secret_name(key)


def _beside(node: Mapping[str, Any], key: str) -> str | None:
    """What stands beside a value as its name: `{"Name": "PASSWORD", "Value": ...}`."""
    if not _is_value(key):
        return None
    names = [text for other, text in node.items() if other != key and BESIDE.search(other) and isinstance(text, str)]
    return next((name for name in names if is_secret_name(name)), names[0] if names else None)


def _is_pair(node: Mapping[str, Any]) -> bool:
    """Whether it is a name and its value, and nothing else."""
    return len(node) == 2 and any(map(VALUE.fullmatch, node)) and any(map(BESIDE.search, node))


class _Finder:
    """Puts holes where the judges find a secret, and takes down what it found.

    known   the secrets that are replaced elsewhere too
    short   the others, each with the names of its place
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.known: set[str] = set()
        self.short: set[tuple[str, str]] = set()

    def document(self, document: Any, operation: str, shapes: Shapes) -> Any:
        """A request or a response with holes."""
        thing = re.sub(r"^[A-Z][a-z0-9]*", "", operation)
        return self._value(document, _Here(thing, shapes, is_chosen=False))

    def files(self, command: Command) -> Mapping[str, str | bytes]:
        """What a line's words held, judged as the words are."""
        options = {_halves(word)[1]: option for word, option in _labelled(command.argv) if _halves(word)[1]}
        return {word: self._value(held, _Here(options.get(word, ""))) for word, held in command.files.items()}

    def words(self, argv: Sequence[str], named: Named) -> Iterator[str]:
        """The words of a line with holes."""
        for word, label in _labelled(argv):
            option, value = _halves(word)
            yield option + (self._value(value, _Here(label, named=named)) if value else "")

    def named_in(self, command: Command) -> Named:
        """How the words of a command's line are judged; where a word sets a member, as the member was."""
        if command.operation is None:
            return secrecy.is_secret
        members = {squeeze(member) for member in command.operation.parameters}

        def named(name: str, text: str) -> bool:
            squeezed = squeeze(name)
            is_options = "-" in name and squeezed not in members
            return (squeezed, text) in self.short or (is_options and secrecy.is_secret(name, text))

        return named

    def inside(self, text: str, named: Named = secrecy.is_secret) -> str:
        """A text with holes where a secret is a part of it."""
        if len(text) < LONGEST_REMEMBERED and secrecy.is_plain(text):
            return text
        document = secrecy.document(text)
        if document is not None:
            return secrecy.rewritten(text, document, self._value(document, _Here("", named=named)))
        plain = encodings.decoded(text)
        if plain is not None:
            changed = self.inside(plain, named)
            return text if changed == plain else base64.b64encode(changed.encode()).decode()
        result, end = "", 0
        for begin, behind in secrecy.pieces(text, named):
            piece = text[begin:behind]
            secret = unquote(piece) if encodings.is_in_url(text[:begin]) else piece
            result, end = result + text[end:begin] + self._hole(secret, ()), behind
        return result + text[end:]

    def _value(self, node: Any, here: _Here) -> Any:
        if isinstance(node, Mapping):
            return {key: self._value(child, here.member(node, key)) for key, child in node.items()}
        if isinstance(node, (list, tuple)):
            element = here.element()
            return type(node)([self._value(child, element) for child in node])
        if isinstance(node, (str, bytes)):
            return self._leaf(node, here)
        if here.shapes is _unknown and type(node) in (int, float) and PASSWORD.search(squeeze(here.label)):
            return self._hole(str(node), here.path)
        return node

    def _leaf(self, node: str | bytes, here: _Here) -> str | bytes:
        text = _text(node)
        if _is_secret(_readable(node), here):
            hole = self._hole(node, (here.label, *here.path))
            return hole.encode() if isinstance(node, bytes) else hole
        if text is None:
            return node
        changed = self.inside(text, here.named)
        return changed.encode() if isinstance(node, bytes) and changed != text else node if changed == text else changed

    def _hole(self, secret: str | bytes, names: Path) -> str:
        text = _readable(secret).strip()
        if len(text) < SHORTEST or CONSTANT.fullmatch(text):
            self.short |= {(squeeze(name), text) for name in names if isinstance(name, str)}
        elif not holes.is_hole(text):
            self.known.add(text)
            self._value(secrecy.document(text), _Here(""))  # what is secret in it is so by itself too
        return token_of(self._key, secret)


def _is_secret(text: str, here: _Here) -> bool:
    """What the model and the name say of a text."""
    shape = here.shape
    if shape.is_silent or secrecy.is_reference(text):
        return False
    if here.is_chosen:
        around = (shape.name, *(key for key in here.path[:-1] if isinstance(key, str)))
        return here.named(here.label, text) or (shape.is_sensitive and any(map(is_secret_name, around)))
    if shape.is_sensitive and not here.is_plain and secrecy.why_open(here.path, text) is None:
        return True
    return is_secret_name(here.label) and not shape.addresses


def _labelled(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The words of a line, each with what it is called: its option, or a setting (`set aws_session_token X`)."""
    option = before = ""
    for word in argv:
        if word.startswith("--"):
            option = word.partition("=")[0]
        is_setting = "_" in before and is_secret_name(before)
        yield word, before if is_setting and not word.startswith("--") else option
        before = word


def _halves(word: str) -> tuple[str, str]:
    """The option of a word with its `=`, and the value."""
    option, equals, value = word.partition("=")
    return (option + equals, value) if word.startswith("--") else ("", word)


# --- cleaning


class _Cleaner:
    """Puts holes in the place of known secrets, in whatever form they stand."""

    def __init__(self, key: bytes, known: set[str]) -> None:
        self._key, self._known = key, known

    def command(self, command: Command) -> Command:
        """A command in which none of the secrets is left."""
        if not self._known:
            return command
        operation = command.operation
        own = operation.words if operation else None
        return replace(
            command,
            operation=operation and replace(operation, parameters=self._document(operation.parameters)),
            calls=tuple(self._call(call) for call in command.calls),
            argv=self.words(command.argv, own or command.argv[:2]),
            files=self._document(command.files),
            access_key=command.access_key and self._text(command.access_key),
        )

    def words(self, argv: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
        """The words of a line; the command's own stay as they are."""
        left, result = list(own), []
        for word in argv:
            is_own = left[:1] == [word]
            result.append(left.pop(0) if is_own else self._word(word))
        return tuple(result)

    def _word(self, word: str) -> str:
        option, value = _halves(word)
        return option + self._text(value)

    def _call(self, call: Call) -> Call:
        return replace(
            call,
            request=self._document(call.request),
            response=call.response and self._document(call.response),
            error=call.error and replace(call.error, message=self._text(call.error.message)),
        )

    def _document(self, document: Any) -> Any:
        def clean(path: Path, node: Any) -> Any:
            if isinstance(node, str) and not (path and isinstance(path[-1], KeyOf)):
                return self._text(node)
            return self._bytes(node) if isinstance(node, bytes) else None

        return rebuilt(document, clean)

    def _bytes(self, value: bytes) -> bytes:
        text = _text(value)
        if text is not None:
            return self._text(text).encode()
        for secret in self._known:
            value = value.replace(secret.encode("utf-8", "surrogatepass"), token_of(self._key, secret).encode())
        return value

    def _text(self, text: str) -> str:
        if not self._known or len(text) < SHORTEST:
            return text
        cleaned = text if text.strip() in self._known else self._cleaned(text)
        return token_of(self._key, text) if self._shows(cleaned) else cleaned

    def _cleaned(self, text: str) -> str:
        for secret in self._documents:
            text = text.replace(secret, token_of(self._key, secret))
        document = secrecy.document(text)
        if document is not None:
            return secrecy.rewritten(text, document, self._document(document))
        plain = encodings.decoded(text)
        if plain is not None:
            changed = self._text(plain)
            return text if changed == plain else base64.b64encode(changed.encode()).decode()
        return self._pattern.sub(lambda match: self._forms.get(match[0], match[0]), text)

    @cached_property
    def _documents(self) -> list[str]:
        return [secret for secret in self._known if secrecy.document(secret) is not None]

    @cached_property
    def _forms(self) -> dict[str, str]:
        """The hole for each form of each secret."""
        return {form: token_of(self._key, secret) for secret in self._known for form in _forms_of(secret)}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Finds holes, which stay as they are, and the forms of secrets, the longest first."""
        forms = sorted(self._forms, key=len, reverse=True)
        return re.compile("|".join([HOLE.pattern, *map(re.escape, forms)]))

    def _shows(self, text: str) -> bool:
        """Whether a secret can be read out of a text all the same."""
        if text.strip() in self._known:
            return True
        if secrecy.document(text) is not None:  # its leaves have been looked at, and its keys stay
            return False
        told = list(_readings(HOLE.sub("\0", text)))
        return any(secret in reading for secret in self._spellings for reading in told)

    @cached_property
    def _spellings(self) -> set[str]:
        return self._known | {bare for bare in map(_bare, self._known) if len(bare) >= SHORTEST}


def _forms_of(secret: str) -> Iterator[str]:
    """How a secret may be written."""
    yield secret
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield from (escaped, json.dumps(escaped, ensure_ascii=ascii_only)[1:-1])
    raw = secret.encode("utf-8", "surrogatepass")
    for percent in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield from (percent, re.sub(r"%..", lambda match: match[0].lower(), percent))
    for ending in (b"", b"\n"):
        yield from (base64.b64encode(raw + ending).decode(), base64.urlsafe_b64encode(raw + ending).decode())


def _readings(text: str) -> Iterator[str]:
    """What a text says to one who takes it as plain, percent-encoded, escaped, quoted or base64."""
    yield text
    if "%" in text or "+" in text:
        yield from (unquote(text), unquote_plus(text))
    if "\\" in text:
        yield ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)
    if re.search(r"[\\\"']", text):
        yield _bare(text)
    for run in RUN.findall(text):
        raw = run.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
        raw = raw[: len(raw) - 1] if len(raw) % 4 == 1 else raw
        yield base64.b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-8", "replace")


def _bare(text: str) -> str:
    """A text without the marks that quote and escape."""
    return re.sub(r"[\\\"']", "", text)
