"""HTML: pygeoapi's pages with our own templates, which load nothing from another host."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geoportal.ogc.config import TEMPLATES
from geoportal.ogc.spoken import Spoken


class Pages:
    """Renders the templates with what pygeoapi would hand them, so that they also serve stock pygeoapi.

    Compiled once; pygeoapi's own renderer builds an environment for each answer and never forgets the first
    configuration that it has seen.
    """

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def render(
        self,
        template: str,
        document: Mapping[str, Any],
        config: Mapping[str, Any],
        language: str,
        spoken: Spoken | None = None,
    ) -> str:
        """`config` in one language, with the address of the API as server.url; `spoken` is more than pygeoapi has."""
        page = self._environment.get_template(template)
        return page.render(data=document, config=config, locale=language, spoken=spoken)
