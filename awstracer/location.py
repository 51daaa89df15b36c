"""Where commands are played: the region, its partition, the account; and what in a trace means these.

An account's number is an account wherever it stands alone. A region's name is an ordinary word that
people also give to clusters: it means the region only where its place says so.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Literal

from awstracer import identifiers
from awstracer.judgement import WORD, label_before, stands_alone
from awstracer.places import Models, Place
from awstracer.trace import Trace

ARN_HEAD = re.compile(
    r"arn:(?<!\warn:)(?P<partition>aws[a-z-]*):[a-z0-9-]+:(?P<region>[a-z0-9-]+(?=:))?(?::(?P<account>\d{12})(?=:))?"
)
SERVICE_LOG = re.compile(r"AWSLogs/.*/$")
BESIDE_ACCOUNT = re.compile(r"(^|-)\d{12}-$"), re.compile(r"-\d{12}(-|$)")
ZONE_LETTER = re.compile(r"[a-z](?![A-Za-z0-9-])")
CALLED_ZONE = re.compile(r"zone|az$", re.I)
CALLED_REGION = re.compile(r"region|locationconstraint", re.I)
CALLED_ACCOUNT = re.compile(r"account|owner|registry|principal", re.I)
HOST = re.compile(r"\.(?:[a-z0-9-]+\.){0,2}?(?:amazonaws\.com|api\.aws|on\.aws|vpce\.|console\.aws)")
LABELS = re.compile(r"\.(?:[a-z0-9-]+\.){0,2}")
FEW = 100
FAR = 256  # characters around a setting that can tell what it is


SettingName = Literal["region", "partition", "suffix", "account"]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a value comes from: something about where commands are played; `recorded` is what it was."""

    name: SettingName
    recorded: str


Found = tuple[tuple[int, int], Setting, str]


def settings(trace: Trace, models: Models) -> list[Setting]:
    """Where a trace was recorded, as far as it tells."""
    found = []
    region = trace.recorded.region
    if region:
        found.append(Setting("region", region))
        partition = models.partition(region)
        if partition is not None:
            found += [Setting("partition", partition[0]), Setting("suffix", partition[1])]
    account = _account(trace)
    if account:
        found.append(Setting("account", account))
    return found


def _account(trace: Trace) -> str | None:
    """The account that the caller's identity or, failing that, most responses name in ARNs."""
    counts: dict[str, int] = {}
    for command in trace.commands:
        for call in command.calls if command.access_key is None else ():  # who else it was may be of another account
            response = call.response or {}
            if call.operation == "GetCallerIdentity" and isinstance(response.get("Account"), str):
                return str(response["Account"])
            is_clear = len(counts) == 1 and max(counts.values()) >= FEW
            for account in () if is_clear else _accounts(response):
                counts[account] = counts.get(account, 0) + 1
    return max(counts, key=lambda account: counts[account]) if counts else None


def _accounts(document: Any) -> Iterator[str]:
    """The accounts of the ARNs in a document, each once, those that stand higher first."""
    seen: set[str] = set()
    pending = deque([document])
    while pending:
        node = pending.popleft()
        if isinstance(node, dict):
            pending += node.values()
        elif isinstance(node, list):
            pending += node
        elif isinstance(node, str) and node.startswith("arn:"):
            match = identifiers.ARN.match(node)
            account = match["account"] if match else None
            if account and account.isdigit() and account not in seen:
                seen.add(account)
                yield account


class Finder:
    """Finds settings in strings."""

    def __init__(self, known: Sequence[Setting]) -> None:
        self._known = known
        self._in_head = lru_cache(maxsize=1 << 10)(partial(_in_head, {setting.name: setting for setting in known}))

    def inside(self, place: Place) -> list[Found]:
        """Where a string says where it was recorded."""
        here = [setting for setting in self._known if setting.recorded in place.text]
        if not here:
            return []
        found: list[Found] = []
        beside, done = [], 0
        for head in ARN_HEAD.finditer(place.text):
            begin, end = head.span()
            beside.append(place.text[done:begin])
            done = end
            for first, last, setting, reason in self._in_head(head[0]):
                found.append(((begin + first, begin + last), setting, reason))
        rest = "\n".join([*beside, place.text[done:]])
        for setting in here:
            if setting.name in JUDGES and setting.recorded in rest:
                found += self._beside_arns(place, setting, {span for span, _, _ in found})
        return found

    def _beside_arns(self, place: Place, setting: Setting, told: Container[tuple[int, int]]) -> list[Found]:
        judge = JUDGES[setting.name]
        spans = [span for span in _occurrences(setting.recorded, place.text) if span not in told]
        judged = [(span, setting, judge(place, span, self._known)) for span in spans]
        return [(span, setting, reason) for span, setting, reason in judged if reason is not None]


def _in_head(known: Mapping[SettingName, Setting], head: str) -> list[tuple[int, int, Setting, str]]:
    """Where the head of an ARN has settings: it is the same in very many places."""
    match = ARN_HEAD.match(head + ":")  # as it goes on, which the pattern looks for
    return [
        (*match.span(name), known[name], reason)
        for name, reason in IN_ARNS.items()
        if match is not None and name in known and match[name] == known[name].recorded
    ]


def _occurrences(word: str, text: str) -> Iterator[tuple[int, int]]:
    begin = text.find(word)
    while begin >= 0:
        end = begin + len(word)
        yield begin, end
        begin = text.find(word, end)


def _judge_region(place: Place, span: tuple[int, int], _: Sequence[Setting]) -> str | None:
    """Beside ARNs, a region's name means it in host and service names, and where the place is called a region."""
    before, behind = place.text[max(span[0] - FAR, 0) : span[0]], place.text[span[1] : span[1] + FAR]
    if before.endswith("com.amazonaws.") and behind.startswith("."):
        return "the region in a service's name"
    if (not before or before[-1] in "./-") and HOST.match(behind):
        return "the region in a host's name"
    if BESIDE_ACCOUNT[0].search(before) or BESIDE_ACCOUNT[1].match(behind):
        return "the region beside the account"
    if before[-1:] in WORD or before.endswith("-"):
        return None
    labels = [place.label, label_before(before)]
    if ZONE_LETTER.match(behind) and any(map(CALLED_ZONE.search, labels)):
        return "the region of a zone"
    if behind[:1] in WORD or behind.startswith("-"):
        return None
    if SERVICE_LOG.search(before):
        return "the region in the path of a service's log"
    return "it is called a region" if any(map(CALLED_REGION.search, labels)) else None


def _judge_suffix(place: Place, span: tuple[int, int], known: Sequence[Setting]) -> str | None:
    """The hosts of a region; a service's principal (`lambda.amazonaws.com`) is called alike in most partitions."""
    regions = [setting.recorded for setting in known if setting.name == "region"]
    ends = place.text[span[1] : span[1] + 1] not in WORD and not place.text.startswith(".cn", span[1])
    hosts = [place.text[max(span[0] - FAR, 0) : span[0]].rpartition(f".{region}") for region in regions]
    if ends and any(before and LABELS.fullmatch(labels) for _, before, labels in hosts):
        return "the partition's hosts"
    return None


def _judge_account(place: Place, span: tuple[int, int], _: Sequence[Setting]) -> str | None:
    """An account's number is an account wherever it stands by itself, unless the whole text is just a number."""
    if not stands_alone(place.text, span, WORD):
        return None
    whole = span == (0, len(place.text))
    if whole and not CALLED_ACCOUNT.search(place.label):
        return None
    return "the account"


IN_ARNS: Mapping[SettingName, str] = {
    "partition": "the partition in an ARN",
    "region": "the region in an ARN",
    "account": "the account",
}
JUDGES: Mapping[SettingName, Callable[[Place, tuple[int, int], Sequence[Setting]], str | None]] = {  # beside ARNs
    "region": _judge_region,
    "suffix": _judge_suffix,
    "account": _judge_account,
}
