"""The awscli plugin: with `awstracer = awstracer.plugin` under `[plugins]`, plain `aws` commands are recorded.

They are while `AWSTRACE_FILE` names a trace, or under `awstrace-rec -- COMMAND`; otherwise nothing is loaded.
It works in awscli 1 and, through `cli_legacy_plugin_path`, in AWS CLI 2, whose Python is its own: whatever is
imported from here needs the standard library alone.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from awstracer.variables import FILE, RECORDING

WANTED = (FILE, RECORDING)


def awscli_initialize(cli: Any) -> None:
    """Take part in a command that begins; `cli` is awscli's event emitter."""
    if not any(map(os.environ.get, WANTED)) or "awstracer.isolation" in sys.modules:
        return
    try:
        from awstracer import watching
    except Exception as error:  # noqa: BLE001 - an older Python than awstracer's may run awscli, which must not fail
        print(f"awstracer: this command is not recorded: {error}", file=sys.stderr)
        return
    watching.watch(cli)
