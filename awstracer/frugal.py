"""Evaluates JMESPath with jmespath, which is awscli's, within limits."""

from __future__ import annotations

from typing import Any

import jmespath

from awstracer.trace import children

MOST_OF_A_QUERY = 200_000  # values


class _Frugal(jmespath.visitor.TreeInterpreter):  # type: ignore[misc]  # jmespath has no types
    """Evaluates a query as jmespath does, but for those that make of a little more than anybody could read."""

    def __init__(self) -> None:
        super().__init__()
        self._left = MOST_OF_A_QUERY

    def visit_multi_select_list(self, node: Any, value: Any) -> Any:
        return self._charged(super().visit_multi_select_list(node, value))

    def visit_multi_select_dict(self, node: Any, value: Any) -> Any:
        return self._charged(super().visit_multi_select_dict(node, value))

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        return self._charged(super().visit_function_expression(node, value))

    def _charged(self, made: Any) -> Any:
        pending = [made]
        while pending:
            node = pending.pop()
            pending += [child for _, child in children(node)]
            self._left -= 1 + (len(node) // 16 if isinstance(node, str) else 0)
            if self._left < 0:
                raise ValueError("the query makes too much")
        return made


def search(expression: str, document: Any) -> Any:
    """What an expression makes of a document; None where it doesn't fit it, or makes far too much of it."""
    try:
        return _Frugal().visit(jmespath.compile(expression).parsed, document)
    except Exception:  # noqa: BLE001 - it may come from a stranger, and jmespath lets out errors of all types
        return None
