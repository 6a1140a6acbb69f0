"""Pages of a WFS that speaks GML alone: simple features (OGC 06-049) of a FeatureCollection as those of GeoJSON.

Runs where sources are read, in a process that has given everything up: a page may be anything.
"""

from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

from plans_ingest.formats.records import GeometryFault
from plans_ingest.formats.xplangml import gml

_MEMBERS: Final = frozenset({"member", "featureMember", "featureMembers"})


def features(page: str) -> Iterator[dict[str, Any]]:
    """Each with its properties as text and its geometry in the page's CRS. Raises ValueError for what is no page."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(page.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"kein GML / no GML: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise ValueError("GML mit DOCTYPE / GML with a DOCTYPE")
    if gml.local(root) != "FeatureCollection":
        raise ValueError(f"{gml.local(root)} statt / instead of FeatureCollection")
    for member in root:
        if gml.local(member) in _MEMBERS:
            for each in member:
                yield _feature(each)


def _feature(element: gml.Element) -> dict[str, Any]:
    """What has parts, a second geometry among them, is kept as its text: a column that no manifest names is told."""
    properties: dict[str, Any] = {}
    geometry = None
    for child in element:
        name, inner = gml.local(child), next(iter(child), None)
        if name == "boundedBy":  # says no more than the geometry
            continue
        if geometry is None and inner is not None and gml.is_geometry(inner):
            try:
                geometry = gml.read(inner, {}, gml.Notes()).geometry
            except GeometryFault as error:
                raise ValueError(f"{gml.local(element)}: {error}") from error
            continue
        value = child.text if inner is None else " ".join(" ".join(child.itertext()).split())
        properties[name] = f"{properties[name]}; {value}" if properties.get(name) is not None else value
    named = next((value for name, value in element.attrib.items() if str(name).endswith("}id")), None)
    own = {} if named is None else {"id": str(named)}
    return {"type": "Feature", "properties": own | properties, "geometry": geometry}
