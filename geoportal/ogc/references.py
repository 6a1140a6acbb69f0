"""Inputs of a process that stand elsewhere (18-062r2, /req/core/job-creation-input-ref), as far as that is here.

A server that fetches addresses looks behind walls that the asker stands before. So nothing is fetched: the value lies
in the link itself (a `data:` URI), or it is a feature of ours, which is read as if it had been asked for.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from geoportal.ogc.crs import CRS84
from geoportal.ogc.problems import InvalidParameter, NotFound
from geoportal.ogc.service import Service

# RFC 2397; what stands before `;base64` may have parameters, of which none changes how we read it
_DATA: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[\w.+-]+)*)(;base64)?,(.*)", re.ASCII | re.DOTALL)
_FEATURE: Final = re.compile(r"/collections/([^/]+)/items/([^/]+)")


def referenced(name: str, link: Mapping[str, Any], service: Service) -> object:
    """What the input `name` refers to: JSON as what it says, any other text as text. Raises InvalidParameter,
    Unavailable.
    """
    href = link["href"]
    if isinstance(href, str):
        if found := _DATA.fullmatch(href):
            return _read(name, found[1] or "text/plain", found[4], in_base64=found[3] is not None)
        if feature := _own_feature(href, service):
            return feature
    raise InvalidParameter(
        f"{name[:80]}: nur data:-URIs und Objekte dieses Servers, sonst bitte den Wert selbst / "
        "only data: URIs and features of this server, otherwise please give the value itself"
    )


def _read(name: str, kind: str, content: str, *, in_base64: bool) -> object:
    try:
        held = unquote_to_bytes(content)
        text = (base64.b64decode(held, validate=True) if in_base64 else held).decode()
        return json.loads(text) if kind.lower().endswith(("/json", "+json")) else text
    except (binascii.Error, ValueError, RecursionError) as error:
        raise InvalidParameter(f"{name[:80]}: die data:-URI ist nicht lesbar / the data: URI cannot be read") from error


def _own_feature(href: str, service: Service) -> object:
    """The feature at this address, None if it is no address of a feature of ours. Raises InvalidParameter."""
    now = service.current()
    address, _, query = href.partition("?")
    found = _FEATURE.fullmatch(address.removeprefix(now.base)) if address.startswith(now.base) else None
    if found is None or query not in ("", "f=json"):
        return None
    collection, identifier = map(unquote, found.groups())
    try:
        table = now.collection(collection).table
        return json.loads(table.feature(service.planned_engine, identifier, CRS84, ready=service.ready(table)))
    except NotFound as error:
        raise InvalidParameter(f"{href[:200]}: das gibt es hier nicht / that does not exist here") from error
