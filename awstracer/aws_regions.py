"""Patterns of the names of AWS regions and availability zones."""

from __future__ import annotations

import re

REGION = re.compile(r"(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)+-\d")
ZONE = re.compile(REGION.pattern + "[a-z]?")  # the region itself too: `us-east-1`, `us-east-1a`
