"""The catalogue over a real database: found by German words, and readable by harvesters of each kind."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from rdflib import DCAT, DCTERMS, RDF, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic
from sqlalchemy import text

from geoportal.database import owner_engine
from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.ogc import BEBAUUNGSPLAENE, LAYERS, ODD_NAME, document

ROOT = "http://localhost:8080/ogc"
ITEMS = "/collections/katalog/items"
DATASETS = {"bebauungsplaene", "flaechennutzungsplaene", "gemeinden", "planinhalte", "schulen"}
DATASETS |= {"geltungsbereiche", "plandokumente", "plantexte"}
DCATDE, DCATAP = Namespace("http://dcat-ap.de/def/dcatde/"), Namespace("http://data.europa.eu/r5r/")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
ISO = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "gmx": "http://www.isotc211.org/2005/gmx",
    "srv": "http://www.isotc211.org/2005/srv",
    "xlink": "http://www.w3.org/1999/xlink",
}


@pytest.fixture(scope="module")
def api(stock: Settings) -> FlaskClient:
    return create_ogc(stock, LAYERS).test_client()


def found(api: FlaskClient, query: str) -> set[str]:
    return {item["properties"]["title"] for item in document(api.get(f"{ITEMS}?{query}"))["features"]}


def plan_id(api: FlaskClient, nummer: str) -> str:
    [item] = document(api.get(f"/collections/bebauungsplaene/items?nummer={nummer}"))["features"]
    return str(item["id"])


def test_data_sets_services_and_plans_are_listed(api: FlaskClient) -> None:
    assert {item["id"] for item in document(api.get(f"{ITEMS}?type=dataset"))["features"]} == DATASETS
    services = document(api.get(f"{ITEMS}?type=service"))["features"]
    assert {"dienst_features", "dienst_tiles", "dienst_katalog"} <= {item["id"] for item in services}
    plans = document(api.get(f"{ITEMS}?type=plan&limit=5"))
    assert (plans["numberMatched"], plans["numberReturned"]) == (BEBAUUNGSPLAENE + 1, 5)
    [catalogue] = [each for each in document(api.get("/collections"))["collections"] if each["itemType"] == "record"]
    assert catalogue["id"] == "katalog"


def test_a_record_keeps_the_form_of_the_standard(api: FlaskClient) -> None:
    record = document(api.get(f"{ITEMS}/{plan_id(api, '0')}"))
    assert record["conformsTo"] == ["http://www.opengis.net/spec/ogcapi-records-1/1.0/req/record-core"]
    assert record["time"] == {"interval": ["2000-01-15", ".."]}
    assert record["geometry"]["type"] == "Polygon"
    assert record["properties"]["title"] == ODD_NAME
    assert {"type", "title", "description", "keywords", "license", "contacts"} <= record["properties"].keys()
    assert {"self", "collection", "up", "license"} <= {each["rel"] for each in record["links"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=Schule", {"Schulen"}),  # the stem
        ("q=schemat umriss", {"Städte und Gemeinden"}),  # beginnings of words, one after the other
        ("q=umriss schemat", set()),
        ("q=schulform,verwaltungsgrenz", {"Schulen", "Städte und Gemeinden"}),  # one of them
        ("q=plan 7&type=plan", {"Plan 7"}),
        ("externalIds=nummer:3&type=plan", {"Plan 3"}),
        ("externalIds=3&type=plan", {"Plan 3"}),
        ("externalIds=nummer:&q=plan 3", {"Plan 3"}),
        ("q=plan 3&bbox=&datetime=&ids=", {"Plan 3"}),
        ("ids=schulen,gemeinden", {"Schulen", "Städte und Gemeinden"}),
        ("type=plan&datetime=2002-06-01/2003-01-01&bbox=8.74,50.82,8.747,50.83", {"Plan 2"}),
        ("q=quatschwort", set()),
    ],
)
def test_records_are_found(api: FlaskClient, query: str, expected: set[str]) -> None:
    assert found(api, query) == expected


@pytest.mark.parametrize(
    "query", ["q=,;", "type=,", "sortby=x", "foo=1", "limit=0", "bbox=1,2", "datetime=x", "f=iso19139", "q=a&q=b"]
)
def test_what_cannot_be_asked_is_refused(api: FlaskClient, query: str) -> None:
    assert api.get(f"{ITEMS}?{query}").status_code == 400


@pytest.mark.parametrize("word", ["'", "a' | 'b", "<->", "!x:*", "\\", "(((", "ß", "%00x", "100 %"])
def test_no_word_is_a_command(api: FlaskClient, word: str) -> None:
    assert api.get(ITEMS, query_string={"q": word}).status_code in (200, 400)


def test_pages_hold_every_record_once(api: FlaskClient) -> None:
    seen: list[str] = []
    address: str | None = f"{ITEMS}?limit=4&sortby=-title"
    while address:
        page = document(api.get(address))
        seen += [item["id"] for item in page["features"]]
        links = {each["rel"]: each["href"] for each in page["links"]}
        address = links.get("next", "").removeprefix("http://localhost:8080/ogc") or None
    assert len(seen) == len(set(seen)) == page["numberMatched"]


def test_nothing_is_there_under_another_id(api: FlaskClient) -> None:
    for identifier in ("nichts", "00000000-0000-0000-0000-000000000000", "../x"):
        assert api.get(f"{ITEMS}/{identifier}").status_code == 404


def iso(api: FlaskClient, identifier: str) -> etree._Element:
    response = api.get(f"{ITEMS}/{identifier}?f=iso19139")
    assert response.status_code == 200
    assert response.content_type.startswith("application/vnd.iso.19139+xml")
    return etree.fromstring(response.data)


def texts(root: etree._Element, path: str) -> list[str]:
    return [" ".join(each.itertext()).strip() for each in root.iterfind(path, ISO)]


MANDATORY = (
    "gmd:fileIdentifier", "gmd:language/gmd:LanguageCode", "gmd:hierarchyLevel/gmd:MD_ScopeCode", "gmd:contact",
    "gmd:dateStamp/gco:Date", "gmd:referenceSystemInfo", ".//gmd:citation//gmd:title", ".//gmd:abstract",
    ".//gmd:CI_Date/gmd:date/gco:Date", ".//gmd:pointOfContact//gmd:organisationName",
    ".//gmd:accessConstraints", ".//gmd:useConstraints", ".//gmd:EX_GeographicBoundingBox/gmd:westBoundLongitude",
    ".//gmd:DQ_ConformanceResult/gmd:specification", ".//gmd:onLine//gmd:URL",
)  # fmt: skip


def test_iso_19139_has_what_gdi_de_and_inspire_ask_for(api: FlaskClient) -> None:
    for identifier in (*DATASETS, "dienst_features", plan_id(api, "0")):
        root = iso(api, identifier)
        missing = [path for path in MANDATORY if root.find(path, ISO) is None]
        assert missing == [], identifier
        assert "opendata" in texts(root, ".//gmd:keyword")
        anchors = [
            each.get(f"{{{ISO['xlink']}}}href") for each in root.iterfind(".//gmd:otherConstraints/gmx:Anchor", ISO)
        ]
        assert str(anchors[0]).endswith("LimitationsOnPublicAccess/noLimitations")
        licences = [each for each in texts(root, ".//gmd:otherConstraints") if each.startswith("{")]
        assert json.loads(licences[0])["id"].startswith("dl-")
    data = iso(api, "bebauungsplaene")
    assert {"Bodennutzung", "inspireidentifiziert"} <= set(texts(data, ".//gmd:keyword"))
    assert texts(data, ".//gmd:MD_TopicCategoryCode") == ["planningCadastre"]
    assert data.find(".//gmd:lineage//gmd:statement", ISO) is not None


def test_the_order_of_elements_is_that_of_the_schema(api: FlaskClient) -> None:
    names = [etree.QName(each).localname for each in iso(api, "bebauungsplaene")]
    order = (
        *("fileIdentifier", "language", "characterSet", "hierarchyLevel", "hierarchyLevelName", "contact", "dateStamp"),
        *("metadataStandardName", "metadataStandardVersion", "referenceSystemInfo", "identificationInfo"),
        *("distributionInfo", "dataQualityInfo"),
    )
    assert tuple(dict.fromkeys(names)) == order


def test_services_and_data_are_coupled_and_plans_know_their_data_set(api: FlaskClient) -> None:
    service = iso(api, "dienst_features")
    identifiers = set(texts(service, ".//srv:SV_CoupledResource/srv:identifier"))
    code = texts(iso(api, "schulen"), ".//gmd:MD_Identifier/gmd:code")[0]
    assert code in identifiers
    for each in service.iterfind(".//srv:operatesOn", ISO):
        address = str(each.get(f"{{{ISO['xlink']}}}href")).removeprefix("http://localhost:8080/ogc")
        assert api.get(address).status_code == 200
    assert texts(iso(api, plan_id(api, "0")), "gmd:parentIdentifier")[0].endswith("/katalog/items/bebauungsplaene")


@pytest.mark.parametrize(("kind", "parser"), [("rdf", "xml"), ("ttl", "turtle"), ("jsonld", "json-ld")])
def test_dcat_ap_de_is_complete(api: FlaskClient, kind: str, parser: str) -> None:
    graph = Graph().parse(data=api.get(f"{ITEMS}?f={kind}").data, format=parser)
    [catalogue] = graph.subjects(RDF.type, DCAT.Catalog)
    for mandatory in (DCTERMS.title, DCTERMS.description, DCTERMS.publisher):
        assert graph.value(catalogue, mandatory) is not None
    datasets = set(graph.objects(catalogue, DCAT.dataset))
    assert len(datasets) == len(DATASETS)
    for each in datasets:
        for mandatory in (
            DCTERMS.title,
            DCTERMS.description,
            DCTERMS.publisher,
            DCAT.contactPoint,
            DCAT.theme,
            DCAT.distribution,
        ):
            assert graph.value(each, mandatory) is not None, (each, mandatory)
        for distribution in graph.objects(each, DCAT.distribution):
            assert isinstance(graph.value(distribution, DCAT.accessURL), URIRef)
            licence = graph.value(distribution, DCTERMS.license)
            assert str(licence).startswith("http://dcat-ap.de/def/licenses/")
    for service in graph.objects(catalogue, DCAT.service):
        assert graph.value(service, DCAT.endpointURL) is not None
        served = set(graph.objects(service, DCAT.servesDataset))
        assert served == datasets or (served < datasets and str(service).endswith(("_tiles", "_maps", "_wms")))
        assert URIRef(f"{ROOT}/collections/bebauungsplaene") in served
    schools = URIRef(f"{ROOT}/collections/schulen")
    reached = {str(graph.value(each, DCAT.accessURL)) for each in graph.objects(schools, DCAT.distribution)}
    assert {f"{schools}/map", f"{schools}/styles?f=json", f"{schools}/tiles/WebMercatorQuad?f=json"} < reached
    assert f"{ROOT}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities" in reached
    assert int(
        str(graph.value(predicate=HYDRA.totalItems, subject=next(graph.subjects(RDF.type, HYDRA.PagedCollection))))
    ) >= len(DATASETS)
    plans = next(each for each in datasets if str(each).endswith("bebauungsplaene"))
    assert graph.value(plans, DCATAP.hvdCategory) is not None


def test_every_graph_says_the_same(api: FlaskClient) -> None:
    address = f"{ITEMS}/{plan_id(api, '0')}?f="  # its name is an odd one
    read = [
        Graph().parse(data=api.get(address + kind).data, format=parser)
        for kind, parser in (("rdf", "xml"), ("ttl", "turtle"), ("jsonld", "json-ld"))
    ]
    assert len(read[0]) > 30
    assert all(isomorphic(read[0], other) for other in read[1:])
    assert (None, DCTERMS.title, Literal(ODD_NAME, lang="de")) in read[1]


def test_govdata_reads_who_contributes(stock: Settings, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    config, named = Path("config/pygeoapi.yml"), "http://dcat-ap.de/def/contributors/musterkreis"
    head = config.read_text("utf-8").replace('govdata_contributor: ""', f"govdata_contributor: {named}")
    (tmp_path / config).write_text(head, "utf-8")
    client = create_ogc(replace(stock, home=tmp_path), LAYERS).test_client()
    graph = Graph().parse(data=client.get(f"{ITEMS}?f=ttl").data, format="turtle")
    contributors = {str(each) for each in graph.objects(None, DCATDE.contributorID)}
    assert contributors == {named}


def test_metadata_for_catalogues_are_german_whatever_the_harvester_accepts(api: FlaskClient) -> None:
    english = {"Accept-Language": "en"}
    assert document(api.get(f"{ITEMS}/schulen", headers=english))["properties"]["title"] == "Schools"
    assert b"Schools" not in api.get(f"{ITEMS}/schulen?f=rdf", headers=english).data
    assert "Schulen" in etree.fromstring(api.get(f"{ITEMS}/schulen?f=iso19139", headers=english).data).xpath("string()")


def test_a_harvester_follows_the_pages(api: FlaskClient) -> None:
    seen: set[Any] = set()
    address: str | None = f"{ITEMS}?f=rdf&limit=2"
    while address:
        graph = Graph().parse(data=api.get(address).data, format="xml")
        [page] = graph.subjects(RDF.type, HYDRA.PagedCollection)
        seen |= set(graph.objects(None, DCAT.dataset))
        following = graph.value(page, HYDRA.next)
        address = str(following).removeprefix("http://localhost:8080/ogc") if following else None
    assert len(seen) == len(DATASETS)


def test_landing_page_and_collections_lead_to_iso_metadata(api: FlaskClient) -> None:
    def leads(read: dict[str, Any], rel: str) -> list[str]:
        kind = "application/vnd.iso.19139+xml"
        return [each["href"] for each in read["links"] if each["rel"] == rel and each["type"] == kind]

    [service] = leads(document(api.get("/?f=json")), "service-meta")
    assert api.get(service.removeprefix("http://localhost:8080/ogc")).status_code == 200
    for name in ("bebauungsplaene", "planinhalte_linien", "schulen"):
        [data] = leads(document(api.get(f"/collections/{name}?f=json")), "describedby")
        assert api.get(data.removeprefix("http://localhost:8080/ogc")).status_code == 200


def test_the_page_of_a_record_tells_search_engines_and_runs_nothing(api: FlaskClient) -> None:
    page = api.get(f"{ITEMS}/{plan_id(api, '0')}?f=html").get_data(as_text=True)
    start = page.index('<script type="application/ld+json">') + len('<script type="application/ld+json">')
    written = json.loads(page[start : page.index("</script>", start)])
    assert (written["@type"], written["name"]) == ("Dataset", ODD_NAME)
    assert page.count("<script") == 1
    for address in (ITEMS, "/collections/katalog"):
        assert api.get(f"{address}?f=html").status_code == 200


def test_a_stale_layer_says_so_in_its_record(module_database: Settings, api: FlaskClient) -> None:
    engine = owner_engine(module_database.require_database_url())
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO plans.layer_state (layer, fault_kind, fault, fault_since)
                VALUES ('schulen', 'unreachable', 'geheim', now())
                ON CONFLICT (layer) DO UPDATE SET
                    fault_kind = excluded.fault_kind, fault = excluded.fault, fault_since = now()""")
        )
        connection.execute(text("SELECT plans.touch_data('layer_state')"))
    engine.dispose()
    fresh = create_ogc(module_database, LAYERS).test_client()
    said = document(fresh.get(f"{ITEMS}/schulen"))["properties"]
    assert said["stale"] is True
    assert "nicht auf dem vorgesehenen Stand: die Quelle ist nicht erreichbar." in said["description"]
    assert (said["staleReason"], said["staleSince"][:2]) == ("unreachable", "20")
    assert "nicht auf dem vorgesehenen Stand" in texts(iso(fresh, "schulen"), ".//gmd:lineage//gmd:statement")[0]
    assert "geheim" not in json.dumps(said)
