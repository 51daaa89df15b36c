"""The awscli plugin: with `awstracer = awstracer.plugin` under `[plugins]`, plain `aws` commands are recorded.

They are while `AWSTRACE_FILE` names a trace, or under `awstrace-rec -- COMMAND`; otherwise nothing is loaded.
It works in awscli 1 and, through `cli_legacy_plugin_path`, in AWS CLI 2, whose Python is its own: whatever is
imported from here needs the standard library alone.
"""

from __future__ import annotations

import os
import sys
from typing import Any

WANTED = ("AWSTRACE_FILE", "AWSTRACER_RECORDING")


def awscli_initialize(cli: Any) -> None:
    """Take part in a command that begins; `cli` is awscli's event emitter."""
    if any(os.environ.get(name) for name in WANTED) and "awstracer.driver" not in sys.modules:
        from awstracer import watching

        watching.watch(cli)
