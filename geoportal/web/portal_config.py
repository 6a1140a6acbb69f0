"""What the operator says about the portal: config/portal.yml as typed, frozen values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
    """A background map of another host; configuring one means that this host sees the readers' requests."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: Text
    kind: Literal["xyz", "wms"]
    url: Annotated[str, Field(pattern=r"^https://")]
    layers: Text | None = None
    attribution: Text
    max_zoom: Annotated[int, Field(ge=1, le=22)] = 19

    @property
    def origin(self) -> str:
        """The origin for the Content-Security-Policy; `{s}` in the host stands for any subdomain."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"

    @model_validator(mode="after")
    def _layers_belong_to_wms(self) -> Self:
        if (self.kind == "wms") != (self.layers is not None):
            raise ValueError("layers: nötig bei wms, sonst verboten / needed for wms, forbidden otherwise")
        return self


class PortalConfig(_Strict):
    area: Area
    contact: Contact
    imprint: Page
    privacy: Page
    accessibility: Page
    opening_view: View
    basemaps: tuple[Basemap, ...] = ()
    gemeinden: Mapping[str, GemeindeContact] = {}
    """By AGS. A Gemeinde that is not named here is named without an address."""
    embedding: tuple[Annotated[str, Field(pattern=_FRAMING)], ...] = ()
    """The origins whose pages may show ours in a frame (`?embed`); none of them, and nobody may."""
    nearby: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], ...] = ()
    """The layers whose nearest features belong to "What applies here?"."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises PortalSetupError, naming the file, and line and key of each fault."""
        try:
            return YamlFile(path).to(cls, {})
        except OSError as error:
            raise PortalSetupError(f"{path}: nicht lesbar / not readable ({error.strerror})") from error
        except YamlFaults as error:
            raise PortalSetupError(str(error)) from error
