"""What the operator says about the portal: config/portal.yml as typed, frozen values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geoportal.basemaps import Upstream
from geoportal.web.errors import PortalSetupError
from geoportal.yaml_files import YamlFaults, YamlFile

type Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# an origin, or all of a domain; without encryption only this very machine
_FRAMING = r"^(https://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?)$"


class Area(_Strict):
    """Name of the portal and of the area that it serves."""

    title: Text
    name: Text
    claim: Text


class Contact(_Strict):
    name: Text
    street: Text
    place: Text
    email: Text | None = None
    phone: Text | None = None


class GemeindeContact(_Strict):
    """Whom a Gemeinde names for questions about its plans; `participation` is where comments are sent to."""

    name: Text
    street: Text | None = None
    place: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    website: Annotated[str, Field(pattern=r"^https?://")] | None = None
    participation: Annotated[str, Field(pattern=r"^(https?://|mailto:|/)")] | None = None


class Link(_Strict):
    text: Text
    url: Annotated[str, Field(pattern=r"^(https?://|mailto:|/)")]


class Section(_Strict):
    heading: Text
    paragraphs: tuple[Text, ...] = ()
    links: tuple[Link, ...] = ()
    contact: bool = False
    """Show the contact's address at the end of this section."""


class Page(_Strict):
    title: Text
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]


class View(_Strict):
    """The box (CRS84 degrees) that the map shows at first."""

    west: Annotated[float, Field(ge=-180, le=180)]
    south: Annotated[float, Field(ge=-85, le=85)]
    east: Annotated[float, Field(ge=-180, le=180)]
    north: Annotated[float, Field(ge=-85, le=85)]

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.west >= self.east or self.south >= self.north:
            raise ValueError("west < east und south < north erwartet / expected")
        return self


class Basemap(_Strict):
    """A background map of another host. Unless it is `cached`, that host sees which places readers look at.

    wms and wmts have `layers` (and `style`), wmts has `matrix_set`: the service's name of WebMercatorQuad.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: Text
    kind: Literal["xyz", "wms", "wmts"]
    url: Annotated[str, Field(pattern=r"^https?://[^/?#@]+(/[^?#]*)?(\?[^#]*)?$")]
    layers: Text | None = None
    style: str = ""
    matrix_set: Text | None = None
    media_type: Literal["image/png", "image/jpeg", "image/webp"] = "image/png"
    attribution: Text
    max_zoom: Annotated[int, Field(ge=1, le=22)] = 19
    cached: bool = False
    """Fetched and kept by this server: readers ask nobody else."""

    @property
    def origin(self) -> str | None:
        """The origin for the Content-Security-Policy; `{s}` in the host stands for any subdomain. None when cached."""
        parts = urlsplit(self.url)
        return None if self.cached else f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"

    @property
    def upstream(self) -> Upstream:
        return Upstream(
            self.id, self.kind, self.url, self.layers or "", self.style, self.matrix_set or "", self.media_type,
            self.max_zoom,
        )  # fmt: skip

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.kind != "xyz") != (self.layers is not None):
            raise ValueError("layers: nötig bei wms und wmts, sonst verboten / needed for wms, wmts, else forbidden")
        if (self.kind == "wmts") != (self.matrix_set is not None):
            raise ValueError("matrix_set: nötig bei wmts, sonst verboten / needed for wmts, else forbidden")
        if self.kind == "xyz" and not all(part in self.url for part in ("{z}", "{x}", "{y}")):
            raise ValueError("url: {z}, {x} und {y} erwartet / expected")
        if self.kind != "xyz" and "?" in self.url:
            raise ValueError("url: ohne ? und was dahinter steht / without ? and what follows")
        if not self.cached and self.url.startswith("http:"):
            raise ValueError("url: https, außer mit cached / https, unless it is cached")
        if self.cached and "{s}" in self.url:
            raise ValueError("url: kein {s} mit cached / no {s} when cached")
        return self


class Participation(_Strict):
    """What statements are told about the data that they hold."""

    retention_days: Annotated[int, Field(ge=30, le=36_500)] = 1_825
    """How long they are kept after the last day of their period: by default five years, longer than a plan can be
    challenged (§ 215 BauGB: one year) and its file is usually needed."""
    supervisory_authority: Text | None = None
    """The authority of the Land that hears complaints (DSGVO Art. 13 Abs. 2 Buchst. d); None names none."""


class PortalConfig(_Strict):
    area: Area
    contact: Contact
    imprint: Page
    privacy: Page
    accessibility: Page
    opening_view: View
    basemaps: tuple[Basemap, ...] = ()
    basemap_cache_mb: Annotated[int, Field(ge=10, le=1_000_000)] = 2000
    """Room on the disk for the tiles of all basemaps that are `cached`."""
    gemeinden: Mapping[str, GemeindeContact] = {}
    """By AGS. A Gemeinde that is not named here is named without an address."""
    embedding: tuple[Annotated[str, Field(pattern=_FRAMING)], ...] = ()
    """The origins whose pages may show ours in a frame (`?embed`); none of them, and nobody may."""
    participation: Participation = Participation()
    nearby: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], ...] = ()
    """The layers whose nearest features belong to "What applies here?"."""

    @property
    def picture_origins(self) -> list[str]:
        """The other hosts that readers' browsers ask for pictures."""
        return [basemap.origin for basemap in self.basemaps if basemap.origin is not None]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises PortalSetupError, naming the file, and line and key of each fault."""
        try:
            return YamlFile(path).to(cls, {})
        except OSError as error:
            raise PortalSetupError(f"{path}: nicht lesbar / not readable ({error.strerror})") from error
        except YamlFaults as error:
            raise PortalSetupError(str(error)) from error
