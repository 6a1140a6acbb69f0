"""An answer as a document for programs: the same as on the page, in one language, made of plain JSON values."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from geoportal.hier.answer import Answer, Lage, Place, PlanHere, Rule
from geoportal.hier.dictionary import Language
from geoportal.published import Dokument, PlanEntry
from plans_ingest.model import Json

type Document = dict[str, Json]


def as_document(answer: Answer, today: date, language: Language) -> Document:
    """Keys are German where they name things of planning law; dates are ISO 8601, places CRS84 and EPSG:25832."""
    place, gemeinde = answer.place, answer.gemeinde
    at = place.coordinates
    return {
        "stand": today.isoformat(),
        "ort": {"lon": at.lon, "lat": at.lat, "utm32": [at.east, at.north], **_named(place)},
        "lage": answer.lage.value,
        "gemeinde": None
        if gemeinde is None
        else {"ags": gemeinde.ags, "name": gemeinde.name, "schematisch": gemeinde.schematic},
        "bebauungsplaene": _plans(answer.binding, today, language),
        # what decides instead, inside a built-up area or outside of it
        "ohne_bebauungsplan": None if answer.binding or answer.lage is not Lage.BETEILIGT else list(_WITHOUT_PLAN),
        "flaechennutzungsplaene": _plans(answer.preparing, today, language),
        "in_aufstellung": _plans(answer.coming, today, language),
        "rechtsstand_unbekannt": _plans(answer.unknown, today, language),
        "frueher": [_entry(plan, today) for plan in answer.former],
        "in_der_naehe": [
            {
                "sammlung": near.layer.id,
                "name": feature.name,
                "meter": round(feature.distance),
                "oeffnungszeiten": feature.hours,
            }
            for near in answer.near
            for feature in near.features
        ],
    }


_WITHOUT_PLAN: Final = ("§ 34 BauGB", "§ 35 BauGB")


def _named(place: Place) -> Document:
    """An address has a place to its name, a parcel is its own, and any other point has what is near and below it."""
    if place.is_area:
        return {"adresse": None, "genau": True, "flurstueck": place.title}
    if place.named:
        return {"adresse": ", ".join(filter(None, (place.title, place.detail))), "genau": True, "flurstueck": None}
    return {"adresse": place.title or None, "genau": False, "flurstueck": place.detail or None}


def _plans(plans: Sequence[PlanHere], today: date, language: Language) -> list[Json]:
    return [
        {
            **_entry(here.plan, today),
            "anteil": round(here.share, 3),
            "festsetzungen": [_rule(rule, language) for rule in here.rules],
            "beziehungen": [
                {"art": str(art), "plan": str(other.id), "name": other.name} for art, other in here.relations
            ],
            "unterlagen": [_unterlage(each) for each in here.documents],
        }
        for here in plans
    ]


def _unterlage(dokument: Dokument) -> Document:
    """With `sha256` it lies here, below /dokument/; else `url` says where, as the plan has it."""
    return {
        "art": dokument.typ_text,
        "name": dokument.name,
        "datum": _day(dokument.datum),
        "medientyp": dokument.media_type,
        "groesse": dokument.size,
        "sha256": dokument.sha256,
        "url": dokument.url,
    }


def _entry(plan: PlanEntry, today: date) -> Document:
    period = plan.beteiligung(today)
    return {
        "id": str(plan.id),
        "name": plan.name,
        "nummer": plan.nummer,
        "planwerk": plan.planwerk.value,
        "planart": plan.planart_text,
        "rechtsstand": plan.rechtsstand_text,
        "status": plan.status.value,
        "gueltig_von": _day(plan.gueltig_von),
        "gueltig_bis": _day(plan.gueltig_bis),
        "beteiligung": None
        if period is None
        else {"art": period.art, "von": _day(period.start), "bis": _day(period.ende)},
        "tage_zur_stellungnahme": (period.ende - today).days
        if period is not None and period.ende is not None and period.runs(today)
        else None,
    }


def _rule(rule: Rule, language: Language) -> Document:
    content = rule.content

    def said(text: object) -> str:
        return str(getattr(text, language))

    return {
        "klasse": content.klasse,
        "inhalt": content.klasse_text,
        "art": content.art_text,
        "beschriftung": content.beschriftung,
        "rechtscharakter": content.rechtscharakter_text,
        "anzahl": content.count,
        "anteil": round(content.share, 3),
        "meter": round(content.distance, 1),
        "bedeutung": said(rule.meaning),
        "erklaerungen": [
            {"name": said(each.name), "text": said(each.text), "gesetz": each.gesetz} for each in rule.explanations
        ],
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
