"""Where commands are played: the region, its partition, the account; and what in a trace means these.

An account's number is an account wherever it stands alone. A region's name is an ordinary word that
people also give to clusters: it means the region only where its place says so.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from awstracer import identifiers
from awstracer.judgement import WORD, label_before, stands_alone
from awstracer.places import Models, Place
from awstracer.trace import Trace

ARN_PARTITION = re.compile(r"\barn:(aws[a-z-]*):(?=[a-z0-9-]+:)")
HOST = re.compile(r"\.(?:[a-z0-9-]+\.){0,2}?(?:amazonaws\.com|api\.aws|on\.aws|vpce\.|console\.aws)")
LABELS = re.compile(r"\.(?:[a-z0-9-]+\.){0,2}")
FEW = 100
FAR = 128  # characters: what stands farther away says nothing of a piece


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a value comes from: something about where commands are played; `recorded` is what it was."""

    name: Literal["region", "partition", "suffix", "account"]
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
        for call in command.calls:
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


def settings_in(place: Place, known: Sequence[Setting], covered: bytearray) -> Iterator[Found]:
    """Where a string says where it was recorded, outside the characters that are `covered`: explained already."""
    for setting in known:
        begin = place.text.find(setting.recorded)
        while begin >= 0:
            span = begin, begin + len(setting.recorded)
            if not any(covered[slice(*span)]):
                reason = JUDGES[setting.name](place, span, known)
                if reason:
                    yield span, setting, reason
            begin = place.text.find(setting.recorded, span[1])


def _judge_region(place: Place, span: tuple[int, int], _: Sequence[Setting]) -> str | None:
    """A region's name means the region in ARNs, host and service names, and where the place is called one."""
    before, behind = place.text[max(span[0] - FAR, 0) : span[0]], place.text[span[1] : span[1] + FAR]
    if re.search(r"arn:aws[a-z-]*:[a-z0-9-]+:$", before) and behind.startswith(":"):
        return "the region in an ARN"
    if re.search(r"com\.amazonaws\.$", before) and behind.startswith("."):
        return "the region in a service's name"
    if re.search(r"(^|[./-])$", before) and HOST.match(behind):
        return "the region in a host's name"
    if re.search(r"(^|-)\d{12}-$", before) or re.match(r"-\d{12}(-|$)", behind):
        return "the region beside the account"
    labels = [place.label, label_before(before)]
    alone = not WORD.match(before[-1:]) and not before.endswith("-")
    if alone and re.match(r"[a-z](?![A-Za-z0-9-])", behind) and any(re.search(r"zone|az$", x, re.I) for x in labels):
        return "the region of a zone"
    ends = not re.match(r"[A-Za-z0-9-]", behind)
    if alone and ends and re.search(r"AWSLogs/.*/$", before):
        return "the region in the path of a service's log"
    if alone and ends and any(re.search(r"region|locationconstraint", x, re.I) for x in labels):
        return "it is called a region"
    return None


def _judge_partition(place: Place, span: tuple[int, int], _: Sequence[Setting]) -> str | None:
    match = ARN_PARTITION.match(place.text, max(span[0] - len("arn:"), 0))
    return "the partition in an ARN" if match and match.span(1) == span else None


def _judge_suffix(place: Place, span: tuple[int, int], known: Sequence[Setting]) -> str | None:
    """The hosts of a region; a service's principal (`lambda.amazonaws.com`) is called alike in most partitions."""
    regions = [setting.recorded for setting in known if setting.name == "region"]
    ends = not WORD.match(place.text[span[1] : span[1] + 1]) and not place.text.startswith(".cn", span[1])
    hosts = [place.text[max(span[0] - FAR, 0) : span[0]].rpartition(f".{region}") for region in regions]
    if ends and any(before and LABELS.fullmatch(labels) for _, before, labels in hosts):
        return "the partition's hosts"
    return None


def _judge_account(place: Place, span: tuple[int, int], _: Sequence[Setting]) -> str | None:
    """An account's number is an account wherever it stands by itself, unless the whole text is just a number."""
    if not stands_alone(place.text, span, WORD):
        return None
    whole = span == (0, len(place.text))
    if whole and not re.search(r"account|owner|registry|principal", place.label, re.I):
        return None
    return "the account"


JUDGES: Mapping[str, Callable[[Place, tuple[int, int], Sequence[Setting]], str | None]] = {
    "region": _judge_region,
    "partition": _judge_partition,
    "suffix": _judge_suffix,
    "account": _judge_account,
}
