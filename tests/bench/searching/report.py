"""The figures as tables to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

_NONE = "–"


def show(figures: dict[str, Any]) -> None:
    """Print times by class, their ratios to the first engine's rivals, and the indexes."""
    engines = list(figures["index"])
    ours, *rivals = engines
    print(f"{figures['articles']} articles, {os.cpu_count()} cores")
    print("CPU milliseconds of a query, median and 95th percentile; ratios of the medians")
    titles = [f"{name:>19}" for name in engines]
    print(f"{'':10}", *titles, *(f"{'to ' + name:>14}" for name in rivals))
    for kind, times in figures["query_ms"].items():
        cells = [_times(times.get(name)) for name in engines]
        ratios = [_ratio(times, ours, name) for name in rivals]
        print(f"{kind:10}", *cells, *ratios)
    print()
    for key in figures["index"][ours]:
        values = [f"{figures['index'][name][key]:19,}" for name in engines]
        print(f"{key:20}", *values)
    if "visible_ms" in figures:
        print(f"{'visible_ms':20} {figures['visible_ms']:19,}")


def _times(times: dict[str, float] | None) -> str:
    return f"{times['p50']:10.3f}{times['p95']:9.3f}" if times else f"{_NONE:>19}"


def _ratio(times: dict[str, dict[str, float]], ours: str, rival: str) -> str:
    if ours not in times or rival not in times:
        return f"{_NONE:>14}"
    return f"{times[ours]['p50'] / times[rival]['p50']:14.2f}"


def show_growth(figures: dict[str, Any]) -> None:
    """Print the medians at each size, and the power of the size that they grow with."""
    sizes = [each["articles"] for each in figures["growth"]]
    print("CPU milliseconds of a query in the median, by number of articles, and its exponent")
    print(f"{'':10}", *(f"{size:>12,}" for size in sizes), f"{'exponent':>9}")
    for kind, times in figures["p50"].items():
        cells = [f"{times[size]:12.3f}" for size in sizes]
        print(f"{kind:10}", *cells, f"{figures['exponents'][kind]:9.2f}")


def fitted_exponents(p50: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """Give for each class the slope of time over size, by least squares of the logarithms."""
    return {kind: _slope(times) for kind, times in p50.items()}


def _slope(times: Mapping[int, float]) -> float:
    sizes = np.log(list(times))
    return round(float(np.polyfit(sizes, np.log(list(times.values())), 1)[0]), 3)
