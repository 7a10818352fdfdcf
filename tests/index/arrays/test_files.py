"""A file of arrays gives back what was written, and notices when it is no longer that."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from index.arrays.files import ArrayFile, ArrayWriter, DamagedFile


def written(**values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    writer = ArrayWriter(stream)
    for name, value in values.items():
        writer.add(name, value.dtype.str, [value[:1], value[1:]])
    assert writer.finish() == len(stream.getvalue())
    return stream.getvalue()


@given(st.lists(arrays.arrays(st.sampled_from(["u1", "u2", "i8", "f8"]), st.integers(0, 40))))
def test_arrays_come_back_as_they_were(values: list[np.ndarray]) -> None:
    named = {f"a{i}": value for i, value in enumerate(values)}
    file = ArrayFile(memoryview(written(**named)))
    for name, value in named.items():
        np.testing.assert_array_equal(file.array(name), value)
        assert name in file
    assert list(file.damaged()) == []
    with pytest.raises(DamagedFile):
        file.array("other")


def test_a_file_that_is_cut_short_is_not_opened() -> None:
    whole = written(a=np.arange(100), b=np.arange(9, dtype="u1"))
    for length in range(0, len(whole), 7):
        with pytest.raises(DamagedFile):
            ArrayFile(memoryview(whole[:length]))


def test_every_flipped_bit_is_noticed() -> None:
    whole = written(a=np.arange(20), b=np.arange(9, dtype="u1"))
    covered = ArrayFile(memoryview(whole))
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        try:
            found = list(ArrayFile(memoryview(bytes(damaged))).damaged())
        except DamagedFile:
            continue
        # What lies between two arrays is filled with zeros that nobody reads.
        is_filling = whole[place] == 0 and not _is_within(covered, place)
        assert found or is_filling, place


def _is_within(file: ArrayFile, place: int) -> bool:
    return any(
        offset <= place < offset + count * np.dtype(kind).itemsize
        for kind, count, offset, _ in file._directory.values()
    )
