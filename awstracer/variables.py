"""The environment variables that tell an `aws` process to record its command."""

from __future__ import annotations

FILE = "AWSTRACE_FILE"  # the trace file to which plain `aws` commands are added
RECORDING = "AWSTRACER_RECORDING"  # the folder in which the recorder of a script listens
