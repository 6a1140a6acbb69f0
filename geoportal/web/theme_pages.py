"""Themes without a map: which there are, the features of one as a list, and a page for each feature.

The map shows the part `#objekt` of a feature's page in its panel, so that both say the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import Connection

from geoportal import published
from geoportal.catalogue import Layer, Observed
from geoportal.published import Objekt, Wanted
from geoportal.web import charts, theme_words
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.language import either, language, translated
from geoportal.web.opening import is_open
from geoportal.web.plan_query import asked_day, asked_number
from geoportal.web.portal import portal
from geoportal.web.words import BERLIN, counted, long_date, moment, number

bp = Blueprint("themes", __name__)

_PAGE: Final = 50
_MOST_PAGES: Final = 200  # deeper, nobody reads: the interfaces and downloads have all
_MOST_COMPUTED: Final = 2_000  # features of which it is looked at one by one whether they are open
_WORDS: Final = 100  # characters
_DAYS: Final = (1, 7, 30, 90)
_SHOWN: Final = 60  # lines of the table beside a drawing


@bp.get("/themen/")
def index() -> str:
    return render_template("themes.html", themes=portal().catalogue.themes())


@bp.get("/thema/<name>/")
def listing(name: str) -> str:
    """`?q=` words, `?wert=` a category, `?offen=1` open now, `?seite=`."""
    own, layer = portal(), _layer(name)
    field = _category(layer)
    value = request.args.get("wert", "")
    page = asked_number(request.args, "seite", range(1, _MOST_PAGES + 1)) or 1
    if value and (field is None or value not in {str(code) for code in _codes(layer, field)}):
        raise InvalidQuery("wert")
    hours = layer.hours
    only_open = request.args.get("offen") == "1" and hours is not None
    wanted = Wanted(
        words=request.args.get("q", "").strip()[:_WORDS],
        field=field if value else None,
        value=value or None,
        ordered_by=_order(layer, field if value else None),
        offset=0 if only_open else (page - 1) * _PAGE,
        limit=_MOST_COMPUTED if only_open else _PAGE,
    )
    with own.engine.connect() as connection:
        found = published.objekte(connection, layer, wanted)
    rows, total = found.objekte, found.total
    if only_open:
        now = datetime.now(UTC)
        rows = tuple(each for each in rows if is_open(each.properties[hours or ""], now))
        total = len(rows)
        rows = rows[(page - 1) * _PAGE : page * _PAGE]
    pages = min(max(1, -(-min(total, published.COUNTED) // _PAGE)), _MOST_PAGES)
    asked: dict[str, Any] = {"q": wanted.words, "wert": value, "offen": "1" if only_open else ""}
    return render_template(
        "theme_list.html",
        layer=layer,
        rows=[_row(layer, each) for each in rows],
        total=total,
        known=min(total, published.COUNTED),
        page=page,
        pages=pages,
        page_url=lambda wanted_page: url_for(
            "themes.listing", name=name, **{k: v for k, v in asked.items() if v}, seite=wanted_page
        ),
        asked=asked,
        categories=[] if field is None else [(str(code), words) for code, words in _codes(layer, field).items()],
        category_label="" if field is None else translated(layer.properties[field].label),
        has_hours=hours is not None,
    )


@bp.get("/thema/<name>/<path:identifier>")
def feature(name: str, identifier: str) -> str:
    """`?am=` the day for which opening hours are told; `?tage=` how far back the readings go."""
    own, layer = portal(), _layer(name)
    now, day = datetime.now(UTC), asked_day(request.args, "am")
    choices = _choices(layer)
    days = _days(choices)
    with own.engine.connect() as connection:
        found = published.objekt(connection, layer, identifier)
        if found is None:
            raise NotPublished
        drawings = list(_drawings(connection, layer, found, charts.Span(now - timedelta(days=days), now)))
    return render_template(
        "theme_feature.html",
        layer=layer,
        objekt=found,
        title=theme_words.title(layer, found.properties, language()),
        facts=theme_words.facts(layer, found.properties, now, day, language()),
        day=day,
        has_hours=layer.hours is not None,
        drawings=drawings,
        days=days,
        choices=choices,
        width=charts.WIDTH,
        height=charts.HEIGHT,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    title: str
    details: str
    is_late: bool
    opening: str


def _row(layer: Layer, each: Objekt) -> _Row:
    facts = theme_words.facts(layer, each.properties, datetime.now(UTC), None, language())
    title = theme_words.title(layer, each.properties, language())
    told = [
        f"{fact.label}: {fact.text}" for fact in facts if fact.text != title and not fact.opening and not fact.address
    ]
    hours = next((fact.opening.sentence for fact in facts if fact.opening), "")
    return _Row(each.id, title, " · ".join(told[:4]), any(fact.is_late for fact in facts), hours)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Readings of one property: `curve` of a number, `bands` of a state, `dots` of an event; `lines` say the same."""

    name: str
    label: str
    unit: str
    said: str
    curve: charts.Curve | None
    bands: tuple[tuple[charts.Band, str, str], ...]
    dots: tuple[float, ...]
    days: tuple[charts.Tick, ...]
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def _drawings(connection: Connection, layer: Layer, found: Objekt, span: charts.Span) -> Iterator[Drawing]:
    for name, observed in (layer.sensors.observed if layer.sensors else {}).items():
        draw = _of_number if not observed.codes and not observed.event else _of_changes
        yield draw(connection, layer, found, name, observed, span)


def _of_number(
    connection: Connection, layer: Layer, found: Objekt, name: str, observed: Observed, span: charts.Span
) -> Drawing:
    pieces = published.curve(connection, layer, found.id, name, span.start)
    by_day: dict[Any, list[published.Abschnitt]] = {}
    for each in pieces:
        by_day.setdefault(each.start.astimezone(BERLIN).date(), []).append(each)
    lines = tuple(
        (
            long_date(day, language()),
            _spelt(min(each.least for each in those)),
            _spelt(sum(each.mean * each.number for each in those) / sum(each.number for each in those)),
            _spelt(max(each.greatest for each in those)),
        )
        for day, those in reversed(by_day.items())
    )
    label = translated(observed.label)
    if pieces:
        least, greatest = min(each.least for each in pieces), max(each.greatest for each in pieces)
        said = either(
            f"{label} zwischen {_spelt(least)} und {_spelt(greatest)} {observed.unit or ''}",
            f"{label} between {_spelt(least)} and {_spelt(greatest)} {observed.unit or ''}",
        ).strip()
    else:
        said = either("Keine Messwerte in dieser Zeit", "No readings in this time")
    return Drawing(
        name=name,
        label=label,
        unit=observed.unit or "",
        said=said,
        curve=charts.curve(pieces, span, (observed.min, observed.max), BERLIN, _spelt) if pieces else None,
        bands=(),
        dots=(),
        days=(),
        head=(
            either("Tag", "Day"),
            either("kleinster", "least"),
            either("mittlerer", "mean"),
            either("größter", "greatest"),
        ),
        lines=lines[:_SHOWN],
    )


def _of_changes(
    connection: Connection, layer: Layer, found: Objekt, name: str, observed: Observed, span: charts.Span
) -> Drawing:
    told = published.changes(connection, layer, found.id, name, span.start)
    bands = charts.bands(told, span)
    drawn = layer.style.categories if layer.state_of(layer.style.by) == name else ()
    colours = {str(each.value): each.fill for each in drawn}
    lines = tuple((moment(each.at, language()), _state(observed, each.word)) for each in reversed(told))
    said = (
        counted(len(told), either("Meldung", "report"), either("Meldungen", "reports"), language())
        if told
        else either("Keine Meldung", "No report")
    )
    return Drawing(
        name=name,
        label=translated(observed.label),
        unit="",
        said=said,
        curve=None,
        bands=tuple((each, _state(observed, each.word), colours.get(each.word) or "#546e7a") for each in bands),
        dots=tuple(span.x(each.at) for each in told) if observed.event else (),
        days=charts.days(span, BERLIN),
        head=(either("Zeitpunkt", "Time"), *((either("Zustand", "State"),) if observed.codes else ())),
        lines=tuple(line if observed.codes else line[:1] for line in lines[:_SHOWN]),
    )


def _state(observed: Observed, word: str | None) -> str:
    """In words; a state that the manifest knows no longer as it was told."""
    return translated(observed.codes[word]) if word is not None and word in observed.codes else word or ""


def _spelt(amount: float) -> str:
    return number(round(amount, 1), language())


def _layer(name: str) -> Layer:
    """Raises NotPublished for what is no theme."""
    found = next((layer for layer in portal().catalogue.themes() if layer.id == name), None)
    if found is None:
        raise NotPublished
    return found


def _category(layer: Layer) -> str | None:
    """The field by which a list can be narrowed: that of the symbols, else the first with codes."""
    with_codes = [name for name, field in layer.properties.items() if field.codes]
    return layer.style.by if layer.style.by in with_codes else next(iter(with_codes), None)


def _codes(layer: Layer, field: str) -> Mapping[str | int, Any]:
    return layer.properties[field].codes


def _order(layer: Layer, narrowed: str | None) -> str | None:
    """Who is in a state for the longest comes first; else by name."""
    if (state := layer.state_of(narrowed)) is not None:
        return f"{state}_seit"
    return next((name for name in (*layer.headline_fields, *layer.popup)), None)


def _choices(layer: Layer) -> tuple[int, ...]:
    """So many days back, as far as single readings are kept."""
    if layer.sensors is None:
        return ()
    return tuple(days for days in _DAYS if timedelta(days=days) <= layer.sensors.history) or _DAYS[:1]


def _days(choices: tuple[int, ...]) -> int:
    usual = 7 if 7 in choices or not choices else choices[-1]
    return asked_number(request.args, "tage", choices) or usual
