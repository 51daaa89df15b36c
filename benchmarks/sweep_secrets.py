"""Does any secret that the API models know of escape redaction?

Plants a canary in one text member after the other, in all operations of the installed awscli, and redacts the command:
in each member that a model marks as sensitive, and in each other one whose name looks secret to LOOKS_SECRET.

    python -m benchmarks.sweep_secrets [SERVICE ...]

Prints how many of the marked members are replaced by placeholders and for which reason the others stay, then every
unmarked member whose canary is left, and the totals. Exits with 1 if an unmarked member's canary is left, or a marked
member's for no reason.
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

from awstracer.aws import catalog
from awstracer.aws.catalog import Catalog
from awstracer.secrets import names
from awstracer.secrets.redactor import Redactor
from awstracer.trace.model import Call, Command
from awstracer.trace.paths import Path, format_path, leaves

import botocore.session  # isort: skip - after the driver, which brings the botocore that is meant

Side = Literal["request", "response"]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
CANARY = "c4narY-in/the m1ne"
LOOKS_SECRET = re.compile(
    r"passw|passphrase|passcode|passkey|secret|token|credential|private_?key|auth_?key|api_?key|secret_?key|shared_?key"
    r"|key_?material|pwd|psk$|\bcred$|cookie"
)
NOT_SECRET = {
    "its name, its place, its form": (
        r"(name|ids?|identifier|arns?|(arn|id|name)list|ur[il]s?|endpoint|host|domains?|type|typehint|typeoverride|alias|link"
        r"|x?path|location|source|provider|vendor|integration|parameters?|param|header|prefix|reference|template|filter|role"
        r"|store|storage|policy|jsonkey|secretstringkey|expression|scopes?|scheme|standard|behavior|action|methods"
        r"|methodssupported|audiences|properties|parametersmap|customproperties|description|specs|strategy|(in|ex)cludedcookies)$"
    ),
    "a property of it": (
        r"(count|length|size|status|state|version|versionstostages|age|days|duration|period|prevention|expir\w*|validity|minutes"
        r"|seconds|reset\w*|algorithm|usage|format|check\w*|position|uid|list|filters|timetofirsttokenms|generation|dictionary"
        r"|at|enforced|includekeymaterial|tokencontent)$"
    ),
    "a token of a text, or a coin": r"^token(string|standard)$",
    "identifies a page of a listing": (
        r"(next|previous|page|pagination|continuation|starting|forward|backward|message)\w*token$"
    ),
    "identifies a request, a version, a task or a lock": (
        r"(request|client|idempotency|creation|conditional|lock|change|updated?|version|sequence|upload|checkpoint|configuration"
        r"|task|job|workflow|workunit|lifecycleaction|execute|provision|terminate|copyproduct|portfolioshare|purchase|offer|term"
        r"|profile|block|result|retrieval|import|export|feedback|anomaly|preview|licenseconsumption)tokens?$"
    ),
    "no secret by the documentation of KMS, or published in the DNS": r"(grant|dkim)tokens?$",
    "a setting, or a language model's count of tokens": r"(http|input|output|max|overlap|total)\w*tokens$|^tokenized",
    "public or encrypted": r"public|^encrypted|ciphertext",
    "a permission": r"^authorized",
}


@dataclass(frozen=True)
class Member:
    """A text in an operation's request or response.

    is_marked  whether the model marks it as sensitive, or a structure around it
    exemption  why it is no secret though it is marked, or has the name of one; None if there is no reason
    """

    service: str
    operation: str
    side: Side
    path: Path
    kind: str
    is_marked: bool
    exemption: str | None

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation} {self.side} {format_path(self.path)}"

    @property
    def own(self) -> str:
        return next((key for key in reversed(self.path) if isinstance(key, str) and key != KEY), "")


KEY = "anything"  # a key that a person chooses
REPLACED = "a placeholder"
TEXTS = {"string", "blob"}
GENERIC = {"values", "value", "stringvalue", "s", "ss"}


# --- members


def members(service: str, model: Any) -> Iterator[Member]:
    """Yield the members of a service's operations that are no containers, each shape once for an operation."""
    for name in model.operation_names:
        operation = model.operation_model(name)
        sides: list[tuple[Side, Any]] = [("request", operation.input_shape), ("response", operation.output_shape)]
        for side, shape in sides:
            if shape is not None:
                for path, leaf, is_marked, chosen in _walk(shape, (), is_marked=False, chosen=False, seen=set()):
                    exemption = _exemption(path, leaf, chosen=chosen, is_marked=is_marked)
                    yield Member(service, name, side, path, leaf.type_name, is_marked, exemption)


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
            is_generic = chosen and name.lower() in GENERIC
            yield from _walk(member, (*path, name), is_marked=is_marked, chosen=is_pair or is_generic, seen=seen)
    elif shape.type_name == "list":
        yield from _walk(shape.member, (*path, 0), is_marked=is_marked, chosen=chosen, seen=seen)
    elif shape.type_name == "map":
        yield from _walk(shape.value, (*path, KEY), is_marked=is_marked, chosen=True, seen=seen)
    else:
        yield path, shape, is_marked, chosen


def _exemption(path: Path, shape: Any, *, chosen: bool, is_marked: bool) -> str | None:
    if shape.type_name not in TEXTS:
        return "no text"
    if getattr(shape, "enum", None):
        return "one of a fixed set"
    if shape.metadata.get("idempotencyToken"):
        return "a token that grants no access"
    if not is_marked:
        return "a part of the address" if shape.serialization.get("location") == "uri" else None
    return "under a key that people chose" if chosen else names.exemption(path, CANARY)


# --- canaries


def escapes(member: Member, redactor: Redactor) -> bool:
    """Return whether a secret in the member is left in the redacted command."""
    document = _planted(member.path, CANARY.encode() if member.kind == "blob" else CANARY)
    request, response = (document, {}) if member.side == "request" else ({}, document)
    call = Call(member.service, member.operation, request, response, None, None, None, NOW, NOW)
    redacted = redactor.redact_command(Command((), None, (call,), 0, NOW, NOW)).calls[0]
    return any(leaf in (CANARY, CANARY.encode()) for _, leaf in leaves([redacted.request, redacted.response]))


def _planted(path: Path, leaf: Any) -> Any:
    for key in reversed(path):
        leaf = [leaf] if key == 0 else {key: leaf}
    return leaf


def harmless_name(name: str) -> str | None:
    """Return why a member is no secret though its name looks like one; None if it is a secret."""
    return next((reason for reason, pattern in NOT_SECRET.items() if re.search(pattern, name.lower())), None)


# --- the sweep


def sweep(services: list[str], show: Callable[[str], None]) -> bool:
    """Redact canaries in these services, or in all if there are none; return whether none is left without a reason."""
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
                reason = (member.exemption or "for no reason") if is_open else REPLACED
                marked[member.side, reason] += 1
                examples[reason].add(f"{service} {member.own}")
            elif member.kind in TEXTS and LOOKS_SECRET.search(member.own.lower()) and KEY not in member.path:
                reason = member.exemption or harmless_name(member.own) or REPLACED
                unmarked[reason] += 1
                if reason == REPLACED and escapes(member, Redactor(b"sweep", models)):
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
    replaced = sum(count for (_, reason), count in marked.items() if reason == REPLACED)
    secret = unmarked[REPLACED]
    unreasoned = sum(count for (_, reason), count in marked.items() if reason == "for no reason")
    show(
        f"awscli {catalog.AWSCLI_VERSION}, marked: {replaced} of {sum(marked.values())} become placeholders, "
        f"{unreasoned} stay for no reason; not marked: {secret - len(lost)} of {secret} that look secret do"
    )
    return not lost and not unreasoned


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="only these services")
    return 0 if sweep(parser.parse_args().services, print) else 1


if __name__ == "__main__":
    sys.exit(main())
