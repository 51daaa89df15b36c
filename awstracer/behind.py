"""awscli, loaded behind the first prompt: that takes longer than everything else that a session begins with."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from awstracer.capture import Outcome
from awstracer.places import Asked, Shape
from awstracer.trace import Path

if TYPE_CHECKING:
    from awstracer.catalog import Catalog
    from awstracer.driver import AwsCli

HEAD_START = 0.05  # seconds


class Behind:
    """`driver.AwsCli`, loaded in a thread; whoever asks it for something waits until it is there.

    What loading it ended with, BadConfiguration or other, meets whoever asks, each time.
    The thread ends with the loading: once something has been answered, there is none.
    """

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._load)
        self._is_wanted, self._is_over = threading.Event(), threading.Event()
        self._aws: AwsCli | None = None
        self._version: str | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin to load it, if that hasn't been begun, in a moment.

        Until the prompt is waiting for input it needs the interpreter itself.
        """
        if self._thread.ident is None:
            self._thread.start()

    def _load(self) -> None:
        if hasattr(signal, "pthread_sigmask"):  # a signal that this thread took would not wake who waits for a key
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._is_wanted.wait(HEAD_START)
        try:
            from awstracer import catalog, driver

            self._version = catalog.VERSION
            aws = driver.AwsCli()
            aws.catalog.check_profile(None)
            self._aws = aws
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody can tell it
            self._error = error
        finally:
            self._is_over.set()

    def loaded(self) -> AwsCli:
        """Wait for it; Ctrl-C ends the waiting, and not the loading."""
        self._wait()
        if self._aws is None:
            assert self._error is not None
            raise self._error
        return self._aws

    def loaded_catalog(self) -> Catalog:
        """Wait for the catalogue of the loaded awscli."""
        return self.loaded().catalog

    @property
    def version(self) -> str | None:
        """awscli's; None if there is none that could be loaded."""
        self._wait()
        return self._version

    def _wait(self) -> None:
        self.start()
        self._is_wanted.set()
        self._is_over.wait()  # a thread whose `join` is interrupted passes for ended: an event's `wait` may be
        self._thread.join()

    def run(self, argv: Sequence[str]) -> Outcome:
        """As `AwsCli` does."""
        return self.loaded().run(argv)

    def global_options(self) -> Mapping[str, bool]:
        """As `AwsCli` has them."""
        return self.loaded().catalog.global_options()

    def complete(self, line: str) -> Sequence[str]:
        """As `AwsCli` does."""
        return self.loaded().catalog.complete(line)

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        """As `AwsCli` has it."""
        return self.loaded().catalog.shape(service, operation, side, path)

    def namespaces(self, service: str) -> frozenset[str]:
        """As `AwsCli` has them."""
        return self.loaded().catalog.namespaces(service)

    def partition(self, region: str) -> tuple[str, str] | None:
        """As `AwsCli` has it."""
        return self.loaded().catalog.partition(region)
