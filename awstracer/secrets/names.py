"""Decide by its name whether a value is secret.

The end of a name decides: `DbPassword`, `DB_PASSWORD` and `db-password` name a secret, `PasswordLength` and
`PasswordPolicy` do not. A token is secret unless it only identifies a request, a page, a version or a task
(`NextToken`, `ClientRequestToken`, `LockToken`): such a token grants no access, and a replay needs it.

Values are judged in `secrets/patterns`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from awstracer.secrets.nested_text import parse_json
from awstracer.trace.paths import Path

WORD_IN_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
SECRET_WORDS = {"pass", "pwd", "pw", "sak", "psk", "cred", "creds", "jwt", "otp", "cookie"}
SECRET_ENDING = re.compile(
    r"(?:passw(?:or)?d|passphrase|passcode|secret|secret(?:access)?key|secret(?:string|binary|hash)|password(?:hash|verifier)"
    r"|privatekey|keymaterial|(?:api|auth|authentication|hmac|shared|account|signing|session|cipher|customer|apps|token)key"
    r"|token|credential|(?:mfa|otp|verification|confirmation|auth|authorization|token)code)"
    r"s?(?:value|base|pem|data|plaintext|map|signature)?$|^(?:proxy)?authorization$"
)
HARMLESS_TOKEN = re.compile(
    r"(?:next|previous|backward|forward|page|pagination|continuation|starting|marker|chunk|nextmessage|request|client"
    r"|idempotency|creation|conditional|lock|change|updated?|version|sequence|upload|checkpoint|configuration|task|job"
    r"|workflow|workunit|lifecycleaction|execute|provision|terminate|copyproduct|portfolioshare|purchase|offer|term"
    r"|profile|block|result|retrieval|import|export|feedback|anomaly|preview|licenseconsumption|grant|dkim|http)tokens?$"
    r"|(?:max|min|input|output|total|prompt)tokens$"
)
PUBLIC = re.compile(r"public|encrypted|has(?:password|secret)$")
SUSPICIOUS = re.compile(r"passw|secret|token|credential|private|auth|signing|sign(?:ing|ature)|hmac|salt|cipher|key")
HARMLESS_ENDING = re.compile(
    r"(?:ids?|arns?|names?|ur[il]s?|type|path|file|length|policy|fingerprint|algorithm|spec|usage|prefix|alias|version"
    r"|date|time|status|state|context|schema|method|mode|hash|digest|etag)$"
)

PERSONAL_NAME = re.compile(r"(?:first|last|middle|given|family|full|legal|contact|sur|nick|patient|street)names?$")
NAME_OR_ID = re.compile(r"(?:name|identifier)s?$")
ID_WORDS = {"id", "ids", "arn", "arns"}
DESCRIPTION = re.compile(r"(?:description|title)$")
CONFIGURATION = re.compile(r"(?:definition|template|userdata|userdatadata|zipfile|spec|schema|polic(?:y|ies))$")
DOCUMENT_NAME = re.compile(r"(?:input|output|payload|content|body|configuration|config|parameters|variables|document)$")


@lru_cache(maxsize=1 << 14)
def normalize_name(name: str) -> str:
    """Return a name without case, punctuation and the number at its end: `dbpassword` for `DB-Password2`."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).rstrip("0123456789") or name.lower()


@lru_cache(maxsize=1 << 14)
def is_secret_name(name: str) -> bool:
    """Return whether a value of this name is a secret."""
    normalized = normalize_name(name)
    if PUBLIC.search(normalized) or is_harmless_token(name):
        return False
    return bool(SECRET_ENDING.search(normalized)) or _last_word(name) in SECRET_WORDS


@lru_cache(maxsize=1 << 14)
def is_harmless_token(name: str) -> bool:
    """Return whether a token of this name only identifies a request, a page, a version or a task."""
    return bool(HARMLESS_TOKEN.search(normalize_name(name)))


@lru_cache(maxsize=1 << 14)
def is_suspicious_name(name: str) -> bool:
    """Return whether a value of this name is a secret if it is random."""
    normalized = normalize_name(name)
    return bool(SUSPICIOUS.search(normalized)) and not (
        PUBLIC.search(normalized) or HARMLESS_ENDING.search(normalized) or is_harmless_token(name)
    )


def exemption(path: Path, text: str) -> str | None:
    """Return why a value that the API model marks as sensitive is judged as if it were not marked; None if it isn't.

    `path` leads to the value in the request or the response. The names of resources are exempt, personal names are not.
    """
    keys = [key for key in path if isinstance(key, str)]
    if not keys or is_secret_name(keys[-1]):
        return None
    last = normalize_name(keys[-1])
    if is_harmless_token(keys[-1]):
        return "a token that grants no access"
    if _last_word(keys[-1]) in ID_WORDS or NAME_OR_ID.search(last):
        return None if PERSONAL_NAME.search(last) else "a name or an id"
    if DESCRIPTION.search(last):
        return "a description"
    if CONFIGURATION.search("".join(map(normalize_name, keys[-2:]))):
        return "configuration"
    return "a document" if DOCUMENT_NAME.search(last) and parse_json(text) is not None else None


def _last_word(name: str) -> str:
    words = WORD_IN_NAME.findall(name)
    return words[-1].lower() if words else ""
