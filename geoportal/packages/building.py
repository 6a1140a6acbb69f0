"""Makes the ZIP files: index.html, a page for each plan, the outlines as GeoJSON; anew when plans have changed."""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection, Engine, text

from geoportal import published
from geoportal.database.locks import Lock, alone
from geoportal.downloads import Download, DownloadFolder, downloads_in
from geoportal.downloads.folder import PACKAGE
from geoportal.published import PlanFilter, PublishedPlan, Status
from geoportal.settings import Settings
from geoportal.web import words
from geoportal.web.timeline import timeline
from plans_ingest.gemeinden import all_gemeinden

_PAGE: Final = 200  # plans that are in memory at once
_TEMPLATES: Final = Path(__file__).with_name("templates")

_STATES: Final = text("""
    -- what a package holds follows from this (a participation is announced of a version that stands); a plan that is
    -- public since a moment ago may not be the last one
    SELECT ags,
        md5(string_agg(concat_ws(':', id, version, veroeffentlicht_am, beteiligungen), ',' ORDER BY id)) AS state,
        abs(extract(epoch FROM clock_timestamp() - max(veroeffentlicht_am)))::float AS age
    FROM ogc.plaene GROUP BY ags ORDER BY ags""")
_FEATURES: Final = text("""
    SELECT id::text, name, nummer, planwerk, planart_text, rechtsstand_text, status, gueltig_von::text,
        gueltig_bis::text, auslegung_start_datum::text, auslegung_end_datum::text, version, geojson
    FROM ogc.plaene WHERE ags = :ags ORDER BY id""")


def refresh_packages(engine: Engine, settings: Settings, today: date, debounce: float) -> list[str]:
    """The packages of those Gemeinden whose plans have changed and then been still for `debounce` seconds.

    Returns their names; takes away those of Gemeinden without plans. `engine` is the reader's. One process at a time.
    """
    target = downloads_in(settings, settings.packages)
    target.folder.mkdir(parents=True, exist_ok=True)
    with alone(engine, Lock.PACKAGES) as is_ours:
        if not is_ours:
            return []
        with engine.connect() as connection:
            states = {row.ags: (row.state, row.age) for row in connection.execute(_STATES)}
        standing = {each.ags: each.version for each in target.all().values()}
        made = []
        for ags, (state, age) in states.items():
            if state != standing.get(ags) and age >= debounce:
                made.append(_publish(engine, settings, target, ags, state, today))
        if gone := standing.keys() - states.keys():
            target.publish([_name(ags) for ags in gone if ags], ())
        return made


def _publish(engine: Engine, settings: Settings, target: DownloadFolder, ags: str, state: str, today: date) -> str:
    with tempfile.TemporaryDirectory(dir=target.folder, prefix=".new-") as folder:
        file = Path(folder) / "package.zip"
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            _write(connection, settings, file, ags, today)
        sha256, size = target.put(file)
    name = f"{_name(ags)}.{PACKAGE.suffix}"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    target.publish([_name(ags)], [Download(name, _name(ags), ags, PACKAGE.suffix, sha256, size, now, state)])
    return name


def _name(ags: str) -> str:
    return f"gemeinde-{ags}"


def _write(connection: Connection, settings: Settings, file: Path, ags: str, today: date) -> None:
    pages = _environment()
    gemeinde = {each.ags: each.name for each in all_gemeinden()}.get(ags, ags)
    common = {"gemeinde": gemeinde, "ags": ags, "today": today, "root": settings.public_url}
    listed = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for plan in _plans(connection, ags):
            listed.append(plan)
            page = pages.get_template("plan.html").render(
                common, plan=plan, steps=timeline(plan, today), documents=_documents(plan)
            )
            archive.writestr(f"plan/{plan.id}.html", page)
        by_state = [(status, [plan for plan in listed if plan.status is status]) for status in Status]
        index = pages.get_template("index.html").render(common, states=[each for each in by_state if each[1]])
        archive.writestr("index.html", index)
        archive.writestr("stil.css", (_TEMPLATES / "stil.css").read_text("utf-8"))
        archive.writestr("plaene.geojson", json.dumps(_collection(connection, ags), ensure_ascii=False))


def _plans(connection: Connection, ags: str) -> Iterator[PublishedPlan]:
    offset = 0
    while entries := published.plaene(connection, PlanFilter(ags=ags), limit=_PAGE, offset=offset).plaene:
        for entry in entries:
            if (plan := published.plan(connection, entry.id)) is not None:
                yield plan
        offset += _PAGE


def _documents(plan: PublishedPlan) -> list[dict[str, str | None]]:
    """What there is to read beside the plan; the files themselves stay where they are."""
    found: list[dict[str, str | None]] = []
    for each in plan.dokumente:
        on_the_web = each.url if each.url and urlsplit(each.url).scheme in {"http", "https"} else None
        size = "" if each.size is None else words.file_size(each.size)
        title = each.typ_text or each.name or "Dokument"
        found.append({"title": title, "name": each.name, "size": size, "href": None if each.sha256 else on_the_web})
    return found


def _collection(connection: Connection, ags: str) -> Mapping[str, Any]:
    """RFC 7946."""
    features = []
    for row in connection.execute(_FEATURES, {"ags": ags}).mappings():
        properties = dict(row)
        geometry, identifier = json.loads(properties.pop("geojson")), properties.pop("id")
        features.append({"type": "Feature", "id": identifier, "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "features": features}


def _environment() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    pages.filters |= {
        "long_date": words.german_date,
        "beteiligungsart": words.beteiligungsart,
        "area": words.area,
        "planart": words.planart,
        "bezug": words.bezug,
    }
    pages.globals["abschnitt"] = words.abschnitt
    pages.globals |= {"STATUS": words.STATUS["de"], "PLANWERK": words.PLANWERK["de"]}
    return pages
