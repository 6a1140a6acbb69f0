"""OGC's own conformance suites (CITE) against our services, from jars that the operator has: scripts/cite.py FOLDER

The folder holds the suites as OGC publishes them on Maven Central, group `org.opengis.cite`, with the classifier `aio`:
`ets-ogcapi-features10-*-aio.jar`, `ets-ogcapi-tiles10-*-aio.jar`, `ets-ogcapi-processes10-*-aio.jar` and
`ets-ogcapi-maps10-*-aio.jar` (which OGC still works on); of each the last by name is taken, and a suite without a jar
is told as not run. They need Java 17. A small stock is published and served on loopback; the suites read schemas of
OGC's from the network.

Ends with 0 only if every suite that was run has passed tests and no failed one; what counts is what it wrote into
testng-results.xml, for Java ends with 0 either way.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lxml import etree

from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.ogc.processes.echo import ECHO
from geoportal.ogc.processes.routes import PROCESSES
from geoportal.ogc.tiles import matrix
from geoportal.settings import Settings
from tests.ogc import publish_stock, served

SUITES: Final = ("ogcapi-features10", "ogcapi-tiles10", "ogcapi-processes10", "ogcapi-maps10")
# the tile in which the first plan of the stock lies
_TILES: Final = {
    "tilematrix": 15,
    "mintilerow": 10995,
    "maxtilerow": 10995,
    "mintilecol": 17177,
    "maxtilecol": 17177,
}


class NoVerdict(Exception):
    """A suite could not be run, or did not say what it found."""


@dataclass(frozen=True)
class Verdict:
    passed: int
    failed: int
    skipped: int
    faults: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return self.passed > 0 and self.failed == 0


def jars_in(folder: Path) -> dict[str, Path]:
    """By suite. Raises NoVerdict when there is none at all."""
    found = {suite: sorted(folder.glob(f"ets-{suite}-*-aio.jar")) for suite in SUITES}
    jars = {suite: files[-1] for suite, files in found.items() if files}
    if not jars:
        raise NoVerdict(
            f"In {folder} liegt keine Testreihe von OGC (ets-…-aio.jar); die Variable CITE_JARS nennt den Ordner. / "
            f"No suite of OGC's in {folder} (ets-…-aio.jar); the variable CITE_JARS names the folder."
        )
    return jars


def read_verdict(folder: Path) -> Verdict:
    """Of the newest testng-results.xml anywhere in the folder. Raises NoVerdict."""
    files = sorted(folder.rglob("testng-results.xml"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise NoVerdict("kein Ergebnis (testng-results.xml) / no result")
    try:
        root = etree.parse(files[-1]).getroot()
        passed, failed, skipped = (int(root.attrib[name]) for name in ("passed", "failed", "skipped"))
    except (etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise NoVerdict(f"Ergebnis nicht lesbar / result not readable: {error}") from error
    faults = tuple(
        f"{method.get('name')}: {' '.join((method.findtext('.//message') or '').split())[:300]}"
        for method in root.iter("test-method")
        if method.get("status") == "FAIL" and method.get("is-config") != "true"
    )
    return Verdict(passed, failed, skipped, faults)


def run(suite: str, jar: Path, address: str, folder: Path) -> Verdict:
    """Raises NoVerdict."""
    out = folder / suite
    out.mkdir()
    properties = out / "run.xml"
    properties.write_text(_properties(_arguments(suite, address)), "utf-8")
    log = out / "log"
    with log.open("wb") as written:
        command: list[str | Path] = ["java", "-jar", jar, "-o", out, properties]
        ended = subprocess.run(  # noqa: S603 - the jar that the operator names
            command, stdout=written, stderr=subprocess.STDOUT, check=False, timeout=3600
        )
    try:
        return read_verdict(out)
    except NoVerdict as error:
        said = log.read_text("utf-8", "replace")[-1000:]
        raise NoVerdict(f"{suite}: {error}; java {ended.returncode}\n{said}") from error


def _arguments(suite: str, address: str) -> Mapping[str, object]:
    """By the names of each suite's TestRunArg."""
    if suite == "ogcapi-processes10":  # it appends "/processes" to the address; "on" is the only yes that it knows
        every = {"testallprocesses": "on", "processtestlimit": len(PROCESSES)}
        return {"iut": address, "echoprocessid": ECHO.id} | every
    if suite == "ogcapi-maps10":  # the number is an upper bound to this one, and "all" to the others if negative
        return {"iut": address, "noofcollections": 100, "tile_matrix_set": matrix.ID}
    common: dict[str, object] = {"iut": f"{address}/", "noofcollections": -1}
    if suite == "ogcapi-tiles10":
        template = f"{address}/tiles/{matrix.ID}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt"
        return common | {"urltemplatefortiles": template, "tilematrixsetdefinitionuri": matrix.URI} | _TILES
    return common


def _properties(arguments: Mapping[str, object]) -> str:
    entries = "".join(f"<entry key={quoteattr(name)}>{escape(str(value))}</entry>" for name, value in arguments.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<properties version="1.0">{entries}</properties>\n'


def main(arguments: list[str]) -> int:
    try:
        jars = jars_in(Path(arguments[0] if arguments else "."))
    except NoVerdict as error:
        print(error, file=sys.stderr)
        return 2
    good = True
    with tempfile.TemporaryDirectory(prefix="geoportal-cite-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder / "postgres", durable=False) as cluster:
            settings = replace(
                Settings.from_env({}),
                database_url=cluster.url,
                read_database_url=cluster.read_url,
                data=folder / "data",
            )
            engine = owner_engine(cluster.url)
            migrate(engine)
            engine.dispose()
            publish_stock(settings, folder)
            with served(settings) as address:
                for suite in SUITES:
                    if suite not in jars:
                        print(f"{suite}: nicht gefahren, kein Jar / not run, no jar")
                        continue
                    try:
                        found = run(suite, jars[suite], address, folder)
                    except NoVerdict as error:
                        print(error, file=sys.stderr)
                        good = False
                        continue
                    print(f"{jars[suite].name}: {found.passed} passed, {found.failed} failed, {found.skipped} skipped")
                    print("".join(f"  {fault}\n" for fault in found.faults), end="")
                    good = good and found.is_good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
