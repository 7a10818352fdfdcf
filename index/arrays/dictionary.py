"""The terms of a field in order, and where each of them is: found by word, beginning or likeness.

Terms are UTF-8, sorted by their bytes, which is the order of their characters. A term is found
by the buckets of its CRC-32; what begins in one way stands together.

Knows terms; refuses to know postings.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from index.arrays.files import Array, ArrayFile, ArrayWriter
from index.arrays.likeness import distances
from index.spelling import edits_allowed

_LONGEST_SPELLED = 255


class Dictionary:
    """The terms of one field of a segment; a term's number is its place in the order."""

    def __init__(self, file: ArrayFile, field: str) -> None:
        self._bytes = file.array(f"{field}.terms")
        self._offset_array = file.array(f"{field}.term_offsets")
        self._blob, self._offsets = self._bytes.data, self._offset_array.data
        self._buckets = file.array(f"{field}.bucket_starts").data
        self._numbers = file.array(f"{field}.bucket_terms").data
        self._mask = len(self._buckets) - 2
        self.sizes = file.array(f"{field}.sizes")
        self.letters = file.array(f"{field}.letters")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, number: int) -> bytes:
        return bytes(self._blob[self._offsets[number] : self._offsets[number + 1]])

    def find(self, term: bytes) -> int:
        """Give the number of a term, or -1."""
        bucket = zlib.crc32(term) & self._mask
        for place in range(self._buckets[bucket], self._buckets[bucket + 1]):
            number = self._numbers[place]
            if self[number] == term:
                return int(number)
        return -1

    def first_from(self, prefix: bytes) -> int:
        """Give the number of the first term that is not before this one."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self[middle] < prefix:
                low = middle + 1
            else:
                high = middle
        return low

    def beginning_with(self, prefix: bytes) -> tuple[int, int]:
        """Give the numbers of the first term that begins so and of the one after the last."""
        first = self.first_from(prefix)
        # No byte of UTF-8 is 255, so there is always a next one.
        end = prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else b""
        return first, self.first_from(end) if prefix else len(self)

    def characters(self, numbers: Array) -> tuple[Array, Array]:
        """Give the bytes of some terms, a row for each, and how many they are; zeros after them."""
        starts = self._offset_array[numbers].astype(np.int64)
        lengths = self._offset_array[numbers + 1] - starts
        columns = np.arange(int(lengths.max(initial=0)))
        rows = self._bytes.take(starts[:, None] + columns, mode="clip")
        rows[columns >= lengths[:, None]] = 0
        return rows, lengths

    def all(self) -> list[bytes]:
        """Give all terms in order."""
        blob, offsets = bytes(self._blob), self._offsets.tolist()
        return [blob[a:b] for a, b in pairwise(offsets)]


def write_dictionary(writer: ArrayWriter, field: str, terms: Sequence[bytes]) -> None:
    """Write terms, which come in order, for a Dictionary."""
    lengths = np.fromiter(map(len, terms), np.uint32, len(terms))
    blob = np.frombuffer(b"".join(terms), np.uint8)
    hashes = np.fromiter(map(zlib.crc32, terms), np.uint32, len(terms))
    count = 1 << max(1, len(terms) - 1).bit_length()
    buckets = hashes & np.uint32(count - 1)
    starts = np.zeros(count + 1, np.uint32)
    np.cumsum(np.bincount(buckets, minlength=count), out=starts[1:])
    offsets = np.zeros(len(terms) + 1, np.uint32)
    np.cumsum(lengths, out=offsets[1:])
    sizes, letters = _spelled(terms, blob, offsets)
    writer.add(f"{field}.terms", "u1", [blob])
    writer.add(f"{field}.term_offsets", "u4", [offsets])
    writer.add(f"{field}.bucket_starts", "u4", [starts])
    writer.add(f"{field}.bucket_terms", "u4", [np.argsort(buckets, kind="stable")])
    writer.add(f"{field}.sizes", "u1", [sizes])
    writer.add(f"{field}.letters", "u4", [letters])


_IS_WORD_BYTE = np.array([chr(b).isalnum() and b < 128 for b in range(256)])
_BIT_OF_BYTE = (np.uint32(1) << (np.arange(256) & 31).astype(np.uint32)).astype(np.uint32)


def letters_of(word: str) -> int:
    """Give the set of letters of a word as bits; different letters may share one."""
    bits = 0
    for c in word:
        bits |= 1 << (ord(c) & 31)
    return bits


def _spelled(terms: Sequence[bytes], blob: Array, offsets: Array) -> tuple[Array, Array]:
    """Give for each term how many characters it has (0 where it is no word) and which letters."""
    sizes = np.zeros(len(terms), np.uint8)
    letters = np.zeros(len(terms), np.uint32)
    if not len(terms):
        return sizes, letters
    lengths = np.diff(offsets)
    starts = offsets[:-1].astype(np.int64)
    filled = lengths > 0
    is_word = np.zeros(len(terms), bool)
    is_word[filled] = np.logical_and.reduceat(_IS_WORD_BYTE[blob], starts[filled])
    letters[filled] = np.bitwise_or.reduceat(_BIT_OF_BYTE[blob], starts[filled])
    sizes[is_word] = np.minimum(lengths[is_word], _LONGEST_SPELLED)
    is_other = np.zeros(len(terms), bool)
    is_other[filled] = np.bitwise_or.reduceat(blob, starts[filled]) > 127
    for number in np.flatnonzero(is_other).tolist():
        word = terms[number].decode("utf-8", "replace")
        sizes[number] = min(len(word), _LONGEST_SPELLED) if word.isalnum() else 0
        letters[number] = letters_of(word)
    return sizes, letters


def alike(
    word: str, dictionaries: Sequence[Dictionary], chosen: Callable[[int, Array], Array]
) -> dict[str, int]:
    """Give the words within the edits that this one is allowed, and by how many they differ.

    `chosen` gives, for a dictionary by its place, which of some terms may be given at all. A word
    of one edit differs in length by one at most, and has at most two letters that the other has
    not.
    """
    most = edits_allowed(word)
    letters = np.uint32(letters_of(word))
    places: list[Array] = []
    for place, dictionary in enumerate(dictionaries):
        first, end = dictionary.beginning_with(word[0].encode("utf-8", "replace"))
        sizes = dictionary.sizes[first:end]
        fits = sizes >= max(1, len(word) - most)
        fits &= sizes <= len(word) + most
        fits &= np.bitwise_count(dictionary.letters[first:end] ^ letters) <= 2 * most
        places.append(chosen(place, np.flatnonzero(fits) + first))
    rows, lengths = _characters(dictionaries, places)
    edits = distances(word, rows, lengths, most)
    return {
        bytes(rows[i, : lengths[i]]).decode(): int(edits[i])
        for i in np.flatnonzero((edits > 0) & (edits <= most)).tolist()
    }


def _characters(
    dictionaries: Sequence[Dictionary], numbers: Sequence[Array]
) -> tuple[Array, Array]:
    """Give the bytes of terms of several dictionaries, a row for each, and how many they are."""
    pieces = [d.characters(n) for d, n in zip(dictionaries, numbers, strict=True)]
    lengths = np.concatenate([length for _, length in pieces] or [np.zeros(0, np.int64)])
    rows = np.zeros((len(lengths), int(lengths.max(initial=0))), np.uint8)
    at = 0
    for some, length in pieces:
        rows[at : at + len(length), : some.shape[1]] = some
        at += len(length)
    return rows, lengths
