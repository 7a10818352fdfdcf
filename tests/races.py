"""Two deeds at once, the second in the worst moment of the first, every time the test runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from webapp.extensions import db, with_the_site


@contextmanager
def meanwhile(deed: Callable[[], object]) -> Iterator[list[object]]:
    """Do a deed in another thread, from begin to end, just before this one first writes.

    By then the first has read what it goes by, and holds nothing. What the deed gave, or raised,
    stands in the list.
    """
    came_of_it: list[object] = []
    here = threading.get_ident()

    def do() -> None:
        try:
            came_of_it.append(deed())
        except Exception as problem:  # noqa: BLE001 - it is the test that judges it
            came_of_it.append(problem)

    def interfere(_c: object, _cursor: object, statement: str, *_: object) -> None:
        is_ours = threading.get_ident() == here and not came_of_it
        if is_ours and not statement.startswith(("SELECT", "SAVEPOINT")):
            other = threading.Thread(target=with_the_site(do))
            other.start()
            other.join()

    event.listen(db.engine, "before_cursor_execute", interfere)
    try:
        yield came_of_it
    finally:
        event.remove(db.engine, "before_cursor_execute", interfere)
    assert came_of_it, "the first deed wrote nothing"
