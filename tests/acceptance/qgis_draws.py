"""Run by the system's Python, which has QGIS: opens our styles, layer files, project and WMS, and writes what it saw.

Arguments: the address of the OGC API, a folder for files and pictures, then west, south, east, north (EPSG:25832).
"""

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsGeometry,
    QgsLayerDefinition,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsRenderContext,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

ADDRESS, FOLDER = sys.argv[1], Path(sys.argv[2])
BOX = QgsRectangle(*map(float, sys.argv[3:7]))


def fetched(path: str, name: str) -> str:
    file = FOLDER / name
    with urllib.request.urlopen(f"{ADDRESS}{path}", timeout=60) as answer:  # noqa: S310 - the server of the test
        file.write_bytes(answer.read())
    return str(file)


def told(layer: QgsVectorLayer) -> dict[str, Any]:
    renderer = layer.renderer()
    root = renderer.rootRule() if hasattr(renderer, "rootRule") else None
    symbols = [symbol for symbol in renderer.symbols(QgsRenderContext()) if symbol] if root else []
    labels = layer.labeling().rootRule().children() if layer.labeling() else []
    return {
        "valid": layer.isValid(),
        "renderer": renderer.type(),
        "rules": len(root.children()) if root else 0,
        "labels": len(labels),
        "active": all(rule.active() for rule in root.descendants()) if root else False,
        "layers": sorted({part.layerType() for symbol in symbols for part in symbol.symbolLayers()}),
        "count": layer.featureCount(),
    }


def picture(layers: list[Any], name: str) -> dict[str, Any]:
    """Draws the layers, the first on top; tells how often the colour of a residential area is in the picture."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:25832"))
    settings.setExtent(BOX)
    settings.setOutputSize(QSize(400, 400))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(str(FOLDER / f"{name}.png"))
    near = 0
    for x in range(0, 400, 5):
        for y in range(0, 400, 5):
            colour = image.pixelColor(x, y)
            near += abs(colour.red() - 246) + abs(colour.green() - 193) + abs(colour.blue() - 176) < 30
    return {"residential": near / 6400, "errors": [str(error.message) for error in job.errors()]}


def vector_tiles() -> dict[str, Any]:
    """The contents of the plans as vector tiles, in the style for MapLibre."""
    source = QgsDataSourceUri()  # which writes addresses as this version of QGIS reads them
    for name, value in {
        "type": "xyz",
        "url": f"{ADDRESS}/collections/planinhalte/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}?f=mvt",
        "zmin": "0",
        "zmax": "16",
        "styleUrl": f"{ADDRESS}/collections/planinhalte/styles/planzv?f=gl",
    }.items():
        source.setParam(name, value)
    layer = QgsVectorTileLayer(bytes(source.encodedUri()).decode(), "tiles")
    message, styled = layer.loadDefaultStyle()
    texts = [text.labelSettings() for text in layer.labeling().styles()] if layer.labeling() else []
    return {
        "valid": layer.isValid(),
        "styled": styled,
        "message": message,
        "fonts": sorted({text.format().font().family() for text in texts}),
        "fields": sorted({text.fieldName for text in texts}),
        "picture": picture([layer], "tiles"),
    }


def area(style: str, planzeichen: str) -> dict[str, Any]:
    """An area of 100 by 60 metres alone: how much of it is the yellow of a hatch, how many pixels its text takes."""
    fields = "&".join(f"field={name}:string" for name in ("beschriftung", "planzeichen", "planwerk", "status"))
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:25832&{fields}", "area", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes(["MU GRZ 0,8 GFZ 2,4 IV", planzeichen, "BP", "in_kraft"])
    feature.setGeometry(QgsGeometry.fromWkt("POLYGON((0 0,100 0,100 60,0 60,0 0))"))
    layer.dataProvider().addFeature(feature)
    _, read = layer.loadNamedStyle(style)
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:25832"))
    settings.setExtent(QgsRectangle(2, 2, 98, 58))
    settings.setOutputSize(QSize(480, 280))
    context = QgsExpressionContext()  # as the window of QGIS has it
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    yellow, dark = 0, []
    for x in range(480):
        for y in range(280):
            colour = image.pixelColor(x, y)
            yellow += abs(colour.red() - 251) + abs(colour.green() - 222) + abs(colour.blue() - 69) < 30
            if colour.red() + colour.green() + colour.blue() < 150:
                dark.append((x, y))
    columns, rows = ({point[side] for point in dark} or {0} for side in (0, 1))
    return {
        "read": read,
        "yellow": yellow / (480 * 280),
        "wide": max(columns) - min(columns),
        "high": max(rows) - min(rows),
    }


def main() -> None:
    application = QgsApplication([], False)
    application.initQgis()
    seen = {}
    for collection, style in (("planinhalte", "planzv"), ("bebauungsplaene", "rechtsstand"), ("schulen", "standard")):
        file = fetched(f"/collections/{collection}/styles/{style}?f=qlr", f"{collection}.qlr")
        project = QgsProject()
        ok, message = QgsLayerDefinition.loadLayerDefinition(file, project, project.layerTreeRoot())
        layers = project.layerTreeRoot().layerOrder()
        seen[collection] = {
            "read": ok,
            "message": message,
            "layers": {layer.name(): told(layer) for layer in layers},
            "picture": picture(layers, collection),
        }
    project = QgsProject()
    seen["project"] = {
        "read": project.read(fetched("/projects/bauleitplanung.qgz", "bauleitplanung.qgz")),
        "layers": {layer.id(): told(layer) for layer in project.mapLayers().values()},
        "crs": project.crs().authid(),
        "picture": picture(project.layerTreeRoot().layerOrder(), "project"),
    }
    uri = f"crs=EPSG:25832&format=image/png&layers=bebauungsplaene&styles=planzv&url={ADDRESS}/wms"
    wms = QgsRasterLayer(uri, "wms", "wms")
    seen["wms"] = {"valid": wms.isValid(), "picture": picture([wms], "wms") if wms.isValid() else wms.error().summary()}
    seen["tiles"] = vector_tiles()
    style = fetched("/collections/planinhalte_flaechen/styles/planzv?f=qml", "planzv.qml")
    seen["areas"] = {name: area(style, name) for name in ("verkehr_besonderer_zweck", "gemischte_bauflaeche")}
    print("SEEN " + json.dumps(seen), flush=True)
    os._exit(0)  # QGIS takes its projects apart in an order of its own, and may fall over them


main()
