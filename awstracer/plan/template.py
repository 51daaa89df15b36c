"""Templates: recorded documents with leaves where a value comes from elsewhere.

The request of `ec2 create-subnet` was recorded as `{"VpcId": "vpc-0a1b", "CidrBlock": "10.0.1.0/24"}`. Its template is
this very document with the leaf `Reference(<command 1's response, Vpc.VpcId>)` at the path `VpcId`. Where only a piece
of a string comes from elsewhere, as in `"arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0a1b"`, the leaf is an
`Interpolation`: the string, with a leaf for each such span of it.

A template shares its document with the trace: a response can have 100,000 values, of which ten come from elsewhere.
What a step depends on, which secrets are missing and which identifiers nothing explains are walks over the leaves.

`plan/compiler` decides which leaf stands where, and `plan/resolver` puts values in their places.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from awstracer.commandline.text import Span
from awstracer.relations.model import Encoding, Relation
from awstracer.secrets import placeholders
from awstracer.trace.paths import Path, lookup


@dataclass(frozen=True, slots=True)
class Reference:
    """The value comes from the source of a relation: an earlier command, or where the replay takes place."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class Given:
    """`-p` gives the value.

    typed_as    what the person typed: `file://policy.json` for the content of that file
    is_secret   whether a secret was recorded here, so that the value is never shown
    """

    value: Any
    typed_as: str
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """`--keep` keeps the recorded value, whatever the relations say."""

    value: Any


@dataclass(frozen=True, slots=True)
class Generated:
    """awscli generates the value anew each time that the command runs: `value` is the one for this replay."""

    value: str


@dataclass(frozen=True, slots=True)
class Secret:
    """The placeholder of a secret that no response has, so that a person has to fill it in."""

    placeholder: str


class Piece(NamedTuple):
    """A leaf for a span of a string; `encoding` is how the string carries the value."""

    span: Span
    leaf: Reference | Given | Secret
    encoding: Encoding = "plain"


class TextEncoding(NamedTuple):
    """How a recorded scalar holds a text: directly or as base64, as a string or as bytes."""

    is_base64: bool
    is_bytes: bool


@dataclass(frozen=True, slots=True)
class Interpolation:
    """A recorded string, of which pieces come from elsewhere.

    text      that the recorded scalar holds
    pieces    in the order of their spans, which don't overlap
    """

    text: str
    pieces: tuple[Piece, ...]
    encoding: TextEncoding


PlainLeaf = Reference | Given | Kept | Generated | Secret
Leaf = PlainLeaf | Interpolation
Placement = tuple[Path, PlainLeaf | list[Piece]]  # a leaf for all that is at a path, or pieces of the string there


@dataclass(frozen=True)
class Template:
    """A recorded document with leaves at paths, none of which leads into another one."""

    recorded: Any
    leaves: Mapping[Path, Leaf]

    @classmethod
    def of(cls, recorded: Any, placements: Iterable[Placement]) -> Template:
        """Return the template with the leaves for which there is room: what is placed first keeps its place."""
        placed: dict[Path, PlainLeaf | list[Piece]] = {}
        for path, leaf in placements:
            outer = _outermost(placed, path)
            if outer is None:
                placed[path] = leaf
            elif outer == path and isinstance(leaf, list):
                there = placed[path]
                if isinstance(there, list):
                    placed[path] = [*there, *(piece for piece in leaf if _has_room(there, piece))]
        return cls(
            recorded,
            {
                path: _interpolation(lookup(recorded, path), there) if isinstance(there, list) else there
                for path, there in placed.items()
            },
        )

    def covering(self, path: Path) -> tuple[Path, Leaf] | None:
        """Return the leaf at a path, or at a structure or a list around it, and where it stands; None if none does."""
        outer = _outermost(self.leaves, path)
        return None if outer is None else (outer, self.leaves[outer])

    def walk(self) -> Iterator[tuple[Path, PlainLeaf]]:
        """Yield every leaf with its path; those of an interpolation one by one."""
        return ((path, inner) for path, leaf in self.leaves.items() for inner in leaves_in(leaf))

    def references(self) -> Iterator[Reference]:
        """Yield the references among the leaves."""
        return (leaf for _, leaf in self.walk() if isinstance(leaf, Reference))


def leaves_in(leaf: Leaf) -> Sequence[PlainLeaf]:
    """Return the leaves of an interpolation; of any other leaf just that."""
    return [piece.leaf for piece in leaf.pieces] if isinstance(leaf, Interpolation) else [leaf]


def _outermost(paths: Container[Path], path: Path) -> Path | None:
    """Return the shortest of the paths that lead to a path or to something around it."""
    for depth in range(len(path) + 1):
        if path[:depth] in paths:
            return path[:depth]
    return None


def _has_room(pieces: Sequence[Piece], other: Piece) -> bool:
    """Return whether a piece overlaps none of the others."""
    begin, end = other.span
    return all(last <= begin or end <= first for (first, last), _, _ in pieces)


def _interpolation(recorded: str | bytes, pieces: Sequence[Piece]) -> Interpolation:
    """Return the recorded scalar as an interpolation of the text that it holds."""
    is_bytes = isinstance(recorded, bytes)
    is_decoded = is_bytes or any(piece.encoding == "base64" or isinstance(piece.leaf, Secret) for piece in pieces)
    direct = recorded.decode("utf-8", "surrogateescape") if isinstance(recorded, bytes) else recorded
    text = (placeholders.decoded_text(recorded) or "") if is_decoded else direct
    return Interpolation(text, tuple(sorted(pieces, key=itemgetter(0))), TextEncoding(text != direct, is_bytes))
