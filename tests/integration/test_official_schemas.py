"""What we write as XML is valid by the official schemas, which `make test` unpacks into .venv/schemas."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree

from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.ogc import LAYERS, publish_stock

UNPACKED = Path(sys.prefix) / "schemas"
WMS = UNPACKED / "mapproxy" / "test" / "schemas"
ISO = Path("pycsw", "plugins", "profiles", "apiso", "schemas", "ogc", "iso", "19139")
OFFLINE = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
CAPABILITIES = "/wms?SERVICE=WMS&REQUEST=GetCapabilities&VERSION="
MISTAKE = "/wms?SERVICE=WMS&REQUEST=GetMap&VERSION="


@pytest.fixture(scope="module")
def api(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    return create_ogc(module_database, LAYERS).test_client()


def together(**schemas: Path) -> etree.XMLSchema:
    """One schema of several, by a file for each namespace."""
    assert all(file.is_file() for file in schemas.values()), "make .venv/schemas/.unpacked"
    imports = "".join(
        f'<xs:import namespace="{NAMESPACES[name]}" schemaLocation="{file}"/>' for name, file in schemas.items()
    )
    written = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(written, OFFLINE))


NAMESPACES = {
    "inspire_vs": "http://inspire.ec.europa.eu/schemas/inspire_vs/1.0",
    "sld": "http://www.opengis.net/sld",
    "ogc": "http://www.opengis.net/ogc",
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gmx": "http://www.isotc211.org/2005/gmx",
    "srv": "http://www.isotc211.org/2005/srv",
}


def read(api: FlaskClient, place: str) -> etree._Element:
    return etree.fromstring(api.get(place).data, OFFLINE)


def checked(schema: etree.XMLSchema | etree.DTD, document: etree._Element, spoilt: str) -> None:
    """The document is valid, and without an element that it must have (an XPath) it is not."""
    assert schema.validate(document), schema.error_log
    [needed, *_] = document.xpath(spoilt)
    needed.getparent().remove(needed)
    assert not schema.validate(document)


def test_what_the_wms_says_is_valid_in_both_versions(api: FlaskClient) -> None:
    newer = together(
        inspire_vs=WMS / "inspire" / "inspire_vs" / "1.0" / "inspire_vs.xsd",
        sld=WMS / "sld" / "1.1.0" / "sld_capabilities.xsd",
    )
    checked(newer, read(api, f"{CAPABILITIES}1.3.0"), "//*[local-name() = 'GetMap']")
    older = etree.DTD(str(WMS / "wms" / "1.1.1" / "capabilities_1_1_1.dtd"))
    checked(older, read(api, f"{CAPABILITIES}1.1.1"), "//GetMap")


def test_what_the_wms_says_of_a_mistake_is_valid_in_both_versions(api: FlaskClient) -> None:
    newer = together(ogc=WMS / "wms" / "1.3.0" / "exceptions_1_3_0.xsd")
    assert newer.validate(read(api, f"{MISTAKE}1.3.0")), newer.error_log
    older = etree.DTD(str(WMS / "wms" / "1.1.1" / "exception_1_1_1.dtd"))
    assert older.validate(read(api, f"{MISTAKE}1.1.1")), older.error_log


def test_every_record_is_valid_by_iso_19139(api: FlaskClient, tmp_path: Path) -> None:
    shutil.copytree(UNPACKED / "pycsw", tmp_path / "pycsw")
    year = tmp_path / ISO / "20070417"
    # of services there is the schema of 2006 alone; it stands beside what it imports, which has the GML of our records
    shutil.copytree(tmp_path / ISO / "20060504" / "srv", year / "srv")
    schema = together(**{name: year / name / f"{name}.xsd" for name in ("gmd", "gmx", "srv")})
    listed = json.loads(api.get("/collections/katalog/items?limit=100").data)
    assert listed["numberMatched"] == len(listed["features"]) > 20
    kinds = set()
    for record in listed["features"]:
        document = read(api, f"/collections/katalog/items/{record['id']}?f=iso19139")
        assert schema.validate(document), (record["id"], schema.error_log)
        kinds |= set(document.xpath("//*[local-name() = 'MD_ScopeCode']/@codeListValue"))
    assert {"dataset", "service"} <= kinds
    checked(schema, document, "*[local-name() = 'contact']")
