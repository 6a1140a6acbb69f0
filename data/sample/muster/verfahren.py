"""The course of a Bauleitplan procedure in dates: what has happened by the reference day, in the order of the BauGB."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from types import MappingProxyType

STICHTAG = date(2026, 11, 16)
"""The day on which the samples are meant to be looked at."""

type Zeitraum = tuple[date, date]

# Publication under BauGB § 3 (2): at least 30 days. Seen from the reference day: running, over, or still to come.
AUSLEGUNGEN: tuple[Zeitraum, ...] = (
    (date(2026, 11, 9), date(2026, 12, 11)),
    (date(2026, 11, 16), date(2027, 1, 8)),
    (date(2026, 9, 21), date(2026, 10, 23)),
    (date(2026, 11, 2), date(2026, 12, 18)),
    (date(2026, 11, 30), date(2027, 1, 15)),
    (date(2026, 11, 11), date(2026, 12, 14)),
    (date(2026, 8, 31), date(2026, 10, 2)),
    (date(2026, 11, 12), date(2027, 1, 22)),
    (date(2026, 12, 7), date(2027, 1, 29)),
    (date(2026, 10, 26), date(2026, 12, 4)),
)


@dataclass(frozen=True)
class Verfahren:
    """Dates are None while the step has not been taken. `beschluss` is the Satzungsbeschluss, or for a
    Flächennutzungsplan the Planbeschluss; `inkrafttreten` is then the Wirksamkeit."""

    rechtsstand: int
    aufstellung: date
    traegerbeteiligungen: tuple[Zeitraum, ...] = ()
    entwurfsbeschluss: date | None = None
    auslegungen: tuple[Zeitraum, ...] = ()
    aenderungen_bis: date | None = None
    beschluss: date | None = None
    genehmigung: date | None = None
    ausfertigung: date | None = None
    inkrafttreten: date | None = None
    untergang: date | None = None

    @property
    def massgebend(self) -> date:
        """The day whose law the plan follows: that of its decision, or the reference day while it is being made."""
        return self.beschluss or STICHTAG


def laufend(rechtsstand: int, z: Random, auslegung: Zeitraum) -> Verfahren:
    """A plan in procedure (1000 to 2400), or adopted and not yet in force (3000), on the reference day."""
    if rechtsstand == 1000:
        return Verfahren(1000, _sitzung(_vor(STICHTAG, z, 20, 220)))
    if rechtsstand in {2000, 2250}:
        stand = _vor(STICHTAG, z, 12, 60)
        return Verfahren(
            rechtsstand,
            _sitzung(_vor(stand, z, 240, 500)),
            entwurfsbeschluss=stand if rechtsstand == 2250 else None,
            aenderungen_bis=stand,
        )
    if rechtsstand == 2100:
        start = _vor(STICHTAG, z, 3, 18)
        return Verfahren(2100, _sitzung(_vor(start, z, 90, 260)), traegerbeteiligungen=(_monat(start, z),))
    if rechtsstand == 2200:
        return Verfahren(2200, _sitzung(_vor(STICHTAG, z, 100, 260)))
    if rechtsstand == 2300:
        start = _vor(STICHTAG, z, 3, 18)
        entwurf = _vor(start, z, 14, 40)
        return Verfahren(
            2300, _sitzung(_vor(entwurf, z, 240, 420)), (_monat(start, z),), entwurf, aenderungen_bis=entwurf
        )
    if rechtsstand == 2400:
        entwurf = min(_vor(auslegung[0], z, 14, 45), _vor(STICHTAG, z, 4, 12))
        frueher: tuple[Zeitraum, ...] = ()
        if z.random() < 0.3:  # a second round after changes, BauGB § 4a (3)
            frueher = (_monat(_vor(auslegung[0], z, 190, 260), z),)
        beginn = frueher[0][0] if frueher else entwurf
        rahmen = (*frueher, auslegung)
        return Verfahren(2400, _sitzung(_vor(beginn, z, 200, 520)), rahmen, entwurf, rahmen, aenderungen_bis=entwurf)
    if rechtsstand == 3000:
        return _bis_beschluss(3000, _sitzung(_vor(STICHTAG, z, 15, 90)), z)
    raise ValueError(f"not a state of a procedure: {rechtsstand}")


def abgeschlossen(rechtsstand: int, jahr: int, z: Random, *, genehmigt: bool = False) -> Verfahren:
    """A plan that came into force in `jahr` (4000 and above); those above 4999 have come to an end since."""
    inkrafttreten = _werktag(date(jahr, 1, 1) + timedelta(days=z.randrange(10, 355)))
    inkrafttreten = min(inkrafttreten, _vor(STICHTAG, z, 10, 30))
    ausfertigung = _vor(inkrafttreten, z, 6, 30)
    genehmigung = _vor(ausfertigung, z, 8, 40) if genehmigt else None
    verlauf = _bis_beschluss(rechtsstand, _sitzung(_vor(genehmigung or ausfertigung, z, 12, 40)), z)
    ende: date | None = None
    if rechtsstand in {5000, 50000, 50001}:
        ende = _werktag(inkrafttreten + (STICHTAG - inkrafttreten) * z.uniform(0.6, 0.9))
    return replace(
        verlauf, genehmigung=genehmigung, ausfertigung=ausfertigung, inkrafttreten=inkrafttreten, untergang=ende
    )


def _bis_beschluss(rechtsstand: int, beschluss: date, z: Random) -> Verfahren:
    ende = _vor(beschluss, z, 45, 140)
    auslegung = (_vor(ende, z, 32, 38), ende)
    entwurf = _vor(auslegung[0], z, 14, 45)
    return Verfahren(
        rechtsstand,
        _sitzung(_vor(entwurf, z, 200, 700)),
        (auslegung,),
        entwurf,
        (auslegung,),
        aenderungen_bis=entwurf,
        beschluss=beschluss,
    )


def _monat(start: date, z: Random) -> Zeitraum:
    ende = start + timedelta(days=z.randrange(32, 40))
    while ende.weekday() > 4:
        ende += timedelta(days=1)
    return start, ende


def _vor(tag: date, z: Random, mindestens: int, hoechstens: int) -> date:
    return _werktag(tag - timedelta(days=z.randrange(mindestens, hoechstens)))


def _werktag(tag: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return tag - timedelta(days=max(0, tag.weekday() - 4))


def _sitzung(tag: date) -> date:
    """The last day by `tag` on which a council may have met: Thursdays, and not between Christmas and Epiphany."""
    tag -= timedelta(days=(tag.weekday() - 3) % 7)
    zwischen_den_jahren = (tag.month, tag.day) >= (12, 22) or (tag.month, tag.day) <= (1, 6)
    return tag - timedelta(days=14) if zwischen_den_jahren else tag


@dataclass(frozen=True)
class Rechtsgrundlage:
    name: str
    datum: date
    fundstelle: str


# Promulgations of the two laws that a plan rests on, newest first.
_BAUGB = (
    Rechtsgrundlage("BauGB", date(2017, 11, 3), "BGBl. I S. 3634"),
    Rechtsgrundlage("BauGB", date(2004, 9, 23), "BGBl. I S. 2414"),
    Rechtsgrundlage("BauGB", date(1997, 8, 27), "BGBl. I S. 2141"),
    Rechtsgrundlage("BauGB", date(1986, 12, 8), "BGBl. I S. 2253"),
    Rechtsgrundlage("BBauG", date(1976, 8, 18), "BGBl. I S. 2256"),
    Rechtsgrundlage("BBauG", date(1960, 6, 23), "BGBl. I S. 341"),
)
_BAUNVO = (
    Rechtsgrundlage("BauNVO", date(2017, 11, 21), "BGBl. I S. 3786"),
    Rechtsgrundlage("BauNVO", date(1990, 1, 23), "BGBl. I S. 132"),
    Rechtsgrundlage("BauNVO", date(1977, 9, 15), "BGBl. I S. 1763"),
    Rechtsgrundlage("BauNVO", date(1968, 11, 26), "BGBl. I S. 1237"),
)
BAUNVO_41: Mapping[int, str] = MappingProxyType({1968: "2000", 1977: "3000", 1990: "4000", 2017: "9999"})
"""Year of the BauNVO -> XP_VersionBauNVO of XPlanGML 4.1, which ends with 1990."""


def baugb(tag: date) -> Rechtsgrundlage:
    return next(g for g in _BAUGB if g.datum < tag)


def baunvo(tag: date) -> Rechtsgrundlage:
    return next(g for g in _BAUNVO if g.datum < tag)
