"""Holds the `--endpoint-url` of a replayed line for all requests of its command.

Plain `aws cloudformation package --s3-bucket b --endpoint-url http://localhost:4566` uploads to the S3 of AWS: awscli
gives the endpoint to the CloudFormation client only, and some 20 commands have such a second client. A replay that is
sent elsewhere must not reach the real account, so `aws/driver` calls `hold_endpoint` for it, and `aws/clients`
`keep_host` for its cached clients, of which each has the endpoint anyway. Three things stay as awscli has them:

- a client for which the command names another endpoint (`dlm create-default-role --iam-endpoint`);
- the clients of credential providers (STS for `role_arn`, SSO): who asks does not depend on where the requests go;
- recorded lines: they do what `aws` does.
"""

from __future__ import annotations

import argparse
from typing import Any

import awscli.clidriver  # noqa: F401 - before botocore: it brings the botocore that is meant
import botocore.handlers

from awstracer.aws import isolation


def hold_endpoint(driver: Any) -> None:
    """Give the endpoint of a driver's line, if it has one, to all clients of the command that name no other.

    They get `--no-verify-ssl` and `--ca-bundle` with it, as the clients to which awscli gives the endpoint.
    """
    session = driver.session
    options: dict[str, Any] = {}

    def read_options(*, parsed_args: argparse.Namespace, **_: Any) -> None:
        options.update(_client_settings(parsed_args))
        if "endpoint_url" in options:
            keep_host(session)

    def create_client(*args: Any, **settings: Any) -> Any:
        if "endpoint_url" in options:
            settings = {**options, **{name: value for name, value in settings.items() if value is not None}}
        return session.create_client(*args, **settings)

    # What is typed is known here: later awscli gives emr, rds and some others an endpoint if the line has none.
    # An alias has the event once more, for the options that it brings.
    session.get_component("event_emitter").register_last("top-level-args-parsed", read_options)
    isolation.replace_create_client(driver, create_client)


def _client_settings(parsed: argparse.Namespace) -> dict[str, Any]:
    """Return what the global options of a line say of its clients' endpoint."""
    settings = {"endpoint_url": parsed.endpoint_url, "verify": parsed.verify_ssl}
    return {name: value for name, value in settings.items() if value is not None}


def keep_host(session: Any) -> None:
    """Have the clients of a session send no request to a host that one of its parameters names.

    botocore does that with one parameter: `machinelearning predict --predict-endpoint`.
    """
    session.unregister("request-created.machinelearning.Predict", botocore.handlers.switch_host_machinelearning)
