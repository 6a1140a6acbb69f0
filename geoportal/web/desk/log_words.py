"""How the log says in German what was changed, and where that is to be seen. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from geoportal.accounts.roles import WHOLE_KREIS, Action
from geoportal.web.desk import words
from plans_ingest.gemeinden import gemeinde_of

_DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reason": "Grund", "grund": "Grund", "plans": "Pläne", "file": "Datei", "on": "am",
        "scheduled_for": "vorgemerkt für", "of": "aus Lieferung", "version": "Fassung",
        "changes": "Angaben", "columns": "Spalten", "ignored": "ausgelassene Spalten", "wanted": "eingeschaltet",
        "email": "E-Mail", "roles": "Rollen", "role": "Rolle", "ags_of_role": "Gemeinde", "token": "Schlüssel",
        "ended": "beendet", "actions": "Rechte", "days": "Tage gültig", "by": "über", "beginn": "Beginn",
        "ende": "Ende", "until": "bis", "before": "vorher", "lost": "verlorene Tage", "number": "Anzahl",
        "kind": "als", "result": "Ergebnis",
    }
)  # fmt: skip
_PLANS: Final = ("plan", "into")
_FAULTS: Final = {
    "NewerIsPublic": "eine neuere Fassung war schon öffentlich",
    "NothingToPublish": "kein Plan war veröffentlichbar",
    "Tampered": "eine Datei war nicht mehr, was geprüft wurde",
}
_ROLES: Final = {role.value: said for role, said in words.ROLES.items()}
_PURPOSES: Final = {"invitation": "Einladung", "reset": "Link für ein neues Passwort"}


class Thing(NamedTuple):
    """What an entry is about; `endpoint` and `args` name its page, if it has one."""

    label: str
    endpoint: str = ""
    args: Mapping[str, str | int] = MappingProxyType({})


def thing(said: str) -> Thing:
    """Of the object as the log keeps it, `upload 17`."""
    kind, _, name = said.partition(" ")
    match kind:
        case "upload" if name.isdecimal():
            return Thing(f"Lieferung {name}", "desk.delivery", {"number": int(name)})
        case "account" if name.isdecimal():
            return Thing(f"Konto {name}", "desk.managed", {"account": int(name)})
        case "plan":
            return Thing("Plan", "desk.plan", {"plan": name})
        case "participation":
            return Thing("Beteiligung", "desk.participation", {"number": name})
        case "statement":
            return Thing("Stellungnahme", "desk.statement", {"number": name})
        case "gemeinde":
            return Thing(f"Gemeinde {place(name)}")
        case "token":
            return Thing(f"Schlüssel {name}")
    return Thing(said)


def place(ags: str) -> str:
    """The name of a Gemeinde."""
    found = gemeinde_of(ags)
    return "ganzer Kreis" if ags == WHOLE_KREIS else ags if found is None else found.name


def detail(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the entry says beside: its words and values, without what says nothing. Plans are told by plan()."""
    return [
        (_DETAILS.get(name, name), _value(name, value))
        for name, value in entry.items()
        if value not in ("", [], None) and name not in _PLANS
    ]


def plan(entry: Mapping[str, Any]) -> str | None:
    """The plan that the entry names beside what it is about."""
    found = next((entry[name] for name in _PLANS if entry.get(name)), None)
    return found if isinstance(found, str) else None


def _value(name: str, value: Any) -> str:
    match name, value:
        case "changes", dict():
            return ", ".join(f"{words.FIELDS.get(each, each)}: {_value('', change)}" for each, change in value.items())
        case "actions", list():
            known = {action.value: said for action, said in words.ACTIONS.items()}
            return ", ".join(known.get(each, str(each)) for each in value)
        case "role", str():
            return _ROLES.get(value, value)
        case "roles", list():
            pairs = [str(each).partition(" ") for each in value]
            return ", ".join(f"{_ROLES.get(role, role)}: {place(ags)}" for role, _, ags in pairs)
        case "ags_of_role", str():
            return place(value)
        case "reason", str():
            return _FAULTS.get(value, value)
        case "by", str():
            return _PURPOSES.get(value, value)
        case _, bool():
            return "ja" if value else "nein"
        case _, list():
            return ", ".join(_value("", each) for each in value)
        case _, dict():
            return ", ".join(f"{each}: {_value('', inner)}" for each, inner in value.items())
    return words.shown(value)


def choices() -> list[tuple[str, str]]:
    """What can be asked for, by its word in German."""
    return sorted(words.DONE.items(), key=lambda each: each[1].casefold())


OPEN_TO: Final = {
    "desk.managed": Action.ACCOUNTS,
    "desk.statement": Action.STATEMENTS,
}  # other pages: who reads the log
