"""The awscli plugin: with `awstracer = awstracer.plugin` under `[plugins]`, plain `aws` commands are recorded.

They are recorded while AWSTRACE_FILE names a trace, or under `awstrace-rec -- COMMAND`; otherwise nothing is loaded.
The plugin works in awscli 1 and, through `cli_legacy_plugin_path`, in AWS CLI 2, which has a Python of its own:
whatever is imported from here needs the standard library alone. `record/plugin_recorder` records.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from awstracer.aws.settings import RECORDER_VARIABLE, TRACE_FILE_VARIABLE

# a process that has loaded this module runs `aws` for awstracer, which records it itself
DRIVER = "awstracer.aws.isolation"


def awscli_initialize(cli: Any) -> None:
    """Record the command that begins; `cli` is awscli's event emitter."""
    if not any(map(os.environ.get, (TRACE_FILE_VARIABLE, RECORDER_VARIABLE))) or DRIVER in sys.modules:
        return
    try:
        from awstracer.record import plugin_recorder
    except Exception as error:  # noqa: BLE001 - awscli may run in a Python that is too old, and must not fail
        print(f"awstracer: this command is not recorded: {error}", file=sys.stderr)
        return
    plugin_recorder.watch(cli)
