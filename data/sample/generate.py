"""Writes all sample data: `python data/sample/generate.py [--into FOLDER]`. The same bytes at every run.

FOLDER (default: the folder `data` of this checkout) gets gemeinden.geojson, schulen.csv, sample/plaene/*.zip,
sample/adressen.csv, sample/flurstuecke.geojson and sample/fachdaten/.
"""

import argparse
import zipfile
from pathlib import Path

from muster.adressen import adressliste, flurstuecke
from muster.adressen import geojson as parzellen
from muster.bestand import Lieferung, lieferungen
from muster.fachdaten import behaelter, leuchten, schwimmbaeder, teststellen
from muster.pdf import textdokument
from muster.plan import Plan
from muster.planzeichnung import planzeichnung
from muster.schulen import schulliste
from muster.texte import absaetze
from muster.umrisse import geojson, umrisse
from muster.xplangml import schreiben

_ZEITSTEMPEL = (2026, 11, 16, 12, 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path(__file__).resolve().parents[1], metavar="FOLDER")
    ziel: Path = parser.parse_args().into
    plaene = ziel / "sample" / "plaene"
    plaene.mkdir(parents=True, exist_ok=True)
    for alt in plaene.glob("*.zip"):
        alt.unlink()
    grenzen = umrisse()
    (ziel / "gemeinden.geojson").write_text(geojson(grenzen), encoding="utf-8")
    (ziel / "schulen.csv").write_text(schulliste(grenzen), encoding="utf-8", newline="")
    alle = list(lieferungen(grenzen))
    for lieferung in alle:
        _archiv(plaene / lieferung.datei, lieferung)
    plots = flurstuecke([plan for lieferung in alle for plan in lieferung.plaene])
    (ziel / "sample" / "adressen.csv").write_text(adressliste(plots), encoding="utf-8", newline="")
    (ziel / "sample" / "flurstuecke.geojson").write_text(parzellen(plots), encoding="utf-8")
    fachdaten = ziel / "sample" / "fachdaten"
    fachdaten.mkdir(exist_ok=True)
    (fachdaten / "schwimmbaeder.geojson").write_text(schwimmbaeder(grenzen), encoding="utf-8")
    (fachdaten / "teststellen.csv").write_text(teststellen(grenzen), encoding="utf-8", newline="")
    (fachdaten / "abfallbehaelter.xlsx").write_bytes(behaelter(grenzen))
    leuchten(fachdaten / "strassenbeleuchtung.shp")
    print(f"{len(alle)} Archive in {plaene}, {len(plots)} Flurstücke")


def _archiv(datei: Path, lieferung: Lieferung) -> None:
    """An XPlanArchiv: xplan.gml and the documents beside it."""
    with zipfile.ZipFile(datei, "w", zipfile.ZIP_DEFLATED) as archiv:
        _ablegen(archiv, "xplan.gml", schreiben(lieferung.plaene, als_wfs=lieferung.als_wfs))
        for plan in lieferung.plaene:
            for name, inhalt in _dokumente(plan):
                _ablegen(archiv, name, inhalt)


def _dokumente(plan: Plan) -> list[tuple[str, bytes]]:
    return [
        (d.datei, planzeichnung(plan) if d.typ == 1030 else textdokument(f"{d.titel}", absaetze(plan, d)))
        for d in plan.dokumente
    ]


def _ablegen(archiv: zipfile.ZipFile, name: str, inhalt: bytes) -> None:
    eintrag = zipfile.ZipInfo(name, _ZEITSTEMPEL)
    eintrag.compress_type = zipfile.ZIP_DEFLATED
    eintrag.external_attr = 0o644 << 16
    archiv.writestr(eintrag, inhalt)


if __name__ == "__main__":
    main()
