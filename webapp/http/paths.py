"""Paths of pages by their endpoint, as Flask's url_for gives them and at a quarter of its cost.

A page of results has more than a hundred links, and nearly all lead to rules of one plain shape.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import Flask, current_app, request
from jinja2 import pass_context
from jinja2.runtime import Context

_NAME = re.compile(r"<(?:path:)?\w+>")
_KEPT = "!$&'()*+,/:;=@"  # as Werkzeug quotes what stands in a path


def attach(app: Flask) -> None:
    """Learn the rules that hold names at most; for when all rules are there."""
    app.extensions["paths"] = {
        rule.endpoint: _NAME.sub("%s", rule.rule)
        for rule in app.url_map.iter_rules()
        if "<" not in _NAME.sub("", rule.rule)
    }
    app.jinja_env.filters["path"] = _path


def path_of(endpoint: str, *names: str) -> str:
    """Give the path of a page; of one of many by the names in its rule, in order."""
    # The objects themselves: to reach them through their proxies costs more than all the rest.
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    asked = request._get_current_object()  # type: ignore[attr-defined]
    quoted = tuple([quote(name, safe=_KEPT) for name in names])
    return f"{asked.root_path}{app.extensions['paths'][endpoint] % quoted}"


@pass_context  # or Jinja would take what it gives for the same in every request
def _path(_context: Context, endpoint: str, *names: str) -> str:
    return path_of(endpoint, *names)
