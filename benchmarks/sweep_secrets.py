"""Does any secret that the API's models know of escape redaction?

For every operation of the installed awscli a canary is put in the place of each text that a model marks as
sensitive, and of each that it doesn't mark but whose name looks secret to a pattern of this file's own; then the
command is redacted.

    python -m benchmarks.sweep_secrets [SERVICE ...]

Prints how many of the marked ones become holes and by which rule the others stay, and every unmarked one whose
canary is left; ends with the totals. Exit code 0 if no unmarked one escapes, 1 if any does.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from awstracer import catalog, secrecy
from awstracer.catalog import Catalog
from awstracer.redaction import Redactor
from awstracer.trace import Call, Command, Path, leaves, spelled

import botocore.session  # isort: skip - after the driver, which brings the botocore that is meant

Side = Literal["request", "response"]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
CANARY = "c4narY-in/the m1ne"
LOOKS_SECRET = re.compile(
    r"passw|passphrase|passcode|passkey|secret|token|credential|private_?key|auth_?key|api_?key|secret_?key|shared_?key"
    r"|key_?material|pwd|psk$|\bcred$|cookie"
)
NOT_SECRET = {
    "names, places and forms of it": (
        r"(name|ids?|identifier|arns?|(arn|id|name)list|ur[il]s?|endpoint|host|domains?|type|typehint|typeoverride|alias|link"
        r"|x?path|location|source|provider|vendor|integration|parameters?|param|header|prefix|reference|template|filter|role"
        r"|store|storage|policy|jsonkey|secretstringkey|expression|scopes?|scheme|standard|behavior|action|methods"
        r"|methodssupported|audiences|properties|parametersmap|customproperties|description|specs|strategy|(in|ex)cludedcookies)$"
    ),
    "what is said about it": (
        r"(count|length|size|status|state|version|versionstostages|age|days|duration|period|prevention|expir\w*|validity|minutes"
        r"|seconds|reset\w*|algorithm|usage|format|check\w*|position|uid|list|filters|timetofirsttokenms|generation|dictionary"
        r"|at|enforced|includekeymaterial|tokencontent)$"
    ),
    "a token of a text, or a coin": r"^token(string|standard)$",
    "the pages of a listing": (
        r"(next|previous|page|pagination|continuation|starting|forward|backward|message)\w*token$"
    ),
    "which request, version, task or lock it is": (
        r"(request|client|idempotency|creation|conditional|lock|change|updated?|version|sequence|upload|checkpoint|configuration"
        r"|task|job|workflow|workunit|lifecycleaction|execute|provision|terminate|copyproduct|portfolioshare|purchase|offer|term"
        r"|profile|block|result|retrieval|import|export|feedback|anomaly|preview|licenseconsumption)tokens?$"
    ),
    "what KMS says is no secret, and what stands in the DNS": r"(grant|dkim)tokens?$",
    "a setting, and what language models count": r"(http|input|output|max|overlap|total)\w*tokens$|^tokenized",
    "public or encrypted": r"public|^encrypted|ciphertext",
    "whom it lets do what": r"^authorized",
}


@dataclass(frozen=True)
class Member:
    """A text in an operation's request or response.

    is_marked   whether the model marks it, or something that it is in
    why_open    the reason why it is no secret though it is marked, or called one; None if there is none
    """

    service: str
    operation: str
    side: Side
    path: Path
    kind: str
    is_marked: bool
    why_open: str | None

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation} {self.side} {spelled(self.path)}"

    @property
    def own(self) -> str:
        return next((key for key in reversed(self.path) if isinstance(key, str) and key != KEY), "")


KEY = "anything"
TEXTS = {"string", "blob"}
MUTE = {"values", "value", "stringvalue", "s", "ss"}


# --- members


def members(service: str, model: Any) -> Iterator[Member]:
    """The members of all of a service's operations that are no containers, each shape once for an operation."""
    for name in model.operation_names:
        operation = model.operation_model(name)
        sides: list[tuple[Side, Any]] = [("request", operation.input_shape), ("response", operation.output_shape)]
        for side, shape in sides:
            if shape is not None:
                for path, leaf, is_marked, chosen in _walk(shape, (), is_marked=False, chosen=False, seen=set()):
                    why = _why_open(path, leaf, chosen=chosen, is_marked=is_marked)
                    yield Member(service, name, side, path, leaf.type_name, is_marked, why)


def _walk(
    shape: Any, path: Path, *, is_marked: bool, chosen: bool, seen: set[tuple[str, bool]]
) -> Iterator[tuple[Path, Any, bool, bool]]:
    is_marked = is_marked or bool(shape.metadata.get("sensitive"))
    if shape.type_name == "structure":
        if (shape.name, is_marked) in seen:
            return
        seen.add((shape.name, is_marked))
        is_pair = path[-1:] == (0,) and len(shape.members) == 2 and {"value"} < {name.lower() for name in shape.members}
        for name, member in shape.members.items():
            is_mute = chosen and name.lower() in MUTE
            yield from _walk(member, (*path, name), is_marked=is_marked, chosen=is_pair or is_mute, seen=seen)
    elif shape.type_name == "list":
        yield from _walk(shape.member, (*path, 0), is_marked=is_marked, chosen=chosen, seen=seen)
    elif shape.type_name == "map":
        yield from _walk(shape.value, (*path, KEY), is_marked=is_marked, chosen=True, seen=seen)
    else:
        yield path, shape, is_marked, chosen


def _why_open(path: Path, shape: Any, *, chosen: bool, is_marked: bool) -> str | None:
    if shape.type_name not in TEXTS:
        return "no text"
    if getattr(shape, "enum", None):
        return "one of a fixed set"
    if shape.metadata.get("idempotencyToken"):
        return "a token that opens nothing"
    if not is_marked:
        return "a part of the address" if shape.serialization.get("location") == "uri" else None
    return "under a key that people chose" if chosen else secrecy.why_open(path, CANARY)


# --- canaries


def escapes(member: Member, redactor: Redactor) -> bool:
    """Whether a secret that stands in the member is left in the redacted command."""
    document = _planted(member.path, CANARY.encode() if member.kind == "blob" else CANARY)
    request, response = (document, {}) if member.side == "request" else ({}, document)
    call = Call(member.service, member.operation, request, response, None, None, None, NOW, NOW)
    redacted = redactor.command(Command((), None, (call,), 0, NOW, NOW)).calls[0]
    return any(leaf in (CANARY, CANARY.encode()) for _, leaf in leaves([redacted.request, redacted.response]))


def _planted(path: Path, leaf: Any) -> Any:
    for key in reversed(path):
        leaf = [leaf] if key == 0 else {key: leaf}
    return leaf


def why_not(name: str) -> str | None:
    """Why a member whose name looks secret is none; None if it is one."""
    return next((reason for reason, pattern in NOT_SECRET.items() if re.search(pattern, name.lower())), None)


# --- the sweep


def sweep(services: list[str], show: Callable[[str], None]) -> bool:
    """Redact canaries in all these services, in all there are if none is given; whether no unmarked one escapes."""
    session = botocore.session.get_session()
    models = Catalog()
    marked: Counter[tuple[Side, str]] = Counter()
    examples: dict[str, set[str]] = defaultdict(set)
    unmarked: Counter[str] = Counter()
    lost: list[Member] = []
    for service in services or session.get_available_services():
        for member in members(service, session.get_service_model(service)):
            if member.is_marked:
                is_open = member.kind not in TEXTS or escapes(member, Redactor(b"sweep", models))
                reason = (member.why_open or "for no reason") if is_open else "a hole"
                marked[member.side, reason] += 1
                examples[reason].add(f"{service} {member.own}")
            elif member.kind in TEXTS and LOOKS_SECRET.search(member.own.lower()) and KEY not in member.path:
                reason = member.why_open or why_not(member.own) or "a hole"
                unmarked[reason] += 1
                if reason == "a hole" and escapes(member, Redactor(b"sweep", models)):
                    lost.append(member)
    return _report(marked, examples, unmarked, lost, show)


def _report(
    marked: Counter[tuple[Side, str]],
    examples: dict[str, set[str]],
    unmarked: Counter[str],
    lost: list[Member],
    show: Callable[[str], None],
) -> bool:
    for (side, reason), count in sorted(marked.items()):
        step = max(1, len(examples[reason]) // 5)
        show(f"{count:6} marked, {side}: {reason} ({', '.join(sorted(examples[reason])[::step])})")
    for reason, count in sorted(unmarked.items()):
        show(f"{count:6} not marked, though the name looks secret: {reason}")
    for member in lost:
        show(f"escapes: {member.name}")
    holes = sum(count for (_, reason), count in marked.items() if reason == "a hole")
    secret = unmarked["a hole"]
    unreasoned = sum(count for (_, reason), count in marked.items() if reason == "for no reason")
    show(
        f"awscli {catalog.VERSION}, marked: {holes} of {sum(marked.values())} become holes, {unreasoned} stay for no "
        f"reason; not marked: {secret - len(lost)} of {secret} that look secret become holes"
    )
    return not lost and not unreasoned


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="only these services")
    return 0 if sweep(parser.parse_args().services, print) else 1


if __name__ == "__main__":
    sys.exit(main())
