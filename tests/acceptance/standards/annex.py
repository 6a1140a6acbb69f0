"""The abstract tests of OGC's standards that hold for what is declared, by their names in the annexes A.

`proves` ties a test to those that it carries out; `test_declared.py` holds them against what the server declares. A
name here without a test fails there, and so does a declared class that is not here.
"""

from collections.abc import Callable, Mapping
from typing import Final

_FEATURES: Final = "ogcapi-features-1/1.0/conf"
_CQL: Final = "cql2/1.0/conf"
_TILES: Final = "ogcapi-tiles-1/1.0/conf"
_MAPS: Final = "ogcapi-maps-1/1.0/conf"
_RECORDS: Final = "ogcapi-records-1/1.0/conf"
_PROCESSES: Final = "ogcapi-processes-1/1.0/conf"

CORE: Final = f"{_FEATURES}/core"
CRS: Final = "ogcapi-features-2/1.0/conf/crs"
QUERYABLES: Final = "ogcapi-features-3/1.0/conf/queryables"
QUERY_PARAMETERS: Final = f"{QUERYABLES}-query-parameters"
FILTER: Final = "ogcapi-features-3/1.0/conf/filter"
FEATURES_FILTER: Final = "ogcapi-features-3/1.0/conf/features-filter"
BASIC: Final = f"{_CQL}/basic-cql2"

# Class -> names of its abstract tests. Where a standard says "/ats/core/x" or "/conf/core/x", here stands "x".
ANNEX: Final[Mapping[str, tuple[str, ...]]] = {
    "ogcapi-common-1/1.0/conf/core": (
        "http", "query-param-name-unknown", "query-param-value-invalid", "query-param-capitalization",
        "query-param-list-delimiter", "query-param-list-escape", "query-param-list-empty", "query-param-value-boolean",
        "query-param-value-integer", "query-param-value-decimal", "query-param-value-double",
    ),
    "ogcapi-common-1/1.0/conf/landing-page": (
        "root-op", "root-success", "api-definition-op", "api-definition-success", "conformance-op",
        "conformance-success",
    ),
    "ogcapi-common-1/1.0/conf/json": ("definition", "content"),
    "ogcapi-common-1/1.0/conf/html": ("definition", "content"),
    "ogcapi-common-1/1.0/conf/oas30": (
        "completeness", "exception-codes", "oas-definition-1", "oas-definition-2", "oas-impl", "security",
    ),
    "ogcapi-common-2/1.0/conf/collections": (
        "collections-list-op", "collections-list-success", "collections-list-links", "collections-list-collections",
        "description-op", "description-success", "description-links", "description-extent", "description-extent-multi",
    ),
    "ogcapi-common-3/1.0/conf/schemas": ("schema-op", "schema-response"),
    CORE: (
        "http", "crs84", "landing-page", "api-definition-op", "api-definition-success", "conformance-op",
        "conformance-success", "query-param-unknown", "query-param-invalid", "fc-md-op", "fc-md-success", "fc-md-links",
        "fc-md-items", "fc-md-items-links", "fc-md-extent", "sfc-md-op", "sfc-md-success", "fc-op",
        "fc-bbox-definition", "fc-bbox-response", "fc-limit-definition", "fc-limit-response", "fc-time-definition",
        "fc-time-response", "fc-response", "fc-links", "fc-timeStamp", "fc-numberMatched", "fc-numberReturned", "f-op",
        "f-success", "f-links",
    ),
    f"{_FEATURES}/geojson": ("definition", "content"),
    f"{_FEATURES}/html": ("definition", "content"),
    f"{_FEATURES}/oas30": (
        "completeness", "exception-codes", "oas-definition-1", "oas-definition-2", "oas-impl", "security",
    ),
    CRS: (
        "crs-uri", "default-crs", "storageCrs", "crs-parameter", "crs-parameter-invalid", "crs-parameter-default",
        "crs-parameter-transform", "bbox-crs-parameter", "bbox-crs-parameter-invalid", "bbox-crs-parameter-default",
    ),
    QUERYABLES: ("get-conformance", "get-queryables-uris", "get-queryables"),
    QUERY_PARAMETERS: ("get-conformance", "query-param"),
    FILTER: (
        "get-conformance", "filter-param", "filter-lang-default", "expression-construction", "filter-crs-wgs84",
        "filter-crs-param",
    ),
    FEATURES_FILTER: ("get-conformance", "get-collections", "get-collection", "filter-on-items", "mixing-expression"),
    "ogcapi-features-5/1.0/conf/schemas": ("schema-op", "schema-response", "properties", "spatial"),
    "ogcapi-features-5/1.0/conf/core-roles-features": ("id", "geometry", "temporal"),
    f"{_CQL}/cql2-text": ("validate", "escaping"),
    f"{_CQL}/cql2-json": ("validate",),
    BASIC: ("basic-test", "comparison", "is-null", "boolean", "test-data", "logical"),
    f"{_CQL}/advanced-comparison-operators": ("like", "between", "in", "test-data", "logical"),
    f"{_CQL}/case-insensitive-comparison": ("casei", "casei-like", "test-data", "logical"),
    f"{_CQL}/basic-spatial-functions": ("s_intersects", "test-data", "logical"),
    f"{_CQL}/basic-spatial-functions-plus": ("s_intersects", "test-data"),
    f"{_CQL}/spatial-functions": (
        "s_intersects", "s_disjoint", "s_equals", "s_touches", "s_crosses", "s_within", "s_contains", "s_overlaps",
        "test-data", "logical",
    ),
    f"{_CQL}/temporal-functions": ("temporal-functions-1", "temporal-functions-2", "test-data", "logical"),
    f"{_CQL}/property-property": (
        "comparison-value-property", "comparison-property-property", "comparison-value-value", "test-data", "logical",
    ),
    f"{_TILES}/core": ("tc-op", "tc-tilematrix-definition", "tc-tilerow-definition", "tc-tilecol-definition",
                       "tc-success", "tc-error", "conformance-success"),
    f"{_TILES}/tileset": ("description",),
    f"{_TILES}/tilesets-list": ("tileset-links",),
    f"{_TILES}/dataset-tilesets": ("landingpage", "operation"),
    f"{_TILES}/geodata-tilesets": ("desc-links", "operation"),
    f"{_TILES}/mvt": ("content",),
    f"{_TILES}/oas30": ("completeness", "operation-id"),
    "tms/2.0/conf/tilematrixset": ("well-formed", "scales"),
    "tms/2.0/conf/tilematrixsetlimits": ("within",),
    "tms/2.0/conf/json-tilematrixset": ("schema",),
    "tms/2.0/conf/json-tilematrixsetlimits": ("schema",),
    "tms/2.0/conf/json-tilesetmetadata": ("schema",),
    f"{_MAPS}/core": ("map-op", "map-response", "conformance-success"),
    f"{_MAPS}/background": (
        "bgcolor-definition", "transparent-definition", "void-color-definition", "void-transparent-definition",
        "map-success",
    ),
    f"{_MAPS}/collection-map": ("desc-links", "desc-crs", "map-operation"),
    f"{_MAPS}/dataset-map": ("landingpage", "desc-extent", "desc-crs", "operation"),
    f"{_MAPS}/styled-map": ("desc-links", "map-operation"),
    f"{_MAPS}/scaling": ("width-definition", "height-definition", "scale-denominator-definition"),
    f"{_MAPS}/display-resolution": ("mm-per-pixel-definition", "map-success"),
    f"{_MAPS}/spatial-subsetting": (
        "bbox-crs", "subset-crs", "center-crs", "bbox-definition", "subset-definition", "subset-response",
        "center-definition", "width-height", "map-success",
    ),
    f"{_MAPS}/crs": ("crs-definition", "map-success"),
    f"{_MAPS}/collections-selection": ("collections-parameter", "collections-response"),
    f"{_MAPS}/tilesets": ("desc-links", "tiles-parameters"),
    f"{_MAPS}/png": ("content",),
    f"{_MAPS}/jpeg": ("content",),
    f"{_RECORDS}/record-core": (
        "mandatory-properties-record", "links", "templated-link", "templated-link-header", "license", "contact",
        "time-instant-interval", "time-instant", "time-interval", "time-zone", "default-mediatype",
    ),
    f"{_RECORDS}/record-collection": (
        "mandatory-properties-collection", "itemType", "contact", "license", "links", "links-catalog-hierarchy",
        "links-catalog-related", "links-catalog-series", "links-record", "links-records", "records-array-name",
        "records", "default-mediatype",
    ),
    f"{_RECORDS}/record-core-query-parameters": (
        "bbox", "datetime", "limit", "q-definition", "q-response", "type-definition", "type-response",
        "ids-definition", "ids-response", "externalIds-definition", "externalIds-response", "empty-value",
    ),
    f"{_RECORDS}/records-api": (
        "features-api", "catalog-response", "catalogs-response", "record-op", "record-response", "records-op",
        "resource-name-mapping", "mandatory-params",
    ),
    f"{_RECORDS}/sorting": (
        "conformance", "defaultSortOrder-definition", "get-sortables-op", "get-sortables-success",
        "sortby-definition", "sortby-response",
    ),
    f"{_RECORDS}/json": ("conformance", "record-response", "record-content", "catalog-response", "catalog-content"),
    f"{_RECORDS}/html": ("conformance", "definition", "content"),
    f"{_PROCESSES}/core": (
        "http", "landingpage-op", "landingpage-success", "api-definition-op", "api-definition-success",
        "conformance-op", "conformance-success", "process-list", "process-list-success", "pl-limit-definition",
        "pl-limit-response", "pl-links", "process", "process-success", "process-exception-no-such-process",
        "job-creation-op", "job-creation-request", "job-creation-inputs", "job-creation-input-inline",
        "job-creation-input-array", "job-creation-input-ref", "job-creation-input-inline-object",
        "job-creation-input-inline-mixed", "job-creation-input-inline-binary", "job-creation-input-inline-bbox",
        "job-creation-input-validation", "job-creation-default-outputs", "job-creation-default-execution-mode",
        "job-creation-auto-execution-mode", "job-creation-sync-raw-value-one", "job-creation-sync-raw-value-multi",
        "job-creation-sync-document", "job-op", "job-exception-no-such-job", "job-results-sync",
        "job-results-no-such-job",
    ),
    f"{_PROCESSES}/ogc-process-description": (
        "json-encoding", "inputs-def", "input-def", "input-mixed-type", "outputs-def", "output-def",
        "output-mixed-type",
    ),
    f"{_PROCESSES}/json": ("definition", "content"),
    f"{_PROCESSES}/oas30": ("completeness", "exception-codes", "oas-definition-1", "oas-definition-2", "oas-impl",
                            "security"),
}  # fmt: skip

PROVED: Final[dict[str, set[str]]] = {}


def proves[**P, R](conformance_class: str, *names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates the test that carries out these abstract tests of the class."""
    PROVED.setdefault(conformance_class, set()).update(names)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return function

    return decorate
