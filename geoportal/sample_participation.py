"""A participation that runs in the demo: a newcomer writes a statement, and reads it at the desk."""

from datetime import date, timedelta
from typing import Final

from sqlalchemy import Engine, text

from geoportal.accounts import people
from geoportal.accounts.roles import Membership, Principal, Role
from geoportal.participation import beteiligungen
from geoportal.participation.arten import Art
from geoportal.participation.beteiligungen import Angaben
from geoportal.participation.fristen import sicheres_ende

_AGS: Final = "06534008"
_BY: Final = "freigabe@muster.example"
_PLAN: Final = text("""
    SELECT id FROM ogc.plaene WHERE ags = :ags AND rechtsstand BETWEEN 2000 AND 2500
        AND NOT EXISTS (SELECT FROM participation.beteiligung WHERE ende >= :today)
    ORDER BY planwerk, nummer, id LIMIT 1""")


def announce(engine: Engine, today: date) -> None:
    """Of a sample plan that is still being made, from today on for a month. Only where none runs or is to come: a demo
    that is started again after months has one again.
    """
    with engine.connect() as connection:
        plan = connection.scalar(_PLAN, {"ags": _AGS, "today": today})
    publisher = next((each for each in people.everybody(engine) if each.email == _BY), None)
    if plan is None or publisher is None:
        return
    who = Principal(publisher.id, publisher.name, publisher.email, (Membership(_AGS, Role.PUBLISHER),), "-")
    angaben = Angaben(
        art=Art.VEROEFFENTLICHUNG,
        bekanntmachung=today - timedelta(days=1),
        beginn=today,
        ende=sicheres_ende(today),
        anlass="Ein erfundener Plan, an dem Sie alles ausprobieren können: Schreiben Sie, bestätigen Sie über den "
        "Brief, und lesen Sie in der Werkbank, was angekommen ist.",
        zugang="Rathaus (erfunden), Zimmer 12, montags bis freitags 8 bis 12 Uhr",
        stelle="Gemeindevorstand (Muster)",
    )
    number = beteiligungen.create(engine, who, plan, angaben)
    beteiligungen.announce(engine, who, number, 1, today)
