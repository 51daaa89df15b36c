"""Loads awscli in the background, so that the first prompt appears at once.

Importing awscli takes 160 to 300 ms, longer than everything else with which a session begins. It happens in a thread
while the prompt is already usable. A command that is typed before the thread has ended waits for it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from awstracer.aws.api_model import Direction, MemberInfo
from awstracer.aws.capture import Outcome
from awstracer.trace.paths import Path

if TYPE_CHECKING:
    from awstracer.aws.driver import AwsCli

HEAD_START = 0.05  # seconds


class BackgroundAwsCli:
    """`AwsCli` and its catalogue, loaded in a thread. Each method waits until they are loaded.

    If loading fails, each method raises what it failed with (BadConfiguration, for one). The thread ends with the
    loading.
    """

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._load)
        self._is_needed, self._is_over = threading.Event(), threading.Event()
        self._aws: AwsCli | None = None
        self._version: str | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Start the thread, unless it has been started.

        The thread waits for HEAD_START, in which the prompt is printed: both need the interpreter.
        """
        if self._thread.ident is None:
            self._thread.start()

    def _load(self) -> None:
        if hasattr(signal, "pthread_sigmask"):  # a signal to this thread wouldn't wake the thread that reads a key
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._is_needed.wait(HEAD_START)
        try:
            from awstracer.aws import catalog, driver

            self._version = catalog.AWSCLI_VERSION
            aws = driver.AwsCli()
            aws.catalog.global_options()  # makes the driver that the session asks
            self._aws = aws
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that prints it
            self._error = error
        finally:
            self._is_over.set()

    def loaded(self) -> AwsCli:
        """Wait until awscli is loaded; Ctrl-C ends the waiting and not the loading."""
        self._wait()
        if self._aws is None:
            assert self._error is not None
            raise self._error
        return self._aws

    @property
    def version(self) -> str | None:
        """awscli's version; None if awscli could not be imported."""
        self._wait()
        return self._version

    def _wait(self) -> None:
        self.start()
        self._is_needed.set()
        self._is_over.wait()  # an interrupted `join` marks a running thread as ended; `wait` may be interrupted
        self._thread.join()

    def run(self, argv: Sequence[str]) -> Outcome:
        """Run a line as `AwsCli.run` does."""
        return self.loaded().run(argv)

    def global_options(self) -> Mapping[str, bool]:
        """Return the global options as `Catalog.global_options` does."""
        return self.loaded().catalog.global_options()

    def complete(self, line: str) -> Sequence[str]:
        """Return completions as `Catalog.complete` does."""
        return self.loaded().catalog.complete(line)

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        """Return what the model says about a path, as `Catalog.shape` does."""
        return self.loaded().catalog.shape(service, operation, side, path)
