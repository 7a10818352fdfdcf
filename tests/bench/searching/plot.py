"""The median times as a picture: a row for each class, a dot for each engine."""

from __future__ import annotations

import math
from html import escape
from typing import Any

_COLOURS = {"broadsheet": "#b3261e", "whoosh": "#6b6b6b", "fts5": "#1f6fb2", "tantivy": "#c98a00"}
_LEFT, _TOP, _ROW, _WIDTH = 90, 60, 26, 640
_STYLE = "text { font: 13px sans-serif; fill: #222 } line { stroke: #ddd } rect { fill: #fff }"


def draw(figures: dict[str, Any]) -> str:
    """Give an SVG of the medians by class and engine, on a logarithmic scale."""
    query = figures["query_ms"]
    every = [times["p50"] for engines in query.values() for times in engines.values()]
    first, last = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))

    def x(ms: float) -> float:
        return round(_LEFT + _WIDTH * (math.log10(ms) - first) / max(1, last - first), 1)

    bottom = _TOP + _ROW * len(query)
    title = f"Median CPU time of a query, {figures['articles']:,} articles"
    parts = [_text(_LEFT, 18, title), *_legend(list(figures["index"]))]
    for power in range(first, last + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at}" x2="{at}" y1="{_TOP - 8}" y2="{bottom}"/>')
        parts.append(_text(at, bottom + 16, f"{10.0**power:g} ms", "middle"))
    for row, (kind, engines) in enumerate(query.items()):
        y = _TOP + _ROW * row + _ROW // 2
        parts.append(_text(_LEFT - 12, y + 4, kind, "end"))
        parts += [_dot(x(times["p50"]), y, name, times["p50"]) for name, times in engines.items()]
    size = f"{_LEFT + _WIDTH + 40} {bottom + 28}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect width="100%" height="100%"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _legend(engines: list[str]) -> list[str]:
    parts: list[str] = []
    for place, name in enumerate(engines):
        at = _LEFT + 110 * place
        parts += [_dot(at + 6, 36, name), _text(at + 18, 40, name)]
    return parts


def _dot(x: float, y: float, engine: str, ms: float | None = None) -> str:
    tip = f"<title>{escape(engine)}: {ms:g} ms</title>" if ms is not None else ""
    return f'<circle cx="{x}" cy="{y}" r="5" fill="{_COLOURS[engine]}">{tip}</circle>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
