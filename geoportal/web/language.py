"""The language of a page: German, or English with `?lang=en`. No cookie remembers it: the links of a page carry it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import Flask, g, request

from geoportal.catalogue import Words
from geoportal.hier import Language, Sentence

_PARAMETER: Final = "lang"
_GERMAN_ONLY: Final = "desk"  # a blueprint: clerks of Hessian town halls work there
_FILES: Final = ("static", "vendor.", "documents.", "offline.worker")  # endpoints whose answers have no language


def language() -> Language:
    """Of the current request; what is neither is German, as everything else here."""
    if "language" not in g:
        is_english = request.args.get(_PARAMETER) == "en" and request.blueprint != _GERMAN_ONLY
        g.language = "en" if is_english else "de"
    found: Language = g.language
    return found


def either(german: str, english: str) -> str:
    """The one of two sentences that the reader asked for."""
    return english if language() == "en" else german


def translated(sentence: Sentence | Words) -> str:
    """A text that is there in both languages, of the dictionary or of a manifest."""
    return either(sentence.de, sentence.en)


class Spoken[Key, Words](Mapping[Key, Words]):
    """Words by key, in the language of whoever looks them up."""

    def __init__(self, tables: Mapping[Language, Mapping[Key, Words]]) -> None:
        self._tables = tables

    def __getitem__(self, key: Key) -> Words:
        return self._tables[language()][key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._tables["de"])

    def __len__(self) -> int:
        return len(self._tables["de"])


def spoken[Spelled: Callable[..., str]](function: Spelled) -> Callable[..., str]:
    """A function of `words` that takes the language as its last argument, with that of the request."""
    return lambda *arguments: function(*arguments, language())


def other_language_url() -> str:
    """This very page in the other language."""
    pairs = [(name, value) for name, values in request.args.lists() for value in values if name != _PARAMETER]
    if language() == "de":
        pairs.append((_PARAMETER, "en"))
    return f"{request.script_root}{request.path}" + (f"?{urlencode(pairs)}" if pairs else "")


def register(app: Flask) -> None:
    """After this, every link that a page makes leads to pages of the same language."""

    @app.url_defaults
    def keep(endpoint: str, values: dict[str, Any]) -> None:
        if request and language() == "en" and not endpoint.startswith(_FILES):
            values.setdefault(_PARAMETER, "en")

    app.jinja_env.globals |= {"t": either, "language": language, "other_language_url": other_language_url}
    app.jinja_env.filters["translated"] = translated
