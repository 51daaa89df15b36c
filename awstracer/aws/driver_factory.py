"""Creates awscli drivers, one for each purpose.

One driver must not run several lines: `--profile`, one-shot handlers and log handlers of a line stay in it. What all
drivers share is the loader, which has read the API models: with it, a driver takes 30 to 50 ms in place of 300.
`aws/isolation` does the creating.
"""

from __future__ import annotations

import os
from typing import Any

from awstracer.aws import isolation


class DriverFactory:
    """Creates awscli drivers that share the loader of API models."""

    def __init__(self) -> None:
        self._loader: Any = None
        self._models: tuple[object, ...] = ()
        self._catalog_driver: Any = None

    def create(self) -> Any:
        """Return a new driver; raise BadConfiguration if the person's configuration allows none."""
        driver = isolation.create_driver()
        models = customer_models_state()
        if self._loader is None or self._models != models:  # a loader doesn't find models that are added later
            self._models, self._loader = models, driver.session.get_component("data_loader")
            self._catalog_driver = None
        driver.session.register_component("data_loader", self._loader)
        return driver

    def catalog_driver(self) -> Any:
        """Return a driver that is only asked what there is, and runs nothing: the same one until models are added."""
        if self._catalog_driver is None or self._models != customer_models_state():
            self._catalog_driver = self.create()
        return self._catalog_driver


def customer_models_state() -> tuple[object, ...]:
    """Return a value that changes when the person adds or changes service models (`configure add-model`)."""
    folder = isolation.customer_model_folder()
    if not os.path.exists(folder):
        return ()
    found = os.walk(folder)
    return tuple(file_state(os.path.join(path, name)) for path, _, names in found for name in sorted(names))


def file_state(path: str) -> tuple[object, ...]:
    """Return a value that changes when a file does."""
    try:
        found = os.stat(path)
    except OSError:
        return (path,)
    return path, found.st_mtime_ns, found.st_size, found.st_ino
