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
- "&" alone is the word "and"; within a name it is kept (at&t), and may be left out (att).
- Letters with points between them are one name (us), and so are initials with spaces (jk).
- Scripts without spaces are indexed by bigrams: any two neighbours are found, no dictionary. So
  are words in Hangul, whose particles are attached, but a word counts as one token.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise

import Stemmer

from index.characters import HANGUL, HIDDEN, UNSPACED, UNSPACED_RUN, WORD, fold, unescaped

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

_INITIAL = rf"[^\W\d_{UNSPACED}]"

TOKEN = re.compile(
    # Plain words between spaces are most of a text: tried first, they are found in half the time.
    r"[A-Za-z]{2,}(?=[ \n,;:]|\.[ \n])"
    rf"|(?<!\w){_INITIAL}(?:\.{_INITIAL}|\.[ \u00a0\u202f]{_INITIAL}(?=\.))+(?!\w)"  # U.S., J. K.
    r"|(?<!\w)[A-Za-z](?:\+\+|\#)(?![A-Za-z+#])"  # C++, C#
    r"|(?<![\w.)\]])\.[A-Za-z][A-Za-z0-9]*"  # .NET
    rf"|{UNSPACED_RUN}"
    rf"|{WORD}(?:{_JOINERS}{WORD})*"
    r"|(?<!\S)[&＆](?!\S)"
)
_IS_UNSPACED = re.compile(rf"[{UNSPACED}]")
_SPLIT = re.compile(rf"(?:[-‐‑﹣－_.·．{_APOSTROPHES}]|&amp;|[&＆])+")
# Case tells parts apart (deepSeek, XMLParser), and so do digits (gpt4, 17e).
_BOUNDARY = re.compile(
    r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-Z])(?=[A-Z][a-z]{2})"
    r"|(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)"
    rf"|(?<=[{HANGUL}])(?=[^\W{HANGUL}])|(?<=[^\W{HANGUL}])(?=[{HANGUL}])"
)
_HANGUL = re.compile(f"[{HANGUL}]")
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}][sS]$")
_CONTRACTION = re.compile(rf"^\w+[{_APOSTROPHES}](?:t|re|ve|ll|d|m)$", re.IGNORECASE)
_PLURAL_NUMBER = re.compile(r"\d[sS]$")
_PLURAL_NAME = re.compile(r"[A-Z]{2,}s$")
_ACRONYM = re.compile(r"^[^\W\d_](?:\.[^\W\d_])+$")
_INITIALS = re.compile(r"^[^\W\d_](?:\.\s?[^\W\d_])+$")


@dataclass(frozen=True, slots=True)
class Form:
    """All terms of one token: what documents hold, and what a question may look for.

    `terms` are places relative to the token's own, with the term. `parts` are the folded parts
    in order; `whole` the ways to write them as one; `written` the form with its capitals or
    accents, where these tell a name from a word; `respelled` as it is written where these signs
    are missing. `by_letters` are the parts where case tells no letters apart. `tokens` is how many
    tokens it counts for: one for each character in scripts without spaces, where the parts are
    bigrams.
    """

    terms: tuple[tuple[int, str], ...]
    parts: tuple[str, ...]
    whole: tuple[str, ...]
    stems: tuple[str, ...]
    written: str
    tokens: int = 1
    is_bigram: bool = False
    respelled: tuple[str, ...] = ()
    by_letters: tuple[str, ...] = ()

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


def is_syllable(form: Form) -> bool:
    """Say whether it is one syllable of a script that attaches others to it."""
    return len(form.parts) == 1 and len(form.parts[0]) == 1 and bool(_HANGUL.match(form.parts[0]))


def has_unspaced(text: str) -> bool:
    """Say whether a text has any character of a script without spaces between words."""
    return _IS_UNSPACED.search(text) is not None


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
    if raw in "&＆":
        return _simple("and", language)
    plain = HIDDEN.sub("", unicodedata.normalize("NFKC", raw))
    if raw[0] == "." or raw[-1] in "+#":
        word = fold(raw)[:_LONGEST_TERM]
        return Form(((0, word),), (word,), (), (), "")
    if _ACRONYM.match(plain):
        return _word(plain.replace(".", ""), language)
    if _INITIALS.match(plain):
        return _initials(plain)
    if _HANGUL.search(plain):
        return _korean(plain)
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


def _initials(token: str) -> Form:
    """Analyze letters with points and spaces between them: as one name, and each by itself."""
    letters = tuple(fold(c) for c in token if c.isalpha())
    word = "".join(letters)
    written = _as_written("".join(c for c in token if c.isalpha()), word)
    terms = [(min(i, PARTS - 1), letter) for i, letter in enumerate(letters)]
    terms += ((0, term) for term in (word, written and WRITTEN + written) if term)
    return Form(tuple(terms), letters, (word,), (), "")


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
    flat = [part for piece in pieces for part in piece]
    parts = tuple(fold(part)[:_LONGEST_TERM] for part in flat)
    terms: dict[tuple[int, str], None] = {}
    for place, folded in enumerate(parts):
        at = min(place, PARTS - 1)
        terms |= _with_stems(at, folded, language)
    for first, end in _runs(pieces):
        for whole in _together("".join(flat[first:end])):
            terms |= _with_stems(min(first, PARTS - 1), whole, language)
            terms |= _tail(whole, first, end, len(parts))
    whole_forms = _whole(token, pieces)
    for whole in whole_forms:
        terms |= _with_stems(0, whole, language)
    if "&" in token:
        # Who leaves the sign out finds it as who types another form of a word does.
        terms[0, STEM + whole_forms[0].replace("&", "")] = None
    stemmed = tuple(s for w in whole_forms[:1] for s in stems(w, language))
    return Form(tuple(terms), parts, whole_forms, stemmed, "", by_letters=_by_letters(pieces))


def _with_stems(place: int, word: str, language: str) -> dict[tuple[int, str], None]:
    return dict.fromkeys([(place, word), *((place, STEM + s) for s in stems(word, language))])


def _runs(pieces: list[list[str]]) -> Iterator[tuple[int, int]]:
    """Give which parts of a token are written as one as well: the first, and that after the last.

    All parts between two joiners, and letters that a number is attached to: iPhone17, Hi-Fi-7.
    """
    first = 0
    for are_letters, group in groupby(pieces, lambda piece: "".join(piece).isalpha()):
        run = list(group)
        end = first + sum(map(len, run))
        if are_letters and 1 < len(run) < len(pieces):
            yield first, end
        for piece in run:
            if len(piece) > 1:
                yield first, first + len(piece)
            for is_letters, parts in groupby(piece, str.isalpha):
                count = len(list(parts))
                if is_letters and 1 < count < len(piece):
                    yield first, first + count
                first += count


def _by_letters(pieces: list[list[str]]) -> tuple[str, ...]:
    """Give the parts with letters joined that only case tells apart: iphone, 17."""
    return tuple(
        fold(part)[:_LONGEST_TERM]
        for piece in pieces
        for is_letters, run in groupby(piece, str.isalpha)
        for part in (["".join(run)] if is_letters else run)
    )


def _tail(whole: str, first: int, end: int, count: int) -> dict[tuple[int, str], None]:
    """Say where some parts (of so many) end that are written as one.

    Not where the token ends as well: what follows is the next token then, which is known without.
    """
    last = min(end, PARTS) - 1
    return {(last, TAIL + whole): None} if last > first and end < count else {}


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


def _korean(token: str) -> Form:
    """Analyze a word with Hangul: by bigrams, since particles are attached, and as it is."""
    parts: list[str] = []
    runs = [run for piece in _SPLIT.split(token) for run in _BOUNDARY.split(piece) if run]
    for run in map(fold, runs):
        if len(run) > 2 and _HANGUL.match(run):
            parts += (run[i : i + 2] for i in range(len(run) - 1))
        else:
            parts.append(run[:_LONGEST_TERM])
    whole = fold(_SPLIT.sub("", token))[:_LONGEST_TERM]
    terms = dict.fromkeys((min(place, PARTS - 1), part) for place, part in enumerate(parts))
    is_one = len(parts) == 1
    return Form(
        (*terms, *(() if is_one else ((0, whole),))),
        tuple(parts),
        () if is_one else (whole,),
        (),
        "",
    )


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
