"""Text as the catalogue indexes it and as people type it: Chinese words, Latin words and model names, pinyin.

Whatever part of a Chinese text somebody types, the text is found: the index holds every dictionary word that occurs in
it, overlapping ones too, and every character; what is typed is cut into dictionary words and characters.
"""

import re
import unicodedata
from functools import lru_cache

import rjieba

TERMS_LIMIT = 24
"""Terms of one query; what is typed beyond them is not looked for."""

_HAN = "〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_TOKENS = re.compile(rf"[{_HAN}]+|\d+\.\d+(?![\w.])|[^\W_{_HAN}]+(?:[-./+_&·][^\W_{_HAN}]+)*")
_ASCII_TOKENS = re.compile(r"\d+\.\d+(?![\w.])|[a-z0-9]+(?:[-./+_&][a-z0-9]+)*")
_HAN_RUN = re.compile(f"[{_HAN}]+")
_PARTS = re.compile(r"[^\W_]+")
_NO_PARTS = {code: None for code in range(128) if not chr(code).isalnum()}
_MODEL = re.compile(r"([a-z]+)(\d{3,}[a-z0-9]*)")
_ACCENTED = re.compile("[\u00c0-\u024f\u0300-\u036f\u1e00-\u1fff]")
_MARKS = re.compile("[\u0300-\u036f]")
_SORTED = re.compile(rf"([{_HAN}]+)|([^{_HAN}]+)")
_TOKEN_CACHED, _RUN_PINYIN = 40, 16
_FOLDED_CACHED = 256

# Words that nobody searches for: to require every typed term must not mean to require them.
_ENGLISH = """
    a an and are as at be by for from has have in into is it its of on or s such that the their these this those to was
    were which will with
"""
STOP_WORDS = frozenset((*_ENGLISH.split(), *"的了和与及在是为之等于对从把被或而其以并也"))

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw", "")
_FINALS = """
    a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu o ong ou u ua uai uan uang ue ui un uo v ve
"""
_SYLLABLES = frozenset(initial + final for initial in _INITIALS for final in _FINALS.split())


def folded(text: str) -> str:
    """NFKC without case and, for Latin letters, without accents."""
    if text.isascii():
        return text.lower()
    return _cached_plain(text) if len(text) <= _FOLDED_CACHED else _plain(text)


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    if not _ACCENTED.search(plain):
        return plain
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", plain)))


_cached_plain = lru_cache(maxsize=8_192)(_plain)  # a name is folded for each way to find it


def segmented(text: str) -> str:
    """The terms to index, joined by blanks: a word as often as it occurs, a Chinese character once a run."""
    terms: list[str] = []
    for line in text.split("\n"):  # most lines are in one language, and English ones are cheaper by themselves
        if line.isascii():
            terms += map(_token_terms, _ASCII_TOKENS.findall(line.lower()))
        else:
            terms += [
                _token_terms(token) if len(token) <= _TOKEN_CACHED else _terms_of(token)
                for token in _TOKENS.findall(folded(line))
            ]
    return " ".join(filter(None, terms))


def query_terms(text: str) -> list[str]:
    """The terms of what a person typed, in order, at most TERMS_LIMIT; the last may be the beginning of a word.

    Words without meaning of their own are left out, unless there are no others.
    """
    terms: dict[str, None] = {}
    for token in _TOKENS.findall(folded(text)):
        terms |= dict.fromkeys(rjieba.cut(token, hmm=False) if _HAN_RUN.match(token) else _typed(token))
        if len(terms) > 2 * TERMS_LIMIT:
            break
    return ([term for term in terms if term not in STOP_WORDS] or list(terms))[:TERMS_LIMIT]


def name_key(text: str) -> str:
    """The form in which whole names are compared: letters and digits alone, without case and accents."""
    if text.isascii():
        return text.lower().translate(_NO_PARTS)
    return "".join(_PARTS.findall(folded(text)))


def sort_key(text: str) -> str:
    """Names in the order of their letters, Chinese ones in that of their pinyin; at most 64 characters long."""
    plain = folded(text[:64])
    return "".join("".join(syllables(han)) if han else rest for han, rest in _SORTED.findall(plain))[:64]


def _terms_of(token: str) -> str:
    return " ".join(_han_terms(token) if _HAN_RUN.match(token) else _latin_terms(token))


_token_terms = lru_cache(maxsize=65_536)(_terms_of)


def _latin_terms(token: str) -> tuple[str, ...]:
    if token.isalpha():
        return () if token in STOP_WORDS else (singular(token),)
    parts = _parts(token)
    if len(parts) == 1:
        return (singular(parts[0]),)
    whole = singular("".join(_PARTS.findall(token)))
    kept = [singular(part) for part in parts if part not in STOP_WORDS]
    return (*kept, whole) if len(parts) <= 4 else tuple(kept)


@lru_cache(maxsize=4_096)
def _typed(token: str) -> tuple[str, ...]:
    parts = _parts(token)
    if len(parts) > 1 and all(part.isalpha() for part in parts) and _one_word(parts):
        return (singular("".join(parts)),)
    return tuple(singular(part) for part in parts)


def _one_word(parts: list[str]) -> bool:
    """`LC-MS` and `X-ray` are written without the hyphen as often as with it; `high-resolution` is two words."""
    return len(parts) <= 4 and (all(len(part) <= 3 for part in parts) or len(parts[0]) == 1)


def _parts(token: str) -> list[str]:
    """`jem-2100f` and `jem2100f` alike are `jem` and `2100f`; a decimal number is one part."""
    if "." in token and token.replace(".", "", 1).isdigit():
        return [token]
    parts: list[str] = []
    for part in _PARTS.findall(token):
        model = _MODEL.fullmatch(part)
        parts += model.groups() if model else (part,)
    return parts


@lru_cache(maxsize=65_536)
def singular(word: str) -> str:
    """A light plural folding of English words, the same for what is indexed and what is typed."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")) or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zes")) else word[:-1]


def _han_terms(run: str) -> tuple[str, ...]:
    """Every dictionary word in the run, then every character of it once."""
    words = [word for word in rjieba.cut_all(run) if len(word) > 1] if len(run) > 1 else []
    return (*words, *(char for char in dict.fromkeys(run) if char not in STOP_WORDS))


def pinyin_terms(text: str) -> str:
    """Pinyin of Chinese names, joined by blanks: of each word, of each run of words, and the initials of the longer.

    `浙江大学` gives `zhejiang`, `daxue`, `zhejiangdaxue` and `zjdx`.
    """
    if text.isascii():
        return ""
    terms: dict[str, None] = {}
    for han in _HAN_RUN.findall(folded(text)):
        terms |= dict.fromkeys(_run_pinyin(han))
    return " ".join(terms)


@lru_cache(maxsize=32_768)
def _run_pinyin(run: str) -> tuple[str, ...]:
    terms: list[str] = []
    for word in rjieba.cut_all(run):
        if len(word) > 1:
            terms += _spelt(word_syllables(word))
    if 1 <= len(run) <= _RUN_PINYIN:
        terms += _spelt(syllables(run))
    return tuple(terms)


def _spelt(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Initials of two syllables alone are left out: they are more often a Latin abbreviation (MS, CT)."""
    whole = "".join(parts)
    return (whole, initials(parts)) if len(parts) > 2 else (whole,)


@lru_cache(maxsize=16_384)
def syllables(han: str) -> tuple[str, ...]:
    """The pinyin of a run of Chinese characters without tones, each word read as a whole."""
    return tuple(syllable for word in rjieba.cut(han, hmm=False) for syllable in word_syllables(word))


def initials(parts: tuple[str, ...]) -> str:
    """The first letter of each syllable."""
    return "".join(part[0] for part in parts)


@lru_cache(maxsize=65_536)
def word_syllables(word: str) -> tuple[str, ...]:
    """The pinyin of one Chinese word without tones."""
    from pypinyin import lazy_pinyin  # its dictionaries take longer to load than the rest of most commands

    return tuple(lazy_pinyin(word, errors="ignore"))


def looks_like_pinyin(text: str) -> bool:
    """Whether all of the text can be read as pinyin syllables, such as `zhejiang daxue`, or as initials, `zjdx`."""
    words = text.lower().split()
    return bool(words) and all(is_syllables(word) or _is_initials(word) for word in words)


@lru_cache(maxsize=4_096)
def is_syllables(word: str) -> bool:
    """Whether the word can be cut into pinyin syllables."""
    if not (word.isascii() and word.isalpha()) or len(word) > 64:
        return False
    reached = {0}
    for end in range(1, len(word) + 1):
        if any(end - size in reached and word[end - size : end] in _SYLLABLES for size in range(1, 7)):
            reached.add(end)
    return len(word) in reached


def _is_initials(word: str) -> bool:
    return word.isascii() and word.isalpha() and 2 <= len(word) <= 16 and not set(word) & set("aeiouv")
