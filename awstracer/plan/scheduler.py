"""Decides which steps of a plan have to be done before which. With `-j`, all others may run at the same time.

Each step uses resources, and two steps that use the same one keep the trace's order unless both only read it. In detail
a step waits for

1. the steps that its values come from: `create-subnet --vpc-id vpc-0a` waits for the `create-vpc` that returned
   `vpc-0a`, and a command under temporary credentials for the `assume-role` that returned them;
2. earlier steps that use the same resource, unless both only read it: `tag-user --user-name alice` waits for
   `create-user --user-name alice`, while two `get-user --user-name alice` run together. Resources are the values that
   relations lead to, whatever looks like an identifier, names, and local files (`s3 cp page.html s3://web` waits for
   the command that wrote `page.html`);
3. earlier steps of the same service, if it names no resource (`list-users`) or selects by nothing but a prefix or a
   path (`get-parameters-by-path --path /app`): it uses the service as a whole. It waits for each earlier change there,
   and each later change waits for it;
4. everything that is connected with what it deletes, even through a third resource: `delete-vpc` waits for
   `delete-subnet`, though neither names the other, since `describe-subnets` returned both identifiers;
5. earlier steps about resources that this trace has created and connected with its own. These are one resource from
   then on: once a queue is subscribed to a topic, `sqs receive-message` waits for `sns publish`; and
   `create-nat-gateway` waits for the `attach-internet-gateway` of its subnet's VPC. What was there before the trace
   (an image, a default VPC) connects nothing in this way;
6. all earlier steps, if it calls no API (`configure set`) or the recorded pause before it is kept. All later steps wait
   for such a step.

`ResourceGraph` applies the rules, on what `relations/operations` tells of each operation. `play/parallel` starts the
steps in this order.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from awstracer.commandline.text import to_str
from awstracer.plan.model import Step
from awstracer.relations.identifiers import find_generated_ids
from awstracer.relations.model import Relation, Source
from awstracer.relations.operations import created_names, effect, is_deletion, is_read_only, selects_broadly
from awstracer.trace.model import Opaque, Structure
from awstracer.trace.paths import leaves, strings

Resource = Hashable

SEGMENT = re.compile(r"[^/:=,\s]+")
NO_NAMES = frozenset({"/", ".", "..", "-", "s3", "http", "https", "file", "fileb", "arn", "aws"})


def predecessors(steps: Sequence[Step], *, keeps_pauses: bool) -> dict[int, frozenset[int]]:
    """Return for the number of each selected step the numbers of the selected steps that have to be done before it.

    `steps` are all steps of a plan; `keeps_pauses` says whether recorded pauses are kept.
    """
    return ResourceGraph(steps).predecessors(keeps_pauses=keeps_pauses)


class Access(Enum):
    """How a step uses a resource."""

    READS = "reads"
    WRITES = "writes"
    DELETES = "deletes"


@dataclass(frozen=True)
class Service:
    """All resources of a service, as one resource."""

    name: str


class ResourceGraph:
    """Which steps of a plan use which resources, and the order that follows; `predecessors` is called once."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._users = [_User.of(step, steps) for step in steps]
        self._resources: dict[Resource, _Uses] = {}
        self._connected = _Groups()
        for user in self._users:
            self._connected.join(user.resources)
        self._created_by: dict[Resource, list[int]] = {}
        self._creators = _Groups()

    def resources_of(self, step: Step) -> dict[Resource, Access]:
        """Return the resources that a step uses, and how. One that names none uses its services."""
        user = self._users[step.number - 1]
        used: set[Resource] = {*user.resources}
        if not user.is_named:
            used.update(map(Service, user.services))
        return dict.fromkeys(used, user.access)

    def predecessors(self, *, keeps_pauses: bool) -> dict[int, frozenset[int]]:
        """Return for each selected step's number those of the selected steps that have to be done before it."""
        result: dict[int, frozenset[int]] = {}
        barrier: set[int] = set()
        for step, user in zip(self._steps, self._users, strict=True):
            before = self._after_creation(step, user)
            if not step.selected:
                continue
            before |= barrier | user.sources | self._after_users(step) | self._after_connected(user)
            if not step.command.calls or (keeps_pauses and step.command.pause):
                before, barrier = set(result), {step.number}
            result[step.number] = frozenset(before & result.keys())
        return result

    def _after_users(self, step: Step) -> set[int]:
        """Return the steps to wait for by rules 2 and 3; a step that names resources uses a part of its services."""
        user = self._users[step.number - 1]
        uses: dict[Resource, _Use] = {Service(name): _Use(user.writes, is_part=True) for name in user.services}
        uses |= {resource: _Use(access is not Access.READS) for resource, access in self.resources_of(step).items()}
        before: set[int] = set()
        for resource, use in uses.items():
            before |= self._resources.setdefault(resource, _Uses()).add(step.number, use)
        return before

    def _after_connected(self, user: _User) -> set[int]:
        """Return the steps to wait for by rule 4."""
        use = _Use(user.access is Access.DELETES)
        groups = {self._connected.group_of(resource) for resource in user.resources}
        return {number for group in groups for number in self._connected.uses_of(group).add(user.number, use)}

    def _after_creation(self, step: Step, user: _User) -> set[int]:
        """Return the steps to wait for by rule 5; also steps that are not selected tell what is connected."""
        creators = {number for resource in user.requested for number in self._created_by.get(resource, ())}
        connected = {number for number in creators | user.responding if number in self._creators}
        if not user.writes and not connected:
            return set()
        self._creators.join([step.number, *connected])
        for name in {name for call in step.command.calls for name in created_names(call)}:
            self._created_by.setdefault(name, []).append(step.number)
        uses = self._creators.uses_of(step.number)
        return uses.add(step.number, _Use(user.writes)) if step.selected else set()


@dataclass(frozen=True)
class _User:
    """A step as a user of resources.

    requested   the resources that its request names
    returned    the identifiers in its recorded response
    responding  the steps whose responses its values come from
    sources     the steps that its values, and its credentials, come from
    services    the services that it calls
    is_named    whether it names its resources: one that doesn't uses its services as a whole
    """

    number: int
    access: Access
    requested: Set[Resource]
    returned: Set[Resource]
    responding: Set[int]
    sources: Set[int]
    services: Set[str]
    is_named: bool

    @classmethod
    def of(cls, step: Step, steps: Sequence[Step]) -> _User:
        """Return a step of `steps` as a user of resources."""
        access = _access(step)
        chains = list(_source_chains(step, steps))
        sources = [source for chain in chains for source in chain]
        first_seen = {(chain[-1].command, chain[-1].section, chain[-1].path) for chain in chains if chain}
        requested = frozenset({*first_seen, *_identifiers(step.command.request), *_names(step)})
        returned = frozenset(_identifiers(step.command.response))
        credentials = {step.credentials.number} if step.credentials is not None else set()
        is_reading = access is Access.READS
        named = requested if is_reading else requested | returned
        is_broad = is_reading and selects_broadly(name for call in step.command.calls for name in call.request)
        return cls(
            number=step.number,
            access=access,
            requested=requested,
            returned=returned,
            responding=frozenset(source.command + 1 for source in sources if source.section != "request"),
            sources=frozenset(source.command + 1 for source in sources) | credentials,
            services=frozenset(call.service for call in step.command.calls),
            is_named=bool(named) and not is_broad,
        )

    @property
    def writes(self) -> bool:
        """Whether the step changes something."""
        return self.access is not Access.READS

    @cached_property
    def resources(self) -> Set[Resource]:
        """All resources that the step names or returns."""
        return self.requested | self.returned


class _Use(NamedTuple):
    """How a resource is used: changed or read, as a whole or in a part of its own."""

    writes: bool
    is_part: bool = False

    def has_conflict_with(self, other: _Use) -> bool:
        """Return whether two uses have to keep their order."""
        return (self.writes or other.writes) and not (self.is_part and other.is_part)


WRITES_ALL = _Use(writes=True)


class _Uses:
    """The steps that have used one resource, as far as later ones may still have to wait for them."""

    def __init__(self) -> None:
        self._numbers: dict[_Use, set[int]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._numbers.values()))

    def add(self, number: int, use: _Use) -> set[int]:
        """Add a step's use; return the steps that it has to wait for."""
        earlier = [numbers for other, numbers in self._numbers.items() if use.has_conflict_with(other)]
        before = set().union(*earlier)
        if use == WRITES_ALL:  # whoever conflicts with an earlier use conflicts with this one too
            self._numbers.clear()
        self._numbers.setdefault(use, set()).add(number)
        return before

    def absorb(self, other: _Uses) -> None:
        """Take over the uses of another resource, which is one with this from now on."""
        for use, numbers in other._numbers.items():
            self._numbers.setdefault(use, set()).update(numbers)


class _Groups:
    """Disjoint groups of items, and who has used each group (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}
        self._uses: dict[Hashable, _Uses] = {}

    def __contains__(self, item: Hashable) -> bool:
        return item in self._parents

    def join(self, items: Iterable[Hashable]) -> None:
        """Make one group of several items, and of all groups that they are in."""
        for item in (several := list(items)):
            self._parents.setdefault(item, item)
        groups = sorted({self.group_of(item): None for item in several}, key=lambda group: len(self.uses_of(group)))
        for group in groups[:-1]:
            self._parents[group] = groups[-1]
            self.uses_of(groups[-1]).absorb(self._uses.pop(group))

    def group_of(self, item: Hashable) -> Hashable:
        """Return the item that stands for an item's group."""
        while (parent := self._parents[item]) != item:
            self._parents[item] = item = self._parents[parent]
        return item

    def uses_of(self, item: Hashable) -> _Uses:
        """Return the uses of an item's group."""
        return self._uses.setdefault(self.group_of(item), _Uses())


def _access(step: Step) -> Access:
    """Return how a step uses its resources. One that writes a local file doesn't only read."""
    operations = [call.operation for call in step.command.calls]
    if any(map(is_deletion, operations)):
        return Access.DELETES
    is_reading = all(map(is_read_only, operations)) and not any(_output_files(step))
    return Access.READS if is_reading else Access.WRITES


def _source_chains(step: Step, steps: Sequence[Step]) -> Iterator[list[Source]]:
    """Yield for each value of a step's request and `--query` that comes from elsewhere the sources that it passed.

    The first source of a chain is where the step has the value from, the last one is where the value first appeared.
    """
    for reference in step.references():
        yield list(_chain(reference.relation, steps))


def _chain(relation: Relation, steps: Sequence[Step]) -> Iterator[Source]:
    for source in (relation.source, *relation.alternatives):
        if not isinstance(source, Source):
            continue
        yield source
        for reference in steps[source.command].references_at(source.path) if source.section == "request" else ():
            yield from _chain(reference.relation, steps)


def _identifiers(document: Structure) -> Iterator[str]:
    for _, text in strings(document):
        yield from (text[begin:end] for begin, end in find_generated_ids(text))


def _names(step: Step) -> Iterator[str]:
    """Yield the names in a request, also at the end of paths and ARNs; of a custom command its words' segments."""
    yield from _with_last_segments(text for value in step.override_values() for _, text in strings(value))
    operation = step.command.operation
    if step.operation_command is None or operation is None:
        for at in step.arguments[1:]:
            yield from set(SEGMENT.findall(step.command.argv[at])) - NO_NAMES
        return
    step_effect = effect(operation.service, operation.name, operation.parameters)
    named = {name: operation.parameters[name] for name in (*step_effect.members, *step_effect.related)}
    bodies = (leaf.name for _, leaf in leaves(operation.parameters) if isinstance(leaf, Opaque) and leaf.name)
    yield from _with_last_segments((*(text for _, text in strings(named)), *bodies, *_output_files(step)))


def _with_last_segments(texts: Iterable[str]) -> Iterator[str]:
    """Yield each text, and its last segment: of `arn:aws:iam::1:user/alice` also `alice`."""
    for text in texts:
        yield from {text, *SEGMENT.findall(text)[-1:]} - NO_NAMES


def _output_files(step: Step) -> Iterator[str]:
    """Yield the local files that an operation's response is written to (`s3api get-object ... OUTFILE`)."""
    for extra in step.operation_command.extra if step.operation_command is not None else ():
        if not extra.members:
            yield to_str(extra.words[-1])
