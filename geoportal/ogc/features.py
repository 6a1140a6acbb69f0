"""Our provider as a plugin of pygeoapi, for pygeoapi's own handlers: under stock pygeoapi, and for its documents."""

import json
from functools import cache
from typing import Any

from pygeoapi.provider.base import BaseProvider, ProviderGenericError
from sqlalchemy import Engine

from geoportal.catalogue import FieldType
from geoportal.database import once_migrated, reader_engine
from geoportal.ogc.crs import STORED, SUPPORTED, Crs
from geoportal.ogc.problems import ANSWERS, InvalidParameter, OgcProblem
from geoportal.ogc.query import field_condition, time_condition
from geoportal.ogc.schemas import JSON_TYPES
from geoportal.ogc.table import MANY, Condition, FeatureTable, Order, Question


@cache
def engine_for(url: str, *, planned_once: bool = False) -> Engine:
    """pygeoapi constructs a provider for every request; the connections live here. Each answer is one statement."""
    return once_migrated(reader_engine(url, each_alone=True, planned_once=planned_once), url)


class ProviderProblem(ProviderGenericError):  # type: ignore[misc]
    """A problem of ours, as pygeoapi tells it."""

    def __init__(self, problem: OgcProblem) -> None:
        answer = ANSWERS[type(problem)]
        self.http_status_code = answer.status
        self.ogc_exception_code = answer.code
        super().__init__(user_msg=str(problem))


class FeatureProvider(BaseProvider):  # type: ignore[misc]
    """Features of a view of schema `ogc`, as `geoportal.ogc.config.resource` describes it."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        kinds = {name: FieldType(kind) for name, kind in provider_def["fields"].items()}
        self._table = FeatureTable(
            view=provider_def["table"],
            key=FieldType(provider_def["id_type"]),
            fields=kinds,
            start=provider_def.get("time_field"),
            end=provider_def.get("time_end_field"),
            multi=provider_def["geometry_type"].startswith("Multi"),
            dimension=provider_def.get("dimension"),
            where=provider_def.get("where", {}),
        )
        # pygeoapi changes these dictionaries while it writes its documents: they must be new for each provider
        self._fields = {name: dict(JSON_TYPES[kind]) for name, kind in kinds.items()}

    def get_fields(self) -> dict[str, dict[str, str]]:
        return self._fields

    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: list[float] | None = None,
        datetime_: str | None = None,
        properties: list[tuple[str, str]] | None = None,
        sortby: list[dict[str, str]] | None = None,
        select_properties: list[str] | None = None,
        skip_geometry: bool = False,
        filterq: Any = None,
        crs_transform_spec: Any = None,
        **_: Any,
    ) -> dict[str, Any]:
        """A GeoJSON FeatureCollection as a dictionary; `bbox` is in the storage CRS. Raises ProviderProblem."""
        try:
            if filterq is not None:
                # see geoportal.ogc.cql2: what pygeoapi hands over may mean something else than what was asked
                raise InvalidParameter("filter: hier nicht möglich / not available here")
            conditions = [field_condition(self._table, name, raw) for name, raw in properties or []]
            conditions += time_condition(self._table, datetime_)
            if bbox:
                box = {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": list(bbox)}]}
                conditions.append(Condition(box, STORED))
            page = self._table.page(
                engine_for(self.data),
                Question(
                    limit=limit,
                    offset=offset,
                    conditions=conditions,
                    order=[Order(part["property"], part["order"] == "-") for part in sortby or []],
                    fields=select_properties or None,
                    crs=_crs(crs_transform_spec),
                    geometry=not skip_geometry,
                    hits=resulttype == "hits",
                ),
            )
        except OgcProblem as problem:
            raise ProviderProblem(problem) from problem
        return {
            "type": "FeatureCollection",
            "features": page.read(),
            "numberReturned": page.returned,
            **({} if page.matched == MANY else {"numberMatched": page.matched}),
        }

    def get(self, identifier: str, crs_transform_spec: Any = None, **_: Any) -> dict[str, Any]:
        """One GeoJSON feature as a dictionary. Raises ProviderProblem."""
        try:
            text = self._table.feature(engine_for(self.data), identifier, _crs(crs_transform_spec))
        except OgcProblem as problem:
            raise ProviderProblem(problem) from problem
        feature: dict[str, Any] = json.loads(text)
        return feature


def _crs(spec: Any) -> Crs:
    """pygeoapi hands over no transformation when the storage CRS is asked for."""
    return STORED if spec is None else SUPPORTED[spec.target_crs_uri]
