"""WMS 1.3.0 and 1.1.1: what OWSLib reads of it, and every operation by hand. QGIS and GDAL: tests/acceptance."""

import json

import pytest
from flask.testing import FlaskClient
from lxml import etree
from owslib.wms import WebMapService
from pyproj import Transformer

from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.integration.test_maps import WOHNEN, pixels, share
from tests.ogc import BEBAUUNGSPLAENE, LAYERS, ODD_NAME, SQUARE_METRES, origin, served

WEST, SOUTH = origin(0)
EAST, NORTH = WEST + SQUARE_METRES, SOUTH + SQUARE_METRES
UTM = f"{WEST - 20},{SOUTH - 20},{EAST + 20},{NORTH + 20}"
ISO = "application/vnd.iso.19139+xml"
ROOT = "http://localhost:8080/ogc"
INSPIRE = {
    "wms": "http://www.opengis.net/wms",
    "vs": "http://inspire.ec.europa.eu/schemas/inspire_vs/1.0",
    "common": "http://inspire.ec.europa.eu/schemas/common/1.0",
    "srv": "http://www.isotc211.org/2005/srv",
    "gco": "http://www.isotc211.org/2005/gco",
}
MAP = "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&STYLES=&WIDTH=280&HEIGHT=280&FORMAT=image/png"


@pytest.fixture(scope="module")
def api(stock: Settings) -> FlaskClient:
    return create_ogc(stock, LAYERS).test_client()


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_owslib_reads_the_capabilities_and_fetches_a_map(stock: Settings, version: str) -> None:
    with served(stock) as address:
        service = WebMapService(f"{address}/wms", version=version)
        assert "Geoportal" in service.identification.title
        layer = service["bebauungsplaene"]
        assert set(layer.styles) == {"planzv", "rechtsstand", "umring"}
        assert layer.queryable
        assert "image/png" in service.getOperationByName("GetLegendGraphic").formatOptions
        records = [each["url"] for each in layer.metadataUrls if each["format"] in (ISO, "text/xml")]
        assert [url.partition("/collections/")[2] for url in records] == ["katalog/items/bebauungsplaene?f=iso19139"]
        assert "bebauungsplaene.in_kraft" in service.contents
        assert "flaechennutzungsplaene.06534008" in service.contents
        picture = service.getmap(
            layers=["bebauungsplaene"],
            styles=["planzv"],
            srs="EPSG:25832",
            bbox=(WEST - 20, SOUTH - 20, EAST + 20, NORTH + 20),
            size=(280, 280),
            format="image/png",
            transparent=True,
        )
        assert picture.read().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("version", "root"), [("1.3.0", "{http://www.opengis.net/wms}WMS_Capabilities"), ("1.1.1", "WMT_MS_Capabilities")]
)
def test_each_version_is_answered_in_its_own_words(api: FlaskClient, version: str, root: str) -> None:
    response = api.get(f"/wms?SERVICE=WMS&REQUEST=GetCapabilities&VERSION={version}")
    document = etree.fromstring(response.data)
    assert (document.tag, document.get("version")) == (root, version)


def test_inspire_finds_the_record_of_the_service_and_the_data_sets_that_it_shows(api: FlaskClient) -> None:
    """Technical Guidance for View Services 3.11, requirements 4, 5, 36 to 39."""

    def read(query: str) -> etree._Element:
        return etree.fromstring(api.get(f"/wms?SERVICE=WMS&REQUEST=GetCapabilities{query}").data)

    german, english, other = read(""), read("&LANGUAGE=eng"), read("&LANGUAGE=fre")
    [extended] = german.iterfind("wms:Capability/vs:ExtendedCapabilities", INSPIRE)
    assert [etree.QName(each).localname for each in extended] == [
        "MetadataUrl", "SupportedLanguages", "ResponseLanguage"
    ]  # fmt: skip
    address = extended.findtext("common:MetadataUrl/common:URL", "", INSPIRE)
    record = etree.fromstring(api.get(address.removeprefix(ROOT)).data)
    assert record.findtext(".//srv:serviceType/gco:LocalName", namespaces=INSPIRE) == "view"
    coupled = {each.get("uuidref") for each in record.iterfind(".//srv:operatesOn", INSPIRE)}
    named = list(german.iterfind("wms:Capability/wms:Layer/wms:Layer", INSPIRE))
    assert {each.findtext("wms:Identifier", namespaces=INSPIRE) for each in named} == coupled
    for document, code in ((german, "ger"), (english, "eng"), (other, "ger")):
        spoken = document.findtext(".//common:ResponseLanguage/common:Language", namespaces=INSPIRE)
        assert spoken == code
    titles = [
        {each.text for each in document.iterfind(".//wms:Layer/wms:Title", INSPIRE)} for document in (german, english)
    ]
    assert ("Schulen" in titles[0], "Schools" in titles[0]) == (True, False)
    assert ("Schulen" in titles[1], "Schools" in titles[1]) == (False, True)


def test_the_order_of_elements_is_that_of_the_schema(api: FlaskClient) -> None:
    """capabilities_1_3_0.xsd: a Layer is a sequence."""
    order = [
        "Name", "Title", "Abstract", "KeywordList", "CRS", "EX_GeographicBoundingBox", "BoundingBox", "Dimension",
        "Attribution", "AuthorityURL", "Identifier", "MetadataURL", "DataURL", "FeatureListURL", "Style",
        "MinScaleDenominator", "MaxScaleDenominator", "Layer",
    ]  # fmt: skip
    document = etree.fromstring(api.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities").data)
    layers = document.findall(".//{http://www.opengis.net/wms}Layer")
    assert len(layers) > 50
    for layer in layers:
        places = [order.index(etree.QName(child).localname) for child in layer]
        assert places == sorted(places)
    names = [
        name.text for name in document.findall(".//{http://www.opengis.net/wms}Layer/{http://www.opengis.net/wms}Name")
    ]
    assert len(names) == len(set(names))


def test_the_axes_are_those_of_the_version(api: FlaskClient) -> None:
    project = Transformer.from_crs(25832, 4326, always_xy=True)
    west, south, east, north = project.transform_bounds(WEST - 20, SOUTH - 20, EAST + 20, NORTH + 20)
    newer = api.get(f"{MAP}&LAYERS=bebauungsplaene&CRS=EPSG:4326&BBOX={south},{west},{north},{east}")
    longitude_first = api.get(f"{MAP}&LAYERS=bebauungsplaene&CRS=CRS:84&BBOX={west},{south},{east},{north}")
    older = api.get(
        f"{MAP.replace('1.3.0', '1.1.1')}&LAYERS=bebauungsplaene&SRS=EPSG:4326&BBOX={west},{south},{east},{north}"
    )
    for response in (newer, longitude_first, older):
        assert 0.35 < share(pixels(response), WOHNEN) < 0.6


def test_a_layer_of_one_state_shows_that_state_alone(api: FlaskClient) -> None:
    shown = f"{MAP}&CRS=EPSG:25832&BBOX={UTM}"
    assert share(pixels(api.get(f"{shown}&LAYERS=bebauungsplaene.in_kraft")), WOHNEN) > 0.4
    assert share(pixels(api.get(f"{shown}&LAYERS=bebauungsplaene.in_aufstellung")), WOHNEN) == 0


def test_a_filter_for_each_layer_leaves_only_what_it_says(api: FlaskClient) -> None:
    shown = f"{MAP}&CRS=EPSG:25832&BBOX={UTM}&LAYERS=gemeinden,bebauungsplaene&CQL_FILTER="
    assert share(pixels(api.get(f"{shown}INCLUDE;nummer='0'")), WOHNEN) > 0.4
    assert share(pixels(api.get(f"{shown}name='a;b';nummer='1'")), WOHNEN) == 0
    asked = f"{shown}INCLUDE;nummer='1'&QUERY_LAYERS=bebauungsplaene&I=140&J=140&INFO_FORMAT=text/plain"
    assert "Hier liegt nichts" in api.get(asked.replace("GetMap", "GetFeatureInfo")).get_data(as_text=True)


def test_the_resolution_that_qgis_prints_with_is_heeded(api: FlaskClient) -> None:
    screen = api.get(f"{MAP}&LAYERS=bebauungsplaene&CRS=EPSG:25832&BBOX={UTM}&DPI=96")
    print_ = api.get(f"{MAP}&LAYERS=bebauungsplaene&CRS=EPSG:25832&BBOX={UTM}&DPI=300&MAP_RESOLUTION=300")
    assert screen.data != print_.data


def info(api: FlaskClient, kind: str, place: tuple[int, int] = (140, 140)) -> str:
    asked = MAP.replace("GetMap", "GetFeatureInfo")
    response = api.get(
        f"{asked}&LAYERS=bebauungsplaene,planinhalte&QUERY_LAYERS=bebauungsplaene,planinhalte&CRS=EPSG:25832&BBOX={UTM}"
        f"&I={place[0]}&J={place[1]}&INFO_FORMAT={kind}&FEATURE_COUNT=10"
    )
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_what_lies_under_a_pixel_is_told_in_words(api: FlaskClient) -> None:
    features = json.loads(info(api, "application/geo+json"))["features"]
    assert {feature["collection"] for feature in features} == {"bebauungsplaene", "planinhalte"}
    assert "Allgemeines Wohngebiet" in info(api, "text/plain")
    page = info(api, "text/html")
    assert "<script>" not in page  # the plan's name holds one
    assert "Rechtsstand" in page
    assert ODD_NAME not in page
    assert "Hier liegt nichts" in info(api, "text/plain", (1, 1))


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml"])
def test_the_legend_shows_what_occurs(api: FlaskClient, kind: str) -> None:
    response = api.get(f"/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER=planinhalte&FORMAT={kind}")
    assert response.content_type.startswith(kind)
    if kind == "image/png":
        assert share(pixels(response), WOHNEN) > 0.01
    else:
        text = response.get_data(as_text=True)
        assert "Wohnbaufläche" in text
        assert "Bahnanlage" not in text  # there is none


@pytest.mark.parametrize(
    ("asked", "code", "status"),
    [
        ("LAYERS=nothing&CRS=EPSG:25832&BBOX=1,2,3,4", "LayerNotDefined", 404),
        ("LAYERS=schulen&STYLES=planzv&CRS=EPSG:25832&BBOX=1,2,3,4", "StyleNotDefined", 404),
        ("LAYERS=schulen&CRS=EPSG:4711&BBOX=1,2,3,4", "InvalidCRS", 400),
        ("LAYERS=schulen&CRS=EPSG:25832&BBOX=4,3,2,1", "InvalidParameterValue", 400),
        ("LAYERS=schulen&CRS=EPSG:25832&BBOX=a,b,c,d", "InvalidParameterValue", 400),
        ("LAYERS=schulen&CRS=EPSG:25832", "MissingParameterValue", 400),
        ("LAYERS=schulen&CRS=EPSG:25832&BBOX=1,2,3,4&TIME=soon", "InvalidDimensionValue", 400),
        ("LAYERS=schulen&CRS=EPSG:25832&BBOX=1,2,3,4&CQL_FILTER=nothing=1", "InvalidParameterValue", 400),
        ("LAYERS=schulen&CRS=EPSG:25832&BBOX=1,2,3,4&CQL_FILTER=TRUE;TRUE", "InvalidParameterValue", 400),
        (f"LAYERS={','.join(['schulen'] * 21)}&CRS=EPSG:25832&BBOX=1,2,3,4", "LayerLimitExceeded", 400),
    ],
)
def test_a_mistake_is_told_with_its_code(api: FlaskClient, asked: str, code: str, status: int) -> None:
    base = MAP.replace("STYLES=&", "") if "STYLES" in asked else MAP
    response = api.get(f"{base}&{asked}")
    assert response.status_code == status
    exception = etree.fromstring(response.data)[0]
    assert exception.get("code") == code


def test_sizes_without_sense_are_refused(api: FlaskClient) -> None:
    for size in ("WIDTH=-1&HEIGHT=10", "WIDTH=100000&HEIGHT=10", "WIDTH=x&HEIGHT=10"):
        asked = f"/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=schulen&CRS=EPSG:25832&BBOX=1,2,3,4&{size}"
        assert api.get(asked).status_code == 400


@pytest.mark.parametrize("manner", ["INIMAGE", "BLANK", "application/vnd.ogc.se_inimage"])
def test_a_mistake_may_be_told_in_a_picture(api: FlaskClient, manner: str) -> None:
    response = api.get(f"{MAP}&LAYERS=nothing&CRS=EPSG:25832&BBOX=1,2,3,4&EXCEPTIONS={manner}")
    picture = pixels(response)
    assert picture.shape[:2] == (280, 280)
    assert (share(picture, (28, 28, 28)) > 0) == (manner != "BLANK")


def test_an_unknown_request_is_no_fault_of_the_server(api: FlaskClient) -> None:
    for query in ("", "SERVICE=WMS", "REQUEST=DropTable", "REQUEST=GetMap%00", "request=getmap&version=9"):
        assert api.get(f"/wms?{query}").status_code == 400


def test_the_number_of_features_is_bounded(api: FlaskClient) -> None:
    wide = f"{WEST - 1000},{SOUTH - 1000},{WEST + 20_000},{SOUTH + 20_000}"
    asked = MAP.replace("GetMap", "GetFeatureInfo")
    response = api.get(
        f"{asked}&LAYERS=bebauungsplaene&QUERY_LAYERS=bebauungsplaene&CRS=EPSG:25832&BBOX={wide}&I=14&J=266"
        "&INFO_FORMAT=application/json&FEATURE_COUNT=99999999999999999999"
    )
    assert len(json.loads(response.data)["features"]) <= BEBAUUNGSPLAENE


def test_the_landing_page_leads_to_it(api: FlaskClient) -> None:
    links = json.loads(api.get("/").data)["links"]
    [meta] = [link for link in links if link["rel"] == "service-meta" and "/wms" in link["href"]]
    assert api.get(meta["href"].partition("/ogc")[2]).status_code == 200
