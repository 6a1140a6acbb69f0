"""Run by the system's Python, which has QGIS: reads collections as a user's QGIS would, and writes what it saw as JSON.

Arguments: the address of the OGC API, then the collections.
"""

import json
import sys
from typing import Any

from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsWkbTypes


def seen(address: str, name: str) -> dict[str, Any]:
    uri = f"url='{address}' typename='{name}' pagingEnabled='true' version='OGC_API_FEATURES'"
    layer = QgsVectorLayer(uri, name, "OAPIF")
    if not layer.isValid():
        return {"valid": False}  # QGIS 3.22 falls over when it is asked for its reason
    features = list(layer.getFeatures())
    geometries = [feature.geometry() for feature in features]
    whole = layer.extent()
    west_half = QgsRectangle(whole.xMinimum(), whole.yMinimum(), whole.center().x(), whole.yMaximum())
    nummern = QgsFeatureRequest().setFilterExpression("\"nummer\" IN ('3', '4')")
    since = QgsFeatureRequest().setFilterExpression("\"gueltig_von\" > '2005-01-01'")
    has = [field.name() for field in layer.fields()]
    return {
        "valid": True,
        "crs": layer.crs().authid(),
        "type": QgsWkbTypes.displayString(layer.wkbType()),
        "count": layer.featureCount(),
        "features": len(features),
        "valid_geometries": sum(geometry.isGeosValid() for geometry in geometries if not geometry.isNull()),
        "types": sorted({QgsWkbTypes.displayString(geometry.wkbType()) for geometry in geometries}),
        "fields": {field.name(): field.typeName() for field in layer.fields()},
        "names": sorted(str(feature["name"]) for feature in features) if "name" in has else [],
        "west_half": sum(1 for _ in layer.getFeatures(QgsFeatureRequest(west_half))),
        "nummern": sum(1 for _ in layer.getFeatures(nummern)) if "nummer" in has else None,
        "since": sum(1 for _ in layer.getFeatures(since)) if "gueltig_von" in has else None,
        "editable": layer.isEditable() or bool(layer.dataProvider().capabilities() & layer.dataProvider().AddFeatures),
    }


def main() -> None:
    application = QgsApplication([], False)
    application.initQgis()
    result = {name: seen(sys.argv[1], name) for name in sys.argv[2:]}
    application.exitQgis()
    print("SEEN " + json.dumps(result))


main()
