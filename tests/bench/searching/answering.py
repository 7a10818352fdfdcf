"""A process that opens an index, answers and says how much memory it took; see measuring.py.

usage: python -m tests.bench.searching.answering FOLDER < what-to-ask.json
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from pathlib import Path

from tests.bench.searching.questions import Asked
from tests.bench.searching.table import CONTENDERS

_KEYS = {"RssAnon": "private_mb", "VmRSS": "rss_mb", "VmHWM": "peak_mb"}


def main() -> None:
    """Answer, then print kilobytes by name."""
    told = json.load(sys.stdin)
    now = datetime.fromisoformat(told["now"])
    contender = CONTENDERS[told["engine"]](Path(sys.argv[1]), now)
    contender.open()
    for each in told["questions"]:
        asked = Asked(**(each | {"words": tuple(each["words"])}))
        if asked.kind not in contender.cannot:
            contender.ask(asked)
    status = Path("/proc/self/status").read_text()
    kilobytes = re.findall(r"^(\w+):\s+(\d+) kB$", status, re.MULTILINE)
    print(json.dumps({_KEYS[key]: int(kb) for key, kb in kilobytes if key in _KEYS}))


if __name__ == "__main__":
    main()
