"""The pages are valid HTML, as the Nu checker sees it (npm vnu-jar, Debian's Java)."""

import re
import subprocess
from pathlib import Path

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import Settings
from geoportal.web import create_portal
from tests.files import feature, plan, polygon, prop, write, xplangml

HOSTILE = "Süd &lt;img src=x onerror=alert(1)&gt; &amp; \"Söhne'"


def test_every_page_is_valid_html(furnished: Settings, tmp_path: Path) -> None:
    engine = owner_engine(furnished.require_database_url())
    document = xplangml(
        plan("p1", name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000")),
        plan("p2", name=HOSTILE, nummer="6", extra=prop("rechtsstand", "2400")),
        feature("BP_BaugebietsTeilFlaeche", "b1", prop("position", polygon()) + prop("GRZ", "0.4")),
    )
    operations.deliver(engine, Archive(furnished.archive), write(tmp_path / "plans.gml", document))
    engine.dispose()
    client = create_portal(furnished).test_client()
    plans = re.findall(r'href="(/plan/[^"]+)"', client.get("/plaene").text)
    here = "/hier?ost=480050&nord=5630050"
    paths = [
        *("/", "/plaene", "/gemeinden/", "/gemeinde/06534008/", "/gemeinde/06534008/beteiligung/", "/impressum/"),
        *("/hier", here, "/hier?lon=8.77&lat=50.81", "/suche?q=hang", "/suche?q=xqzzyw", "/gibtesnicht", *plans),
        *("/drucken", "/offline/", "/?embed", "/plaene?stand=2020-01-01", "/plaene?von=2000-01-01"),
        *("/themen/", "/thema/schulen/", "/datenschutz/", "/barrierefreiheit/", "/beteiligung/", "/downloads/"),
        re.findall(r'href="(/thema/schulen/[^"?]+)"', client.get("/thema/schulen/").text)[0],
        *(f"{path}{asked}" for path in plans for asked in ("?fassung=1", "?stand=2020-01-01", "?embed")),
    ]
    pages = tmp_path / "pages"
    pages.mkdir()
    for number, path in enumerate([*paths, *(f"{path}{'&' if '?' in path else '?'}lang=en" for path in paths)]):
        (pages / f"{number:02}{re.sub(r'\W+', '_', path)}.html").write_bytes(client.get(path).data)
    checker = furnished.home / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    done = subprocess.run(
        ["java", "-jar", checker, "--errors-only", *sorted(pages.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
