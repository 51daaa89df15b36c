"""The variables of the environment by which a recording is known to the `aws` processes in it."""

from __future__ import annotations

FILE = "AWSTRACE_FILE"  # the trace that plain `aws` commands go to
RECORDING = "AWSTRACER_RECORDING"  # the folder of a script's recorder
