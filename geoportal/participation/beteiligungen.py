"""Participations at the desk: each verb one transaction with its entry in the log."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from geoportal import deliveries
from geoportal.accounts import audit
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, NotAllowed, Principal
from geoportal.feiertage import naechster_werktag
from geoportal.operations import NotFound
from geoportal.participation.arten import Art
from geoportal.participation.bekannt import Angabe, Bekannt, typed
from geoportal.participation.fristen import Frist, Hinweis, Schwere, hinweise, is_announceable, is_last_day, passend
from geoportal.participation.letters import CONFIRM_DAYS
from geoportal.participation.states import IllegalStep, State, require
from plans_ingest.model import Planwerk


class Changed(Exception):
    """Somebody else has changed the participation since it was looked at."""


class NotAnnounceable(Exception):
    """The period is not as the law wants it."""


class Overlaps(Exception):
    """Another participation of the same people in the plan runs at that time."""


class HinweisMissing(Exception):
    """Citizens are owed a word on why a period is interrupted, extended or ended."""


class Unsettled(Exception):
    """Statements are not weighed yet, or can still be confirmed."""

    def __init__(self, *, is_open: bool, is_unconfirmed: bool) -> None:
        super().__init__(f"open: {is_open}, unconfirmed: {is_unconfirmed}")
        self.is_open, self.is_unconfirmed = is_open, is_unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Angaben:
    """What the desk's form says of a participation."""

    art: Art
    bekanntmachung: date
    beginn: date
    ende: date
    grund: str = ""
    anlass: str = ""
    zugang: str = ""
    stelle: str = ""
    telefon: str = ""
    email: str = ""
    datenschutz: str = ""
    name_angabe: Angabe = Angabe.FREIWILLIG
    anschrift_angabe: Angabe = Angabe.FREIWILLIG
    mit_ort: bool = True
    mit_anlagen: bool = True
    online: bool = True

    @property
    def frist(self) -> Frist:
        return Frist(self.art, self.beginn, self.ende, self.bekanntmachung, self.grund)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beteiligung(Bekannt):
    """The same with what only the desk sees; `version` names what somebody has looked at."""

    grund: str
    version: int
    geleert_am: date | None

    @property
    def angaben(self) -> Angaben:
        return Angaben(**{field.name: getattr(self, field.name) for field in fields(Angaben)})


# Once it is announced, only what helps citizens may still change; days by verbs of their own.
_TEXTS: Final = ("anlass", "zugang", "stelle", "telefon", "email", "datenschutz")
_FORM: Final = tuple(field.name for field in fields(Angaben))
_COLUMNS: Final = ", ".join(field.name for field in fields(Beteiligung))
_SELECT: Final = f"SELECT {_COLUMNS} FROM participation.beteiligung"  # noqa: S608 - names of our own
_ONE: Final = text(f"{_SELECT} WHERE id = :id")
_HELD: Final = text(f"{_SELECT} WHERE id = :id FOR UPDATE")
_OF_PLAN: Final = text(f"{_SELECT} WHERE plan_id = :plan ORDER BY beginn DESC, created_at DESC")
_ADD: Final = text(f"""
    INSERT INTO participation.beteiligung (plan_id, ags, {", ".join(_FORM)})
    VALUES (:plan, :ags, {", ".join(f":{name}" for name in _FORM)}) RETURNING id""")  # noqa: S608
_PLAN: Final = text("""
    SELECT plan.planwerk, version.verfahren FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
    WHERE plan.id = :plan ORDER BY version.state = 'published' DESC, version.id DESC LIMIT 1""")
_UNSETTLED: Final = text("SELECT * FROM participation.unsettled(:id)")
_LIST: Final = text("""
    SELECT beteiligung.id, beteiligung.plan_id, beteiligung.ags, gemeinde.name AS gemeinde, beteiligung.art,
           beteiligung.state, beteiligung.beginn, beteiligung.ende,
           coalesce(publication.name, 'Plan ohne Namen') AS plan,
           count(stellungnahme.id) FILTER (WHERE stellungnahme.state = 'bestaetigt') AS stellungnahmen,
           count(stellungnahme.id) FILTER (WHERE stellungnahme.state = 'bestaetigt'
               AND coalesce(bearbeitung.ergebnis, 'offen') = 'offen') AS offen
    FROM participation.beteiligung
    JOIN plans.gemeinde ON gemeinde.ags = beteiligung.ags
    LEFT JOIN LATERAL (SELECT name FROM plans.version WHERE plan_id = beteiligung.plan_id
                       ORDER BY version.state = 'published' DESC, version.id DESC LIMIT 1) AS publication ON true
    LEFT JOIN participation.stellungnahme ON stellungnahme.beteiligung_id = beteiligung.id
    LEFT JOIN participation.bearbeitung ON bearbeitung.stellungnahme_id = stellungnahme.id
    GROUP BY beteiligung.id, gemeinde.name, publication.name
    ORDER BY beteiligung.state IN ('verworfen', 'abgebrochen', 'abgeschlossen'), beteiligung.ende, beteiligung.id
    LIMIT 500""")


# § 13a Abs. 3 Satz 1 Nr. 2 BauGB: the one thing that the announcement has to say, and when it need not be made at all
_WHERE: Final = (
    "Es fehlt, wo man sich über die allgemeinen Ziele und Zwecke und die wesentlichen Auswirkungen unterrichten kann "
    "(unter „Wo kann man die Unterlagen ohne Internet ansehen?“): Das gehört in die Bekanntmachung "
    "(§ 13a Abs. 3 Satz 1 Nr. 2 BauGB)."
)
_ALREADY: Final = (
    "Zu diesem Plan gab es schon eine frühzeitige Beteiligung. Dann verlangt das Gesetz diese nicht mehr "
    "(§ 13a Abs. 3 Satz 1 Nr. 2 BauGB)."
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the desk's list. `stellungnahmen` and `offen` are 0 for who may not see them."""

    id: UUID
    plan_id: UUID
    ags: str
    gemeinde: str
    art: Art
    state: State
    beginn: date
    ende: date
    plan: str
    stellungnahmen: int
    offen: int


def listed(connection: Connection) -> list[Listed]:
    """Of all Gemeinden that the acting account may see."""
    return [Listed(**typed(row)) for row in connection.execute(_LIST).mappings()]


def of_plan(connection: Connection, plan: UUID) -> Sequence[Beteiligung]:
    return [Beteiligung(**typed(row)) for row in connection.execute(_OF_PLAN, {"plan": plan}).mappings()]


def one(connection: Connection, number: UUID) -> Beteiligung | None:
    row = connection.execute(_ONE, {"id": number}).mappings().one_or_none()
    return None if row is None else Beteiligung(**typed(row))


def judged(connection: Connection, plan: UUID, angaben: Angaben, today: date) -> tuple[Hinweis, ...]:
    """What is wrong with a draft that is to be announced today: its period, its kind for the plan, what is missing."""
    found = hinweise(angaben.frist, today)
    if not angaben.art.regel.is_accelerated:
        return found
    known = connection.execute(_PLAN, {"plan": plan}).one()
    found += passend(angaben.art, Planwerk(known.planwerk), known.verfahren)
    if not angaben.zugang.strip():
        found += (Hinweis(Schwere.ERROR, _WHERE),)
    if any(each.art is Art.FRUEHZEITIG and each.state.is_announced for each in of_plan(connection, plan)):
        found += (Hinweis(Schwere.WARNING, _ALREADY),)
    return found


def is_bebauungsplan(connection: Connection, plan: UUID) -> bool:
    known = connection.execute(_PLAN, {"plan": plan}).one_or_none()
    return known is not None and known.planwerk == Planwerk.BEBAUUNGSPLAN


def may_edit(who: Principal, ags: str) -> bool:
    """Drafts of a period are made by planners and publishers; an office has no part in it."""
    return who.may(Action.EDIT, ags) or who.may(Action.PUBLISH, ags)


def create(engine: Engine, who: Principal, plan: UUID, angaben: Angaben) -> UUID:
    """A draft, which nobody outside sees. Raises NotFound, NotAllowed."""
    with acting(engine, who) as connection:
        ags = deliveries.gemeinde_of_plan(connection, plan)
        if ags is None:
            raise NotFound(str(plan))
        if not may_edit(who, ags):
            raise NotAllowed(f"participation {ags}")
        number: UUID = connection.execute(_ADD, {"plan": plan, "ags": ags} | _values(angaben)).scalar_one()
        audit.note(connection, who, "participation_drafted", f"participation {number}", ags=ags, plan=plan)
    return number


def change(engine: Engine, who: Principal, number: UUID, version: int, angaben: Angaben) -> None:
    """All of a draft; of an announced one the texts. Raises NotFound, NotAllowed, Changed, IllegalStep."""
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version)
        require(held.state, held.state)
        wanted = _values(angaben)
        if held.state is not State.ENTWURF:
            wanted = {name: wanted[name] for name in _TEXTS}
        _update(connection, held, wanted)
        _note(connection, who, "participation_changed", held)


def announce(engine: Engine, who: Principal, number: UUID, version: int, today: date) -> tuple[Hinweis, ...]:
    """From now on it is public; returns what should be known about its period.

    Raises NotFound, NotAllowed, Changed, IllegalStep, NotAnnounceable, Overlaps.
    """
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version, Action.PUBLISH)
        require(held.state, State.BEKANNT)
        if held.state is not State.ENTWURF:
            raise IllegalStep("bekannt")
        found = judged(connection, held.plan_id, held.angaben, today)
        # authorities are asked before anything is public
        is_seen = not held.art.regel.is_public or deliveries.public_version(connection, held.plan_id) is not None
        if not is_announceable(found) or not is_seen:
            raise NotAnnounceable
        _update(connection, held, {"state": State.BEKANNT})
        _note(connection, who, "participation_announced", held, beginn=held.beginn, ende=held.ende, grund=held.grund)
    return found


def extend(engine: Engine, who: Principal, number: UUID, version: int, ende: date, hinweis: str, today: date) -> None:
    """A later last day; never an earlier one. Raises as announce(), and HinweisMissing."""
    _require_hinweis(hinweis)
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version, Action.PUBLISH)
        require(held.state, State.BEKANNT)
        # once the last day is over, only a new participation helps: people have stopped writing
        if held.state is not State.BEKANNT or not today <= held.ende < ende or not is_last_day(held.art, ende):
            raise NotAnnounceable
        wanted = {"ende": ende, "erstes_ende": held.erstes_ende or held.ende, "hinweis": hinweis}
        _update(connection, held, wanted)
        _note(connection, who, "participation_extended", held, before=held.ende, until=ende)


def interrupt(engine: Engine, who: Principal, number: UUID, version: int, hinweis: str, today: date) -> None:
    """The documents cannot be read for a while, say. Raises as announce(), and HinweisMissing."""
    _require_hinweis(hinweis)
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version, Action.PUBLISH)
        require(held.state, State.UNTERBROCHEN)
        if not held.beginn <= today <= held.ende:
            raise NotAnnounceable
        wanted = {"state": State.UNTERBROCHEN, "unterbrochen_am": today, "hinweis": hinweis}
        _update(connection, held, wanted)
        _note(connection, who, "participation_interrupted", held)


def resume(engine: Engine, who: Principal, number: UUID, version: int, today: date) -> None:
    """The days that were lost come again at the end, the day of the interruption too. Raises as announce()."""
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version, Action.PUBLISH)
        if held.unterbrochen_am is None:
            raise IllegalStep(f"{held.state} → {State.BEKANNT}")
        lost = (today - held.unterbrochen_am).days + 1
        ende = naechster_werktag(held.ende + timedelta(days=lost))
        wanted = {"state": State.BEKANNT, "unterbrochen_am": None, "ende": ende}
        _update(connection, held, wanted | {"erstes_ende": held.erstes_ende or held.ende})
        _note(connection, who, "participation_resumed", held, lost=lost, until=ende)


def drop(engine: Engine, who: Principal, number: UUID, version: int) -> None:
    """A draft that comes to nothing; nobody outside learns of it. Raises NotFound, NotAllowed, Changed, IllegalStep."""
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version)
        require(held.state, State.VERWORFEN)
        _update(connection, held, {"state": State.VERWORFEN})
        _note(connection, who, "participation_dropped", held)


def abort(engine: Engine, who: Principal, number: UUID, version: int, hinweis: str) -> None:
    """Ends it before its time. Raises as announce(), and HinweisMissing."""
    _require_hinweis(hinweis)
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version, Action.PUBLISH)
        require(held.state, State.ABGEBROCHEN)
        _update(connection, held, {"state": State.ABGEBROCHEN, "unterbrochen_am": None, "hinweis": hinweis})
        _note(connection, who, "participation_aborted", held)


def close(engine: Engine, who: Principal, number: UUID, version: int, today: date) -> None:
    """All statements are dealt with. Raises as announce(), and Unsettled."""
    with acting(engine, who) as connection:
        held = _hold(connection, who, number, version, Action.PUBLISH)
        require(held.state, State.ABGESCHLOSSEN)
        if today < closes_from(held):
            raise NotAnnounceable
        unsettled = connection.execute(_UNSETTLED, {"id": number}).one()
        if unsettled.open or unsettled.unconfirmed:
            raise Unsettled(is_open=unsettled.open, is_unconfirmed=unsettled.unconfirmed)
        _update(connection, held, {"state": State.ABGESCHLOSSEN})
        _note(connection, who, "participation_closed", held)


def closes_from(held: Bekannt) -> date:
    """What was sent on the last evening may be confirmed until then: it is in time, and must be weighed."""
    return held.ende + timedelta(days=1 + (CONFIRM_DAYS if held.online else 0))


def _hold(
    connection: Connection, who: Principal, number: UUID, version: int, action: Action | None = None
) -> Beteiligung:
    """Held to the end of the transaction; `action` None: what may_edit() allows."""
    seen = one(connection, number)
    if seen is None:
        raise NotFound(f"Beteiligung {number}")
    if action is None and not may_edit(who, seen.ags):
        raise NotAllowed(f"participation {seen.ags}")
    if action is not None:
        who.require(action, seen.ags)
    row = connection.execute(_HELD, {"id": number}).mappings().one_or_none()
    if row is None:  # row-level security lets see it, and not change it in this state
        raise NotAllowed(f"participation {seen.ags}")
    held = Beteiligung(**typed(row))
    if held.version != version:
        raise Changed
    return held


def _update(connection: Connection, held: Beteiligung, values: dict[str, Any]) -> None:
    given = ", ".join(f"{name} = :{name}" for name in values)
    statement = text(f"UPDATE participation.beteiligung SET {given}, version = version + 1 WHERE id = :id")  # noqa: S608
    try:
        connection.execute(statement, values | {"id": held.id})
    except IntegrityError as fault:
        if "beteiligung_one_at_a_time" in str(fault.orig):
            raise Overlaps from fault
        raise


def _values(angaben: Angaben) -> dict[str, Any]:
    """Authorities answer with a letter of their own: nothing is taken from them here."""
    return asdict(angaben) | ({} if angaben.art.regel.is_public else {"online": False})


def _require_hinweis(hinweis: str) -> None:
    if not hinweis.strip():
        raise HinweisMissing


def _note(connection: Connection, who: Principal, action: str, held: Beteiligung, **detail: Any) -> None:
    audit.note(connection, who, action, f"participation {held.id}", ags=held.ags, plan=held.plan_id, **detail)
