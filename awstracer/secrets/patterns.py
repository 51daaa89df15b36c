r"""Find secrets in texts: by the form that secrets of a kind have, and by the name that a value is assigned to.

    curl -u app:hunter2 https://h/       the rule `curl-user` finds `hunter2`
    export DB_PASSWORD=hunter2           `DB_PASSWORD` is assigned `hunter2`, and is a secret name (`secrets/names`)

`RULES` is the table of the forms: each rule has an id, keywords and a pattern. Most texts have no keyword of any rule,
and then no pattern is tried. To add a rule, add a row to the table, and an example to the table of its test.

What only refers to a secret is no secret: its ARN, `{{resolve:...}}`, `$NAME`, the name of a file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from awstracer.commandline.text import Span
from awstracer.secrets.names import is_secret_name, is_suspicious_name
from awstracer.secrets.placeholders import PLACEHOLDER
from awstracer.trace.encodings import UUID, decode_base64

IsSecret = Callable[[str, str], bool]  # called with a name and a value

# --- values by their form


@dataclass(frozen=True)
class SecretRule:
    """A form that the secrets of one kind have.

    keywords  texts in lower case, one of which every match contains in lower or upper case
    pattern   its first group is the secret; without a group the whole match is
    """

    id: str
    keywords: tuple[str, ...]
    pattern: re.Pattern[str]

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where the secrets of this form begin and end in a text."""
        for match in self.pattern.finditer(text):
            yield match.span(1 if self.pattern.groups else 0)


KEY_BLOCK = r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
# (id, keywords, pattern)
RULES: list[tuple[str, tuple[str, ...], str]] = [
    # a placeholder of another session, which gets one of this session's own
    ("placeholder", ("<secret-",), PLACEHOLDER.pattern),
    ("private-key", ("private key",), rf"-----BEGIN {KEY_BLOCK}(?s:.*?)(?:-----END {KEY_BLOCK}|\Z)"),
    # page tokens begin like a JWT, but have no points
    ("jwt", ("eyj",), r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"),
    # AWS: the key id of a session is replaced, since no request refers to one; a user's `AKIA...` is not
    ("aws-session-key-id", ("asia",), r"\bASIA[A-Z2-7]{16}\b"),
    (
        "aws-secret-access-key",
        ("akia", "asia"),
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\W{1,10}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    (
        "aws-signed-url",
        ("x-amz-", "signature=", "awsaccesskeyid=", "sig="),
        r"(?i)[?&;](?:X-Amz-(?:Signature|Security-Token|Credential)|Signature|AWSAccessKeyId|sig)=([^&\s\"'<>]+)",
    ),
    ("appsync-api-key", ("da2-",), r"\bda2-[a-z0-9]{26}\b"),
    ("bedrock-api-key", ("absk", "bedrock-api-key-"), r"\bABSK[A-Za-z0-9+/]{100,}=*|\bbedrock-api-key-[\w=+/-]{20,}"),
    # other services
    (
        "github-token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\bgh[pousr]_\w{36,}|\bgithub_pat_\w{22,}",
    ),
    ("gitlab-token", ("glpat-",), r"\bglpat-[\w-]{20,}"),
    ("npm-token", ("npm_",), r"\bnpm_\w{36}\b"),
    ("pypi-token", ("pypi-agei",), r"\bpypi-AgEI[\w-]{50,}"),
    ("slack-token", ("xox",), r"\bxox[abeprs]-[\w-]{10,}"),
    ("slack-webhook", ("hooks.slack.com",), r"https://hooks\.slack\.com/services/[\w/]+"),
    (
        "stripe-key",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"),
        r"\b[sr]k_(?:live|test)_\w{16,}|\bwhsec_\w{24,}",
    ),
    ("openai-key", ("sk-",), r"\bsk-[\w-]{32,}"),
    ("sendgrid-key", ("sg.",), r"\bSG\.[\w-]{22}\.[\w-]{43}"),
    ("google-api-key", ("aiza",), r"\bAIza[\w-]{35}"),
    ("google-access-token", ("ya29.",), r"\bya29\.[\w-]{20,}"),
    # headers, URLs and commands
    ("bearer-token", ("bearer",), r"(?i:\bbearer)\s+([A-Za-z0-9._~+/-]{16,}=*)"),
    ("authorization-header", ("authorization",), r"(?i:\bauthorization\W{1,4}(?:basic|token|apikey))\s+([^\s\"']+)"),
    # `@` is rarer than `://`
    ("url-password", ("@",), r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:([^\s/?#\"']+)@"),
    ("sql-password", ("password", "identified"), r"(?i:\b(?:password|identified\s+(?:with\s+\S+\s+)?by))\s+'([^']+)'"),
    ("mysql-password", ("mysql",), r"\bmysql\w*\b[^\n|;&]*?\s-p[\"']?([^\s\"']+)"),
    ("login-password", ("sshpass", "docker"), r"\b(?:sshpass|docker\s+login)\b[^\n|;&]*?\s-p\s?[\"']?([^\s\"']+)"),
    ("curl-user", ("curl",), r"\bcurl\b[^\n|;&]*?\s(?:-u|--user)[\s=]?[\"']?[^\s:\"']+:([^\s\"']+)"),
    ("chpasswd", ("chpasswd",), r":([^\s:\"']+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd\b"),
]
SECRET_RULES = [SecretRule(rule_id, keywords, re.compile(pattern)) for rule_id, keywords, pattern in RULES]
KEYWORD = re.compile("|".join(sorted({re.escape(keyword) for rule in SECRET_RULES for keyword in rule.keywords})))

RANDOM = re.compile(r"[A-Za-z0-9+/_=.~-]{20,}")
RANDOM_BITS = 3.5  # entropy of a character, from which a text counts as random
SHORTEST_DISTINCTIVE = 8

# --- values that are no secrets

REFERENCE = re.compile(r"arn:aws[a-z-]*:[^\s\"']+|\{\{resolve:.*\}\}|\*+", re.S)
NO_SECRET = re.compile(r"\$\{.*\}|fileb?://.*|(?i:true|false|null|none|yes|no|required|optional|basic|bearer)", re.S)
SCRIPT_EXPRESSION = re.compile(
    r"\$[A-Za-z_]\w*|\$\(.*|`.*|<[\w .-]*>|\{\{.*|![A-Z]\w+.*|[A-Za-z_][\w.]*[(\[].*|%\w+%|[|>][+-]?\d?"
)

# --- values by the name that they are assigned to

NAME = r"-{0,2}(?P<name>[A-Za-z_][\w.-]{0,127})"
NAME_KEYWORD = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth|code|sak|psk|jwt|otp|cookie|sign|salt|hmac|cipher")
ASSIGNMENTS = [  # up to where the value begins
    # NAME=..., "name": ..., name: ...
    re.compile(rf"(?<![\w:/.$-]){NAME}(?:\\*[\"']\s*(?:=>|[:=])\s*|[ \t]*=>?[ \t]*|:[ \t]+)"),
    # --name ...
    re.compile(r"(?<!\S)--(?P<name>[a-z][\w-]*)[ \t]+(?!-)"),
    # Key=NAME,Value=...
    re.compile(r"(?i:\b(?:name|\w*key))=(?P<name>[^,\s\"']+),(?:\w+=[^,\s]*,)*?(?i:\w*value)="),
    # XML: <property name="NAME" value="..."/>
    re.compile(r"(?i:\b(?:name|key))=[\"'](?P<name>[\w.-]+)[\"']\s+(?i:value)=(?=[\"'])"),
    # PowerShell, PHP: $NAME = "..."
    re.compile(r"\$(?i:env:)?(?P<name>\w+)\s*=\s*(?=[\"'])"),
    # define("NAME", "..."), x["NAME"] = "..."
    re.compile(r"[(\[]\s*[\"'](?P<name>[\w.-]+)[\"']\s*(?:,|\]\s*=)\s*(?=[\"'])"),
    # ENV NAME ..., aws configure set NAME ...
    re.compile(r"(?i:\b(?:env|setx|setenv|configure[ \t]+set|login[ \t]+\S+))[ \t]+(?P<name>[A-Za-z][\w.-]*)[ \t]+"),
]
ASSIGNED_VALUE = re.compile(
    r"(?P<escape>\\*)(?P<quote>[\"'])(?P<quoted>.+?)(?<!\\)(?P=escape)(?P=quote)"
    r"|(?P<bare>(?:(?!,[\w.-]+=|;(?:\s|$|[\w .-]+=)|&[\w.-]+=|&&|\\*[\"'`]|[\s)}\]]).)+)"
)
LINE = re.compile(
    rf"^[ \t]*(?:-[ \t]+)?[\"']?{NAME}[\"']?(?::[ \t]+|[ \t]+=[ \t]*|=[ \t]+)(?P<value>[^\s\"'|>&!{{\[`$].*)$", re.M
)
YAML_BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*)(?:-[ \t]+)?[\"']?{NAME}[\"']?:[ \t]*[|>][+-]?\d?[ \t]*\n"
    r"(?P=indent)[ \t]+(?P<value>\S.*(?:\n(?:(?P=indent)[ \t]+\S.*|[ \t]*(?=\n)))*)",
    re.M,
)
XML_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w.-]*)>(?P<value>[^<>]+)</")


def secret_spans(text: str, is_secret: IsSecret) -> list[Span]:
    """Return where the secrets in a text begin and end, in order and without overlaps.

    `is_secret` decides about a value that is assigned to a name.
    """
    joined: list[Span] = []
    for begin, end in sorted({*_spans_by_rule(text), *_spans_by_name(text, is_secret)}):
        if joined and begin < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


@lru_cache(maxsize=1 << 12)
def can_hold_secret(text: str) -> bool:
    """Return whether it is worth while to look for secrets in a text: it is encoded, or has a keyword."""
    return (
        text.lstrip()[:1] in ("{", "[")
        or bool(KEYWORD.search(text.lower()))
        or bool(NAME_KEYWORD.search(text) and re.search(r"[=:>,\s]", text))
        or decode_base64(text) is not None
    )


def is_secret(name: str, value: str) -> bool:
    """Return whether a value is secret under a name that a person chose."""
    if is_reference(value) or NO_SECRET.fullmatch(value.strip()):
        return False
    return is_secret_name(name) or (is_suspicious_name(name) and is_random(value))


def is_reference(text: str) -> bool:
    """Return whether a text refers to a value that stands elsewhere, hides it with asterisks, or is blank."""
    return not text.strip() or bool(REFERENCE.fullmatch(text.strip()))


def is_random(text: str) -> bool:
    """Return whether a text looks generated, and is no id."""
    if not RANDOM.fullmatch(text) or UUID.fullmatch(text) or text.startswith(("AKIA", "arn:")):
        return False
    classes = sum(bool(re.search(pattern, text)) for pattern in ("[a-z]", "[A-Z]", "[0-9]"))
    counts = Counter(text).values()
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
    return bits >= RANDOM_BITS and classes >= (2 if re.fullmatch(r"[0-9a-fA-F]{32,}", text) else 3)


def is_distinctive(secret: str) -> bool:
    """Return whether another text that is equal to a secret can hardly be anything else."""
    classes = sum(bool(re.search(pattern, secret)) for pattern in ("[a-z]", "[A-Z]", "[0-9]", r"[^a-zA-Z0-9\s]"))
    return len(secret) >= SHORTEST_DISTINCTIVE and (classes >= 3 or is_random(secret))


def _spans_by_rule(text: str) -> Iterator[Span]:
    for rule in _rules_to_try(text):
        for begin, end in rule.spans(text):
            secret = text[begin:end]
            if PLACEHOLDER.fullmatch(secret) or not _is_no_secret(secret):
                yield begin, end


def _rules_to_try(text: str) -> Iterator[SecretRule]:
    """Yield the rules of which a text has a keyword: one search tells for most texts that there is none."""
    lowered = text.lower()
    if KEYWORD.search(lowered):
        yield from (rule for rule in SECRET_RULES if any(keyword in lowered for keyword in rule.keywords))


def _spans_by_name(text: str, is_secret: IsSecret) -> Iterator[Span]:
    if not NAME_KEYWORD.search(text):
        return
    for name, begin, value in [*_structured_assignments(text), *_inline_assignments(text)]:
        if not _is_no_secret(value) and is_secret(name, value):
            yield begin, begin + len(value)


def _structured_assignments(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield name, beginning and value for each line `name: value`, YAML block and XML element."""
    for match in LINE.finditer(text):
        yield match["name"], match.start("value"), match["value"].partition(" #")[0].rstrip()
    for pattern in (YAML_BLOCK, XML_ELEMENT):
        for match in pattern.finditer(text):
            yield match["name"], match.start("value"), match["value"]


def _inline_assignments(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield name, beginning and value for each assignment to a name that can be secret."""
    for pattern in ASSIGNMENTS:
        for match in pattern.finditer(text):
            value = ASSIGNED_VALUE.match(text, match.end()) if NAME_KEYWORD.search(match["name"]) else None
            if value is not None:
                group = "bare" if value["bare"] else "quoted"
                yield match["name"], value.start(group), value[group]


def _is_no_secret(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (REFERENCE, NO_SECRET, SCRIPT_EXPRESSION))
