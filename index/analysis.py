"""Text to terms: what counts as a word, and every way in which people type it.

Knows scripts, case, accents and stems; refuses to know fields, engines and documents.

One token of the text ("DeepSeek-R1") stands at one place and yields several terms: its parts
(deep, seek, r, 1), what they make when written together (deepseek, r1, deepseekr1), stems, and
the form as written where capitals or accents may tell names from words. The rules, and why:

- Nothing is dropped: no stop words, no shortest length. "The Who" and "X" are names; words
  that occur everywhere weigh little by their document frequency.
- NFKC, case folding and removal of accents, token by token: offsets stay those of the text.
- A place is `token * 8 + part`. A part and the next one are adjacent and so are neighbouring
  tokens; "gpt 4" as a phrase is then found in "GPT-4", 3.4 is not found in 3.12.4, and a joined
  form, whose tail says where it ends, never shifts what follows.
- Scripts without spaces are indexed by bigrams: any two neighbours are found, no dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import Stemmer

from index.characters import HIDDEN, UNSPACED, WORD, fold, unescaped

PARTS = 8
"""Places that one token takes: part numbers run from 0 to 7, what is longer shares the last."""

STEM, WRITTEN, LABEL, TAIL = "~", "^", "§", "»"
"""First letters of terms that are no plain word.

A stem, a form as written, a section's label, and the place of the last part of a joined form
("deepseek" in DeepSeek-R1), where more parts of the same token follow.
"""

_LONGEST_TERM = 64
# The words of a text are few and repeat; about 10 MB when full.
_REMEMBERED = 16_384
_APOSTROPHES = "'’‘ʼ＇`´"
_JOINERS = rf"(?:[-‐‑﹣－_.·．{_APOSTROPHES}]|&amp;|[&＆]|(?<=\d),(?=\d{{3}}(?!\d)))"

TOKEN = re.compile(
    # Plain words between spaces are most of a text: tried first, they are found in half the time.
    r"[A-Za-z]{2,}(?=[ \n,;:]|\.[ \n])"
    rf"|(?<!\w)[^\W\d_{UNSPACED}](?:\.[^\W\d_{UNSPACED}])+(?!\w)"  # U.S., e.g.
    r"|(?<!\w)[A-Za-z](?:\+\+|\#)(?![A-Za-z+#])"  # C++, C#
    r"|(?<![\w.)\]])\.[A-Za-z][A-Za-z0-9]*"  # .NET
    rf"|[{UNSPACED}]+"
    rf"|{WORD}(?:{_JOINERS}{WORD})*"
)
_IS_UNSPACED = re.compile(rf"[{UNSPACED}]")
_SPLIT = re.compile(rf"(?:[-‐‑﹣－_.·．{_APOSTROPHES}]|&amp;|[&＆])+")
# Case tells parts apart (deepSeek, XMLParser), and so do digits (gpt4, 17e).
_BOUNDARY = re.compile(
    r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-Z])(?=[A-Z][a-z]{2})"
    r"|(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)"
)
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}][sS]$")
_CONTRACTION = re.compile(rf"^\w+[{_APOSTROPHES}](?:t|re|ve|ll|d|m)$", re.IGNORECASE)
_PLURAL_NUMBER = re.compile(r"\d[sS]$")
_PLURAL_NAME = re.compile(r"[A-Z]{2,}s$")
_ACRONYM = re.compile(r"^[^\W\d_](?:\.[^\W\d_])+$")


@dataclass(frozen=True, slots=True)
class Form:
    """All terms of one token: what documents hold, and what a question may look for.

    `terms` are places relative to the token's own, with the term. `parts` are the folded parts
    in order; `whole` the ways to write them as one; `written` the form with its capitals or
    accents, where these tell a name from a word; `respelled` as it is written where these signs
    are missing. `tokens` is how many tokens it counts for:
    one for each character in scripts without spaces, where the parts are bigrams.
    """

    terms: tuple[tuple[int, str], ...]
    parts: tuple[str, ...]
    whole: tuple[str, ...]
    stems: tuple[str, ...]
    written: str
    tokens: int = 1
    is_bigram: bool = False
    respelled: tuple[str, ...] = ()

    @property
    def written_term(self) -> str:
        """The term for the form as written, or nothing."""
        return WRITTEN + self.written if self.written else ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token in a text: its form, its number, and the characters it covers."""

    form: Form
    number: int
    start: int
    end: int


def tokenize(text: str, language: str = "") -> Iterator[Token]:
    """Yield the tokens of a text in order; `language` (an ISO 639 code) decides about stems."""
    number = 0
    language = language[:2].lower()
    plain, offsets = unescaped(text)
    for match in TOKEN.finditer(plain):
        form = analyze(match.group(), language)
        yield Token(form, number, offsets(match.start()), offsets(match.end()))
        number += form.tokens


def number_forms(text: str, language: str = "") -> Iterator[tuple[int, Form]]:
    """Yield number and form of every token: `tokenize` for those who need no offsets, faster."""
    number = 0
    language = language[:2].lower()
    for raw in TOKEN.findall(unescaped(text)[0]):
        form = analyze(raw, language)
        yield number, form
        number += form.tokens


def is_unspaced(character: str) -> bool:
    """Say whether a character is of a script without spaces between words."""
    return _IS_UNSPACED.match(character) is not None


@lru_cache(maxsize=_REMEMBERED)
def analyze(raw: str, language: str = "") -> Form:
    """Give all terms of one token as it stands in a text."""
    if _IS_UNSPACED.match(raw):
        return _bigrams(raw)
    if raw.isascii() and raw.isalpha() and (raw.islower() or raw[1:].islower()):
        return _simple(raw.lower(), language)
    plain = HIDDEN.sub("", unicodedata.normalize("NFKC", raw))
    if raw[0] == "." or raw[-1] in "+#":
        word = fold(raw)[:_LONGEST_TERM]
        return Form(((0, word),), (word,), (), (), "")
    if _ACRONYM.match(plain):
        return _word(plain.replace(".", ""), language)
    plain = _POSSESSIVE.sub("", plain)
    if _CONTRACTION.match(plain):
        return _word(_SPLIT.sub("", plain), language)
    return _compound(plain.replace(",", "").replace("&amp;", "&"), language)


def _simple(word: str, language: str) -> Form:
    word = word[:_LONGEST_TERM]
    found = stems(word, language)
    return Form(((0, word), *((0, STEM + s) for s in found)), (word,), (), found, "")


def _word(word: str, language: str) -> Form:
    """Analyze a token of one part, which may be written with capitals or accents."""
    folded = fold(word)[:_LONGEST_TERM]
    written = _as_written(word, folded)
    # Of a name in capitals only the plural s comes off, whatever the stemmer thinks: GPUs.
    found = (folded[:-1],) if _PLURAL_NAME.match(word) else stems(folded, language)
    terms = [(0, folded), *((0, STEM + s) for s in found)]
    if written:
        terms.append((0, WRITTEN + written))
    respelled = _respelled(word, folded)
    terms += ((0, other) for other in respelled)
    return Form(tuple(terms), (folded,), (), found, written, respelled=respelled)


_RESPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def _respelled(word: str, folded: str) -> tuple[str, ...]:
    """Give the form of those who have no such letters on their keyboard: Muenchen, Aarhus."""
    if folded == word.lower():
        return ()
    other = fold(unicodedata.normalize("NFC", word).lower().translate(_RESPELLED))[:_LONGEST_TERM]
    return () if other == folded else (other,)


def _as_written(word: str, folded: str) -> str:
    if len(word) > 1 and word.isupper() and word.isalpha():
        return word[:_LONGEST_TERM]
    plain = unicodedata.normalize("NFC", word.lower())[:_LONGEST_TERM]
    return "" if plain == folded else plain


def _compound(token: str, language: str) -> Form:
    """Analyze a token that may have several parts."""
    pieces = [_BOUNDARY.split(piece) for piece in _SPLIT.split(token) if piece]
    if len(pieces) == 1 and len(pieces[0]) == 1:
        return _word(pieces[0][0], language)
    parts: list[str] = []
    terms: dict[tuple[int, str], None] = {}
    for piece in pieces:
        if len(piece) > 1:
            for whole in _together("".join(piece)):
                terms |= _joined(whole, len(parts), len(piece), is_last=piece is pieces[-1])
        for part in piece:
            place, folded = min(len(parts), PARTS - 1), fold(part)[:_LONGEST_TERM]
            terms[place, folded] = None
            terms |= dict.fromkeys((place, STEM + s) for s in stems(folded, language))
            parts.append(folded)
    whole_forms = _whole(token, pieces)
    stemmed = tuple(s for w in whole_forms[:1] for s in stems(w, language))
    terms |= dict.fromkeys((0, w) for w in whole_forms)
    terms |= dict.fromkeys((0, STEM + s) for s in stemmed)
    return Form(tuple(terms), tuple(parts), whole_forms, stemmed, "")


def _joined(whole: str, first: int, count: int, *, is_last: bool) -> dict[tuple[int, str], None]:
    """Give the terms of some parts written as one: it stands where they begin, its tail at the end.

    What follows the last part is the next token, which is known without.
    """
    begins, ends = min(first, PARTS - 1), min(first + count - 1, PARTS - 1)
    terms: dict[tuple[int, str], None] = {(begins, whole): None}
    if ends > begins and not is_last:
        terms[ends, TAIL + whole] = None
    return terms


def _together(joined: str) -> tuple[str, ...]:
    whole = fold(joined)[:_LONGEST_TERM]
    # The plural of a name that ends in a number is still that name: H100s.
    return (whole, whole[:-1]) if _PLURAL_NUMBER.search(joined) else (whole,)


def _whole(token: str, pieces: list[list[str]]) -> tuple[str, ...]:
    """Give the forms written as one; none where digits would run together (3.12 is not 312)."""
    if "&" in token:
        return (fold(re.sub(r"[^\w&]", "", token))[:_LONGEST_TERM],)
    if any(left[-1][-1].isdigit() and right[0][0].isdigit() for left, right in pairwise(pieces)):
        return ()
    return _together("".join(part for piece in pieces for part in piece))


def _bigrams(run: str) -> Form:
    text = fold(run)
    # The last character stands alone as well, so that any one is the beginning of some term.
    pairs = [text[i : i + 2] for i in range(len(text))]
    terms = tuple((i * PARTS, pair) for i, pair in enumerate(pairs))
    return Form(terms, tuple(pairs), (), (), "", tokens=max(1, len(text)), is_bigram=True)


_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech",
    "da": "danish", "nl": "dutch", "en": "english", "eo": "esperanto", "et": "estonian",
    "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi",
    "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian",
    "ne": "nepali", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "fa": "persian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""ISO 639-1 codes to the names that Snowball gives its stemmers."""
# Younger versions of Snowball know more languages.
_KNOWN = frozenset(Stemmer.algorithms())


@lru_cache(maxsize=_REMEMBERED)
def stems(folded: str, language: str) -> tuple[str, ...]:
    """Give the stem of a folded word where it differs from the word; Snowball's, by language.

    Stemmed after folding: readers leave out accents, and both must come to the same.
    """
    name = _STEMMERS.get(language)
    if name not in _KNOWN or len(folded) < 3 or not folded.isalpha():
        return ()
    stem: str = _stemmer(name).stemWord(folded)
    return () if stem == folded else (stem,)


@lru_cache(maxsize=len(_STEMMERS))
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name)
