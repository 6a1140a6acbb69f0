"""What is published, to follow without an account: an Atom feed (RFC 4287) and a calendar (RFC 5545).

The same parameters as the list of plans choose what a feed holds, and a place with a radius: `?gemeinde=`,
`?planwerk=`, `?planart=`, `?status=`, `?beteiligung=laufend`, `?lon=&lat=&umkreis=` (metres).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request, url_for

from geoportal.places import Coordinates
from geoportal.published import Beteiligungszeit, PlanEntry, PlanFilter, Sortierung, Umkreis
from geoportal.web import words
from geoportal.web.errors import InvalidQuery
from geoportal.web.language import either, language
from geoportal.web.plan_query import PlanQuery
from geoportal.web.portal import portal
from geoportal.web.stock import Stock
from plans_ingest.spellings import NOT_XML

bp = Blueprint("feeds", __name__)

MOST: Final = 200
_LARGEST_RADIUS: Final = 50_000  # metres
_NEVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LINE_OCTETS: Final = 75
_PAST: Final = timedelta(days=365)  # that a calendar keeps
# Europe/Berlin since 1996 (3.6.5)
_TIMEZONE: Final = (
    "BEGIN:VTIMEZONE", "TZID:Europe/Berlin",
    "BEGIN:STANDARD", "DTSTART:19961027T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZNAME:CET",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:19960331T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "TZNAME:CEST",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT",
    "END:VTIMEZONE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a feed is about; `title` says it in words, `args` are those of the list of these plans, but for a place."""

    title: str
    wanted: PlanFilter
    args: Mapping[str, str]


@bp.get("/abo/plaene.atom")
def atom() -> Response:
    """The newest publications first; an entry is a plan, and comes anew with each of its versions."""
    asked = _subscription()
    plans = _plans(asked.wanted, Sortierung.NEUESTE)
    updated = max((plan.veroeffentlicht_am for plan in plans), default=_NEVER)
    page = render_template("feed.xml", asked=asked, plans=plans, updated=updated, root=portal().settings.public_url)
    # one name that XML cannot hold would take the whole feed away from everybody
    return _answer(NOT_XML.sub("", page), "application/atom+xml")


@bp.get("/abo/termine.ics")
def calendar() -> Response:
    """The participations of the public: running, coming, and those of the last year."""
    own, asked = portal(), _subscription()
    since = own.today() - _PAST
    plans = _plans(replace(asked.wanted, mitreden_ab=since), Sortierung.NEUESTE)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Geoportal//Bauleitplanung//DE",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_escaped(asked.title)}",
        *_TIMEZONE,  # at least one component has to be there (3.6), also where nothing is on display
        *(line for plan in plans for period in plan.beteiligungen for line in _event(plan, period, since)),
        "END:VCALENDAR",
    ]
    return _answer("".join(f"{folded}\r\n" for line in lines for folded in _folded(line)), "text/calendar")


def subscription_urls(args: Mapping[str, str]) -> tuple[str, str]:
    """The addresses of feed and calendar for a choice of plans."""
    kept: dict[str, Any] = {name: value for name, value in args.items() if name in _KEPT}
    return url_for("feeds.atom", **kept), url_for("feeds.calendar", **kept)


_CHOICE: Final = ("q", "gemeinde", "planwerk", "planart", "status", "beteiligung", "von", "bis")
_KEPT: Final = frozenset({*_CHOICE, "lon", "lat", "umkreis"})


def _subscription() -> Subscription:
    """Raises InvalidQuery."""
    own = portal()
    query = PlanQuery.parse({name: value for name, value in request.args.items() if name in _CHOICE})
    wanted = query.filter(own.today())
    about = [own.config.area.title]
    if query.gemeinde is not None:
        with own.engine.connect() as connection:
            gemeinde = Stock.of(connection, own.memory).gemeinde(query.gemeinde, own.today())
        about.append(query.gemeinde if gemeinde is None else gemeinde.name)
    if (around := _around(request.args)) is not None:
        wanted = replace(wanted, umkreis=around)
        about.append(either(f"Umkreis {around.metres:.0f} m", f"within {around.metres:.0f} m"))
    if query.beteiligung:
        about.append(either("laufende Beteiligungen", "running participations"))
    kept = {name: value for name, value in request.args.items() if name in _CHOICE and value}
    return Subscription(f"{either('Bauleitpläne', 'Land-use plans')}: {', '.join(about)}", wanted, kept)


def _around(args: Mapping[str, str]) -> Umkreis | None:
    if not args.get("lon") and not args.get("lat"):
        return None
    try:
        at = Coordinates.of_degrees(float(args.get("lon", "")), float(args.get("lat", "")))
        metres = float(args.get("umkreis") or 1000)
    except ValueError as error:
        raise InvalidQuery("lon, lat, umkreis") from error
    if not 1 <= metres <= _LARGEST_RADIUS:
        raise InvalidQuery(f"umkreis: 1 bis {_LARGEST_RADIUS}")
    return Umkreis(at.east, at.north, metres)


def _plans(wanted: PlanFilter, order: Sortierung) -> Sequence[PlanEntry]:
    own = portal()
    with own.engine.connect() as connection:
        return Stock.of(connection, own.memory).plaene(wanted, limit=MOST, sortierung=order).plaene


def _event(plan: PlanEntry, period: Beteiligungszeit, since: date) -> Iterator[str]:
    """All-day, the last day included: DTEND is the day after it (3.6.1). What is longer keeps its UID."""
    start, end = period.start, period.ende
    if not period.is_public or start is None or end is None or end < max(start, since):
        return
    own = portal()
    host = urlsplit(own.settings.public_url).hostname or "geoportal"
    address = f"{own.settings.public_url}{url_for('beteiligung.page', plan_id=plan.id)}"
    what = words.beteiligungsart(period.art, language())
    yield "BEGIN:VEVENT"
    yield f"UID:{plan.id}-{period.art}-{_day(start)}@{host}"
    yield f"DTSTAMP:{plan.veroeffentlicht_am.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{_day(start)}"
    yield f"DTEND;VALUE=DATE:{_day(end + timedelta(days=1))}"
    yield f"SUMMARY:{_escaped(f'{what}: {plan.name}' + (f' ({plan.gemeinde})' if plan.gemeinde else ''))}"
    said = either("Bis zum letzten Tag können Sie sich bei der Gemeinde äußern", "You may comment until the last day")
    yield f"DESCRIPTION:{_escaped(f'{said}. {address}')}"
    yield f"URL:{address}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _escaped(value: str) -> str:
    """3.3.11; control characters have no place in a text."""
    plain = "".join(" " if character < " " else character for character in value)
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """3.1: no line longer than 75 octets, none cut inside a character."""
    piece = ""
    for character in line:
        if len((piece + character).encode()) > _LINE_OCTETS:
            yield piece
            piece = " "
        piece += character
    yield piece


def _answer(content: str, media_type: str) -> Response:
    response = Response(content.encode(), content_type=f"{media_type}; charset=utf-8")
    response.add_etag()
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
