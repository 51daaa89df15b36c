"""Names that a script made up are pointed out, and ordinary ones are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from awstracer import plan, relations, tracefile
from awstracer.catalog import Catalog
from awstracer.invented import Invented, invented, looks_made_up
from awstracer.queries import query
from awstracer.steps import Override
from awstracer.trace import Trace

from .programs import play
from .traces import THEN, command, operation, trace

pytestmark = pytest.mark.once

AWS = Catalog()
NOW = int(THEN.timestamp())
MADE_UP = f"demo-{NOW}"


@pytest.mark.parametrize(
    "text",
    [
        *(MADE_UP, f"demo-{NOW - 3000}", f"x-{NOW}123", f"demo{NOW}", str(NOW)),
        *(
            "bucket-7f3a9c",
            "demo-9f86d081",
            "tmp.Ab3dE5fGh1",
            "demo-18273",
            "demo18273",
            "d-9f86d081-0a1b-4c2d-8e3f-0a1b2c3d4e5f",
        ),
        *("backup-20260102", "backup-2026-01-02", "job_20260102030405", "2026/01/03/report", "s3://bucket-7f3a9c/a"),
    ],
)
def test_what_is_random_or_the_time_of_the_recording_looks_made_up(text: str) -> None:
    assert looks_made_up(text, THEN)


@pytest.mark.parametrize(
    "text",
    [
        *("web-2", "v1.2.3", "10.0.0.0/16", "t3.micro", "2012-10-17", "123456789012", "python3.12", "my-bucket-1"),
        *("db.r5.24xlarge", "x86_64", "utf8mb4_0900_ai_ci", "ELBSecurityPolicy-TLS13-1-2-2021-06", "web-8080"),
        *("al2023-ami-2023.5.20240805.0-kernel-6.1-x86_64", "use1-az4", "com.amazonaws.us-east-1.s3", "rsa-2048"),
        *("arn:aws:iam::123456789012:user/demo-7f3a9c", "https://x/demo-7f3a9c", "vpc-0a1b2c3d4e5f60718", "e2e-tests"),
        *("AKIAIOSFODNN7EXAMPLE", "demo-1500000000", "backup-20240805", "some words, 7f3a9c-7f3a9c", "", "-"),
    ],
)
def test_ordinary_names_do_not(text: str) -> None:
    assert not looks_made_up(text, THEN)


def found(recorded: Trace, *overrides: Override) -> list[Invented]:
    """What looks made up in a trace."""
    return invented(plan.make(recorded, relations.derive(recorded, query, AWS), overrides, AWS).steps)


def test_a_value_is_pointed_out_once_where_it_is_first_said() -> None:
    made = operation("s3.CreateBucket", {"Bucket": MADE_UP}, {}, ["s3api", "create-bucket"])
    tagged = operation(
        "s3.PutBucketVersioning", {"Bucket": MADE_UP, "VersioningConfiguration": {"Status": "Enabled"}}, {}
    )
    assert found(trace(made, tagged)) == [Invented(1, "bucket", MADE_UP, is_all=True)]
    assert found(trace(made, tagged), Override("bucket", "other")) == []


def test_what_a_service_made_and_what_only_a_part_of_an_option_is() -> None:
    described = operation("ec2.DescribeImages", {"ImageIds": ["ami-0a1b2c3d"]}, {})
    assert found(trace(described)) == []
    user = {"UserName": "alice", "Tags": [{"Key": "run", "Value": MADE_UP}]}
    assert found(trace(operation("iam.CreateUser", user, {}))) == [Invented(1, "tags", MADE_UP, is_all=False)]
    copied = command(["s3", "mb", f"s3://{MADE_UP}", "--region", "us-east-1"])
    assert found(trace(copied)) == [Invented(1, None, f"s3://{MADE_UP}", is_all=False)]


@pytest.mark.usefixtures("home")
def test_a_dry_run_of_a_scripts_trace_tells_them() -> None:
    made: Any = operation("s3.CreateBucket", {"Bucket": MADE_UP}, {}, ["s3api", "create-bucket"])
    recorded = trace(made)
    scripts = replace(recorded, recorded=replace(recorded.recorded, script=("./setup.sh",)))
    tracefile.save(scripts, Path("s.trace"))
    tracefile.save(recorded, Path("t.trace"))
    said = (
        f"awstrace-play: looks made up by the script: --bucket {MADE_UP} (command 1); another one: -p 1.bucket NAME\n"
    )
    assert play("--trace-file", "s.trace", "--dryrun").err == said
    assert play("--trace-file", "s.trace", "--dryrun", "-p", "1.bucket", "other").err == ""
    assert play("--trace-file", "t.trace", "--dryrun").err == ""
