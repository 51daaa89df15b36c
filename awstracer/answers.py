"""Questions that botocore asks itself again and again, though their answers never change.

Of the time that awscli takes to build a driver, most goes into what each of some 400 handlers is called by and
which keywords it takes; of the time of a call, a good part into which characters a user agent may have. `keep` has
botocore look at a function's own flags, and remember the rest.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

# awscli first: from 1.46 on it brings the botocore that `import botocore` then means.
import awscli.clidriver  # isort: skip  # noqa: F401
import botocore.hooks
import botocore.useragent

_names: dict[str, str] = {}
_inspected = botocore.hooks.accepts_kwargs
_made = botocore.hooks.EventAliaser.__init__
_cleaned = functools.lru_cache(maxsize=1_000)(botocore.useragent.sanitize_user_agent_string_component)


def keep() -> None:
    """From now on, answer them once."""
    botocore.hooks.accepts_kwargs = takes_keywords
    botocore.hooks.EventAliaser.__init__ = _with_shared_names
    botocore.useragent.sanitize_user_agent_string_component = _cleaned


def takes_keywords(handler: Callable[..., Any]) -> bool:
    """Whether a handler takes any keyword, as `botocore.compat.accepts_kwargs` finds by building its signature."""
    called = handler.func if isinstance(handler, functools.partial) else handler
    code = getattr(called, "__code__", None)
    if code is None or hasattr(called, "__signature__"):
        return bool(_inspected(handler))
    return bool(code.co_flags & inspect.CO_VARKEYWORDS)


def _with_shared_names(self: Any, event_emitter: Any, event_aliases: Mapping[str, str] | None = None) -> None:
    _made(self, event_emitter, event_aliases)
    if event_aliases is None or event_aliases == botocore.hooks.EVENT_ALIASES:
        self._alias_name_cache = _names
