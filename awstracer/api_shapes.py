"""What the API models tell about the members of requests and responses, as plain data.

`MemberInfo` of `VpcId` in EC2's `DeleteVpc` says, for example, that its value isn't one of an enumeration.
Reading the models takes botocore, and is left to `aws/driver` and `aws/capture`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from awstracer.paths import Path

Direction = Literal["request", "response"]


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """What a model tells about one member.

    is_silent     whether its values can't come from elsewhere: it is an enumeration, or an idempotency token
    keys          for a map, the shape name of its keys
    addresses     whether it is a part of the URL that a request is sent to, and so names a resource
    name          the shape's name (`VpcId`)
    is_sensitive  whether the model marks it, or a structure around it, as sensitive
    """

    is_silent: bool = False
    keys: str | None = None
    addresses: bool = False
    name: str = ""
    is_sensitive: bool = False


ORDINARY = MemberInfo()


class ApiModel(Protocol):
    """The models of all operations; `aws/driver` implements it with botocore."""

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        """Return what stands at a path of an operation's request or response; ORDINARY where no model tells."""

    def namespaces(self, service: str) -> frozenset[str]:
        """Return the names that a service has in ARNs and host names, its own name among them."""

    def partition(self, region: str) -> tuple[str, str] | None:
        """Return a region's partition and host suffix (`aws`, `amazonaws.com`); None if there is no such region."""
