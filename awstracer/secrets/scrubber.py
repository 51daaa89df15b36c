"""Replace secrets that were found elsewhere, wherever they stand in a command and however they are written.

The secret `a b/c` of a request may stand as `a b/c` in the line, as `a%20b%2Fc` in a URL, as `YSBiL2M=` in a header,
and with escapes in a JSON document. Each of these becomes the placeholder of the secret. A text out of which a secret
can still be read after that (quoted in an unusual way, say) is replaced as a whole.

Which values are secrets is decided in `secrets/detector`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from awstracer.secrets.detector import SHORTEST, split_option, utf8_text
from awstracer.secrets.nested_text import change_nested, parse_json
from awstracer.secrets.placeholders import PLACEHOLDER, placeholder_for
from awstracer.trace.model import Call, Command
from awstracer.trace.paths import KeyOf, Path, leaves, transform

BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")


def contained_secrets(texts: Iterable[str], secrets: Set[str]) -> set[str]:
    """Return those of the secrets that can be read in any of the texts."""
    if not secrets:
        return set()
    decodings = list(_decodings("\0".join(texts)))
    return {secret for secret in secrets if any(secret in text or _unquoted(secret) in text for text in decodings)}


def _own_words(command: Command) -> Sequence[str]:
    """Return the words that name a command in its line: `iam create-user`, also behind global options."""
    argv, operation = command.argv, command.operation
    names = [at for at, word in enumerate(argv) if operation and word.replace("-", "") == operation.name.lower()]
    first = max(names[0] - 1, 0) if names else 0
    return argv[first : first + 2]


class Scrubber:
    """Puts placeholders in the place of certain secrets."""

    def __init__(self, key: bytes, secrets: set[str]) -> None:
        self._key, self._secrets = key, secrets

    def scrub_command(self, command: Command) -> Command:
        """Return a command in which none of the secrets is left."""
        if not self._secrets:
            return command
        operation = command.operation
        return replace(
            command,
            operation=operation and replace(operation, parameters=self._scrub_structure(operation.parameters)),
            calls=tuple(self._scrub_call(call) for call in command.calls),
            argv=self.scrub_words(command.argv, _own_words(command)),
            files=self._scrub_structure(command.files),
            access_key=command.access_key and self._scrub_text(command.access_key),
        )

    def scrub_words(self, argv: Sequence[str], own_words: Sequence[str]) -> tuple[str, ...]:
        """Return the words of a line without the secrets; `own_words`, which name the command, stay in any case."""
        own, result = list(own_words), []
        for word in argv:
            is_own = own[:1] == [word]
            result.append(own.pop(0) if is_own else self._scrub_word(word))
        return tuple(result)

    def _scrub_word(self, word: str) -> str:
        option, value = split_option(word)
        return option + self._scrub_text(value)

    def _scrub_call(self, call: Call) -> Call:
        return replace(
            call,
            request=self._scrub_structure(call.request),
            response=call.response and self._scrub_structure(call.response),
            error=call.error and replace(call.error, message=self._scrub_text(call.error.message)),
        )

    def _scrub_structure(self, structure: Any) -> Any:
        def scrub(path: Path, node: Any) -> Any:
            is_key = bool(path) and isinstance(path[-1], KeyOf)
            if isinstance(node, str) and not is_key:
                return self._scrub_text(node)
            return self._scrub_bytes(node) if isinstance(node, bytes) else None

        return transform(structure, scrub)

    def _scrub_bytes(self, value: bytes) -> bytes:
        text = utf8_text(value)
        if text is not None:
            return self._scrub_text(text).encode()
        for secret in self._secrets:
            value = value.replace(secret.encode("utf-8", "surrogatepass"), self._placeholder(secret).encode())
        return value

    def _scrub_text(self, text: str) -> str:
        if not self._secrets or len(text) < SHORTEST:
            return text
        scrubbed = text if text.strip() in self._secrets else self._scrub_parts(text)
        return self._placeholder(text) if self._has_secret(scrubbed) else scrubbed

    def _scrub_parts(self, text: str) -> str:
        for secret in self._json_secrets:
            text = text.replace(secret, self._placeholder(secret))
        nested = change_nested(text, self._scrub_structure, self._scrub_text)
        if nested is not None:
            return nested
        return self._pattern.sub(lambda match: self._placeholders.get(match[0], match[0]), text)

    def _has_secret(self, text: str) -> bool:
        """Return whether a secret can be read out of a text that has been scrubbed."""
        if text.strip() in self._secrets:
            return True
        if parse_json(text) is not None:  # each value in it has been scrubbed by itself, and its keys stay
            return False
        decodings = list(_decodings(PLACEHOLDER.sub("\0", text)))
        return any(secret in decoding for secret in self._unquoted_secrets for decoding in decodings)

    def _placeholder(self, secret: str) -> str:
        return placeholder_for(self._key, secret)

    @cached_property
    def _json_secrets(self) -> list[str]:
        """The secrets that are JSON documents."""
        return [secret for secret in self._secrets if parse_json(secret) is not None]

    @cached_property
    def _placeholders(self) -> dict[str, str]:
        """The placeholder of each secret, by each of its encodings."""
        return {encoded: self._placeholder(secret) for secret in self._secrets for encoded in _encodings(secret)}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Finds placeholders, which stay as they are, and encoded secrets, the longest first."""
        encoded = sorted(self._placeholders, key=len, reverse=True)
        return re.compile("|".join([PLACEHOLDER.pattern, *map(re.escape, encoded)]))

    @cached_property
    def _unquoted_secrets(self) -> set[str]:
        return self._secrets | {bare for bare in map(_unquoted, self._secrets) if len(bare) >= SHORTEST}


def texts_of(command: Command) -> Iterator[str]:
    """Yield each string of a command, and its bytes as text."""
    calls = [(call.request, call.response, call.error and call.error.message) for call in command.calls]
    for _, leaf in leaves([command.request, command.argv, command.files, calls, command.access_key]):
        if isinstance(leaf, (str, bytes)):
            yield leaf if isinstance(leaf, str) else leaf.decode("utf-8", "replace")


def _encodings(secret: str) -> Iterator[str]:
    """Yield the encodings of a secret: plain, JSON-escaped once or twice, percent-encoded, base64."""
    yield secret
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield from (escaped, json.dumps(escaped, ensure_ascii=ascii_only)[1:-1])
    raw = secret.encode("utf-8", "surrogatepass")
    for percent in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield from (percent, re.sub(r"%..", lambda match: match[0].lower(), percent))
    for ending in (b"", b"\n"):
        yield from (base64.b64encode(raw + ending).decode(), base64.urlsafe_b64encode(raw + ending).decode())


def _decodings(text: str) -> Iterator[str]:
    """Yield what a text can be read as: plain, percent-decoded, unescaped, unquoted, and each run of base64 in it."""
    yield text
    if "%" in text or "+" in text:
        yield from (unquote(text), unquote_plus(text))
    if "\\" in text:
        yield ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)
    if re.search(r"[\\\"']", text):
        yield _unquoted(text)
    for run in BASE64_RUN.findall(text):
        raw = run.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
        raw = raw[: len(raw) - 1] if len(raw) % 4 == 1 else raw
        yield base64.b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-8", "replace")


def _unquoted(text: str) -> str:
    """Return a text without quotation marks and backslashes."""
    return re.sub(r"[\\\"']", "", text)
