"""The pages are valid HTML, as the Nu checker sees it (npm vnu-jar, Debian's Java)."""

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import CHECKOUT, Settings
from geoportal.web import create_portal
from tests.desk import OWN, office, send
from tests.files import feature, plan, polygon, prop, write, xplangml

HOSTILE = "Süd &lt;img src=x onerror=alert(1)&gt; &amp; \"Söhne'"


def faults(folder: Path, get: Callable[[str], bytes], paths: Iterable[str]) -> str:
    """What the checker finds to fault in these pages."""
    folder.mkdir()
    for number, path in enumerate(paths):
        (folder / f"{number:02}{re.sub(r'\W+', '_', path)[:80]}.html").write_bytes(get(path))
    checker = CHECKOUT / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    done = subprocess.run(
        ["java", "-jar", checker, "--errors-only", *sorted(folder.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode == 0 else done.stderr or "no answer"


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
    paths += [f"{path}{'&' if '?' in path else '?'}lang=en" for path in paths]
    assert faults(tmp_path / "pages", lambda path: client.get(path).data, paths) == ""


def test_every_page_of_the_desk_is_valid_html(furnished: Settings, tmp_path: Path) -> None:
    with office(furnished) as opened:
        kreis = opened.as_role(Role.KREIS)
        bowties = (
            feature("BP_BaugebietsTeilFlaeche", f"b{number}", prop("position", polygon("0 0 9 9 9 0 0 9 0 0")))
            for number in range(12)
        )
        document = xplangml(plan("p1", name=HOSTILE, nummer="7", extra=prop("rechtsstand", "2400")), *bowties)
        address = send(kreis, document).location
        operations.process(opened.owner, Archive(furnished.archive), int(address.rpartition("/")[2]))
        read = kreis.get(address).text
        [found] = set(re.findall(r"/werkbank/plan/[0-9a-f-]{36}(?=\")", read))
        [draft] = set(re.findall(r"/werkbank/fassung/\d+", read))
        paths = [
            *(
                "/werkbank/",
                f"/werkbank/?gemeinde={OWN}",
                "/werkbank/?suche=xqzzyw",
                "/werkbank/plaene",
                address,
                draft,
            ),
            *("/werkbank/liefern", "/werkbank/beteiligungen", "/werkbank/konten", "/werkbank/konten/1"),
            *("/werkbank/protokoll", "/werkbank/konto", found, f"{found}/vergleich?neu=1", f"{found}/beteiligung"),
            *("/werkbank/lieferung/99", "/werkbank/anmelden", "/werkbank/passwort-vergessen"),
            *(f"/werkbank/einladung/{'x' * 43}", f"{address}?art=geometry_mended"),
        ]
        assert faults(tmp_path / "pages", lambda path: kreis.get(path).data, paths) == ""
        office_ = opened.as_role(Role.OFFICE)
        paths = ["/werkbank/", "/werkbank/liefern", "/werkbank/plaene"]
        assert faults(tmp_path / "office", lambda path: office_.get(path).data, paths) == ""
