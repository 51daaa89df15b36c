"""What is secret by its name, and what looks secret: judgement of single names and texts.

A name is judged by how it ends: `DbPassword`, `DB_PASSWORD` and `db-password` name a secret, `PasswordLength`
and `PasswordPolicy` don't. Tokens are secret but for those that only tell requests, pages, versions or tasks
apart (`NextToken`, `ClientRequestToken`, `LockToken`): these are needed again and open nothing. What is public
is not secret, and neither is a reference to a secret: its ARN, `{{resolve:...}}`, `$NAME`, a file's name.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from awstracer.encodings import decoded
from awstracer.holes import HOLE
from awstracer.trace import Path, leaves

Span = tuple[int, int]
Named = Callable[[str, str], bool]

# --- names

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
SECRET_WORD = {"pass", "pwd", "pw", "sak", "psk", "cred", "creds", "jwt", "otp", "cookie"}
SECRET_END = re.compile(
    r"(?:passw(?:or)?d|passphrase|passcode|secret|secret(?:access)?key|secret(?:string|binary|hash)|password(?:hash|verifier)"
    r"|privatekey|keymaterial|(?:api|auth|authentication|hmac|shared|account|signing|session|cipher|customer|apps|token)key"
    r"|token|credential|(?:mfa|otp|verification|confirmation|auth|authorization|token)code)"
    r"s?(?:value|base|pem|data|plaintext|map|signature)?$|^(?:proxy)?authorization$"
)
OPEN_TOKEN = re.compile(
    r"(?:next|previous|backward|forward|page|pagination|continuation|starting|marker|chunk|nextmessage|request|client"
    r"|idempotency|creation|conditional|lock|change|updated?|version|sequence|upload|checkpoint|configuration|task|job"
    r"|workflow|workunit|lifecycleaction|execute|provision|terminate|copyproduct|portfolioshare|purchase|offer|term"
    r"|profile|block|result|retrieval|import|export|feedback|anomaly|preview|licenseconsumption|grant|dkim|http)tokens?$|(?:max|min|input|output|total|prompt)tokens$"
)
PUBLIC = re.compile(r"public|encrypted|has(?:password|secret)$")
SUSPICIOUS = re.compile(r"passw|secret|token|credential|private|auth|signing|sign(?:ing|ature)|hmac|salt|cipher|key")
HARMLESS_END = re.compile(
    r"(?:ids?|arns?|names?|ur[il]s?|type|path|file|length|policy|fingerprint|algorithm|spec|usage|prefix|alias|version"
    r"|date|time|status|state|context|schema|method|mode|hash|digest|etag)$"
)


@lru_cache(maxsize=1 << 14)
def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret."""
    squeezed = squeeze(name)
    if PUBLIC.search(squeezed) or is_open_token(name):
        return False
    words = WORD.findall(name)
    return bool(SECRET_END.search(squeezed)) or (bool(words) and words[-1].lower() in SECRET_WORD)


@lru_cache(maxsize=1 << 14)
def is_open_token(name: str) -> bool:
    """Whether what is called so only tells requests, pages, versions or tasks apart."""
    return bool(OPEN_TOKEN.search(squeeze(name)))


@lru_cache(maxsize=1 << 14)
def is_suspicious(name: str) -> bool:
    """Whether what is called so may well be a secret, if it is random too."""
    squeezed = squeeze(name)
    return bool(SUSPICIOUS.search(squeezed)) and not (
        PUBLIC.search(squeezed) or HARMLESS_END.search(squeezed) or is_open_token(name)
    )


@lru_cache(maxsize=1 << 14)
def squeeze(name: str) -> str:
    """A name without case and punctuation, and without the number at its end."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).rstrip("0123456789") or name.lower()


# --- looks

REFERENCE = re.compile(r"arn:aws[a-z-]*:[^\s\"']+|\{\{resolve:.*\}\}|\*+", re.S)
NO_SECRET = re.compile(r"\$\{.*\}|fileb?://.*|(?i:true|false|null|none|yes|no|required|optional|basic|bearer)", re.S)
OF_SCRIPTS = re.compile(
    r"\$[A-Za-z_]\w*|\$\(.*|`.*|<[\w .-]*>|\{\{.*|![A-Z]\w+.*|[A-Za-z_][\w.]*[(\[].*|%\w+%|[|>][+-]?\d?"
)
RANDOM = re.compile(r"[A-Za-z0-9+/_=.~-]{20,}")
UUID = re.compile(r"(?i:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})")
MANY_BITS = 3.5
UNMISTAKABLE = 8

KEY_BLOCK = r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
PEM = rf"-----BEGIN {KEY_BLOCK}.*?(?:-----END {KEY_BLOCK}|\Z)"
LOOKS = [
    re.compile(f"({pattern})", re.S)
    for pattern in (
        HOLE.pattern,
        PEM,
        r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+",  # a JWT; the page tokens that begin alike have no points
        r"\bASIA[A-Z2-7]{16}\b",  # the key id of a session, which nothing refers to
        r"\bgh[pousr]_\w{36,}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}|\bnpm_\w{36}\b|\bpypi-AgEI[\w-]{50,}",
        r"\bxox[abeprs]-[\w-]{10,}|https://hooks\.slack\.com/services/[\w/]+",
        r"\b[sr]k_(?:live|test)_\w{16,}|\bwhsec_\w{24,}|\bsk-[\w-]{32,}|\bSG\.[\w-]{22}\.[\w-]{43}",
        r"\bAIza[\w-]{35}|\bya29\.[\w-]{20,}|\bda2-[a-z0-9]{26}\b|\bABSK[A-Za-z0-9+/]{100,}=*|\bbedrock-api-key-[\w=+/-]{20,}",
    )
] + [
    re.compile(r"(?i:\bbearer)\s+([A-Za-z0-9._~+/-]{16,}=*)"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\W{1,10}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"),
    re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:([^\s/?#\"']+)@"),
    re.compile(r"(?i:\bauthorization\W{1,4}(?:basic|token|apikey))\s+([^\s\"']+)"),
    re.compile(r"(?i:\b(?:password|identified\s+(?:with\s+\S+\s+)?by))\s+'([^']+)'"),  # SQL
    re.compile(r"\bmysql\w*\b[^\n|;&]*?\s-p[\"']?([^\s\"']+)"),
    re.compile(r"\b(?:sshpass|docker\s+login)\b[^\n|;&]*?\s-p\s?[\"']?([^\s\"']+)"),
    re.compile(r"\bcurl\b[^\n|;&]*?\s(?:-u|--user)[\s=]?[\"']?[^\s:\"']+:([^\s\"']+)"),
    re.compile(r":([^\s:\"']+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd\b"),
    re.compile(
        r"(?i)[?&;](?:X-Amz-(?:Signature|Security-Token|Credential)|Signature|AWSAccessKeyId|sig)=([^&\s\"'<>]+)"
    ),
]
LOOKS_LIKE = re.compile(
    r"<SECRET-|PRIVATE KEY|eyJ|A[KS]IA[A-Z2-7]|gh[pousr]_|github_pat|glpat-|npm_|pypi-|xox|hooks\.slack|[sr]k[_-]"
    r"|whsec_|SG\.|AIza|ya29\.|da2-|ABSK|bedrock-api-key|://[^\s/]*:[^\s/]*@|mysql|sshpass|docker|curl|chpasswd|(?i:password\s|identified|authorization|bearer|x-amz-|signature=|sig=|awsaccesskeyid=)"
)

# --- names inside of texts

NAME = r"-{0,2}(?P<name>[A-Za-z_][\w.-]{0,127})"
TELLING = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth|code|sak|psk|jwt|otp|cookie|sign|salt|hmac|cipher")
NAMED = [
    re.compile(rf"(?<![\w:/.$-]){NAME}(?:\\*[\"']\s*(?:=>|[:=])\s*|[ \t]*=>?[ \t]*|:[ \t]+)"),
    re.compile(r"(?<!\S)--(?P<name>[a-z][\w-]*)[ \t]+(?!-)"),
    re.compile(r"(?i:\b(?:name|\w*key))=(?P<name>[^,\s\"']+),(?:\w+=[^,\s]*,)*?(?i:\w*value)="),
    re.compile(r"(?i:\b(?:name|key))=[\"'](?P<name>[\w.-]+)[\"']\s+(?i:value)=(?=[\"'])"),  # XML
    re.compile(r"\$(?i:env:)?(?P<name>\w+)\s*=\s*(?=[\"'])"),  # PowerShell, PHP
    re.compile(r"[(\[]\s*[\"'](?P<name>[\w.-]+)[\"']\s*(?:,|\]\s*=)\s*(?=[\"'])"),  # define("X", "..."), x["X"] = "..."
    re.compile(r"(?i:\b(?:env|setx|setenv|configure[ \t]+set|login[ \t]+\S+))[ \t]+(?P<name>[A-Za-z][\w.-]*)[ \t]+"),
]
VALUE = re.compile(
    r"(?P<escape>\\*)(?P<quote>[\"'])(?P<quoted>.+?)(?<!\\)(?P=escape)(?P=quote)"
    r"|(?P<bare>(?:(?!,[\w.-]+=|;(?:\s|$|[\w .-]+=)|&[\w.-]+=|&&|\\*[\"'`]|[\s)}\]]).)+)"
)
LINE = re.compile(
    rf"^[ \t]*(?:-[ \t]+)?[\"']?{NAME}[\"']?(?::[ \t]+|[ \t]+=[ \t]*|=[ \t]+)(?P<rest>[^\s\"'|>&!{{\[`$].*)$", re.M
)

BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*)(?:-[ \t]+)?[\"']?{NAME}[\"']?:[ \t]*[|>][+-]?\d?[ \t]*\n"
    r"(?P=indent)[ \t]+(?P<rest>\S.*(?:\n(?:(?P=indent)[ \t]+\S.*|[ \t]*(?=\n)))*)",
    re.M,
)
ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w.-]*)>(?P<rest>[^<>]+)</")


def is_reference(text: str) -> bool:
    """Whether a text stands for something that is elsewhere, or for nothing, and so is no secret itself."""
    return not text.strip() or bool(REFERENCE.fullmatch(text.strip()))


def is_secret(name: str, text: str) -> bool:
    """Whether a text is secret under a name that people chose."""
    if is_reference(text) or NO_SECRET.fullmatch(text.strip()):
        return False
    return is_secret_name(name) or (is_suspicious(name) and is_random(text))


@lru_cache(maxsize=1 << 12)
def is_plain(text: str) -> bool:
    """Whether a text can hold no secret: it is no document, and nothing in it looks or is called like one."""
    return (
        text.lstrip()[:1] not in ("{", "[")
        and decoded(text) is None
        and not LOOKS_LIKE.search(text)
        and not (TELLING.search(text) and re.search(r"[=:>\s]", text))
    )


def is_random(text: str) -> bool:
    """Whether a text is one that only a machine makes, and no id that is made to be shown."""
    if not RANDOM.fullmatch(text) or UUID.fullmatch(text) or text.startswith(("AKIA", "arn:")):
        return False
    classes = sum(bool(re.search(pattern, text)) for pattern in ("[a-z]", "[A-Z]", "[0-9]"))
    counts = Counter(text).values()
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
    return bits >= MANY_BITS and classes >= (2 if re.fullmatch(r"[0-9a-fA-F]{32,}", text) else 3)


def is_unmistakable(text: str) -> bool:
    """Whether a text, known to be secret in one place, can hardly mean anything else in another."""
    classes = sum(bool(re.search(pattern, text)) for pattern in ("[a-z]", "[A-Z]", "[0-9]", r"[^a-zA-Z0-9\s]"))
    return len(text) >= UNMISTAKABLE and (classes >= 3 or is_random(text))


def pieces(text: str, named: Named) -> list[Span]:
    """Where the secrets in a text are, none in another; `named` tells if what has a name and a text is one."""
    joined: list[Span] = []
    for begin, end in sorted({*_looking(text), *_named(text, named)}):
        if joined and begin < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def _looking(text: str) -> Iterator[Span]:
    if not LOOKS_LIKE.search(text):
        return
    for pattern in LOOKS:
        for match in pattern.finditer(text):
            if HOLE.fullmatch(match[1]) or not _is_elsewhere(match[1]):
                yield match.span(1)


def _named(text: str, named: Named) -> Iterator[Span]:
    if not TELLING.search(text):
        return
    for name, begin, value in [*_lines(text), *_pairs(text)]:
        if not _is_elsewhere(value) and named(name, value):
            yield begin, begin + len(value)


def _lines(text: str) -> Iterator[tuple[str, int, str]]:
    """What is called by the name at the beginning of its line, or around it: name, place and value."""
    for match in LINE.finditer(text):
        yield match["name"], match.start("rest"), match["rest"].partition(" #")[0].rstrip()
    for pattern in (BLOCK, ELEMENT):
        for match in pattern.finditer(text):
            yield match["name"], match.start("rest"), match["rest"]


def _pairs(text: str) -> Iterator[tuple[str, int, str]]:
    """What stands behind a telling name."""
    for pattern in NAMED:
        for match in pattern.finditer(text):
            value = VALUE.match(text, match.end()) if TELLING.search(match["name"]) else None
            if value is not None:
                group = "bare" if value["bare"] else "quoted"
                yield match["name"], value.start(group), value[group]


def _is_elsewhere(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (REFERENCE, NO_SECRET, OF_SCRIPTS))


# --- documents

LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"(?P<key>\s*:)?|-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity')


def document(text: str) -> Any:
    """The JSON object or array that a text is; None if it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def rewritten(text: str, old: Any, new: Any) -> str:
    """A JSON text in which the leaves of `old`, which it is, have become those of `new`; all else is as it was."""
    if new == old:
        return text
    before, after = [leaf for _, leaf in leaves(old)], [leaf for _, leaf in leaves(new)]
    literals = [match for match in LITERAL.finditer(text) if not match["key"]]
    if len(literals) != len(before):  # a key stands twice
        return json.dumps(new)
    result, end = "", 0
    for literal, was, now in zip(literals, before, after, strict=True):
        if now != was:
            is_ascii = literal[0].isascii() or "\\u" in literal[0]
            result += text[end : literal.start()] + json.dumps(now, ensure_ascii=is_ascii)
            end = literal.end()
    return result + text[end:]


# --- what a model marks, and is open all the same

PERSONAL = re.compile(r"(?:first|last|middle|given|family|full|legal|contact|sur|nick|patient|street)names?$")
CONFIGURATION = re.compile(r"(?:definition|template|userdata|userdatadata|zipfile|spec|schema|polic(?:y|ies))$")
DOCUMENT = re.compile(r"(?:input|output|payload|content|body|configuration|config|parameters|variables|document)$")
ID = {"id", "ids", "arn", "arns"}


def why_open(path: Path, text: str) -> str | None:
    """Why a text that a model marks is judged by name and looks alone; None if it is secret.

    `path` leads to it in the request or the response. What people called something is no secret, a person's own
    name is.
    """
    members = [squeeze(key) for key in path if isinstance(key, str)]
    own = next((key for key in reversed(path) if isinstance(key, str)), "")
    if is_secret_name(own) or not members:
        return None
    if is_open_token(own):
        return "a token that opens nothing"
    words = WORD.findall(own)
    if (words and words[-1].lower() in ID) or re.search(r"(?:name|identifier)s?$", members[-1]):
        return None if PERSONAL.search(members[-1]) else "a name or an id"
    if re.search(r"(?:description|title)$", members[-1]):
        return "a description"
    if CONFIGURATION.search("".join(members[-2:])):
        return "configuration"
    return "a document" if DOCUMENT.search(members[-1]) and document(text) is not None else None
