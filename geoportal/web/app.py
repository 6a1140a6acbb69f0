"""The portal as a WSGI application."""

from collections.abc import Callable
from datetime import date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO

from flask import Flask, Request, Response, request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.routing import IntegerConverter, Map

from geoportal.archive import archive_of
from geoportal.basemaps import TileStore
from geoportal.data_versions import DataVersions
from geoportal.database import once_migrated, reader_engine, reader_environment
from geoportal.downloads import downloads_in
from geoportal.live import Hub
from geoportal.ogc.maps.drawing import Drawer
from geoportal.painting import PaintersPool
from geoportal.paper import Press
from geoportal.settings import CHECKOUT, STORAGE_SRID, Settings
from geoportal.web import (
    api,
    basemap_pages,
    beteiligung_pages,
    desk,
    documents,
    downloads,
    embedding,
    feeds,
    gemeinde_pages,
    hier_pages,
    language,
    live_pages,
    map_page,
    offline_pages,
    operator_pages,
    plan_files,
    plan_pages,
    print_pages,
    problems,
    search_pages,
    stellungnahme_pages,
    theme_pages,
    vendor,
    words,
)
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.language import Spoken, spoken
from geoportal.web.modules import imported
from geoportal.web.portal import Portal, ogc_root, portal
from geoportal.web.portal_config import PortalConfig
from geoportal.web.stock import Memory
from geoportal.web.themes import Catalogue, legend_of, symbol


def berlin_today() -> date:
    return datetime.now(words.BERLIN).date()


class Number(IntegerConverter):
    """A number in an address, as far as the database counts: beyond it there is nothing."""

    def __init__(self, urls: Map) -> None:
        super().__init__(urls, max=2**62)


class FormReader(FormDataParser):
    """Takes U+0000 out of what people pasted: no database takes it, and nobody sees it. Files stay as they are."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        rest, form, files = super().parse(stream, mimetype, content_length, options)
        return rest, self.cls((name, value.replace("\0", "")) for name, value in form.items(multi=True)), files


class FormRequest(Request):
    form_data_parser_class = FormReader


def create_portal(settings: Settings, *, today: Callable[[], date] = berlin_today) -> Flask:
    """Raises PortalSetupError when config/portal.yml, the front-end packages or the layers are not as
    needed; asks no database.
    """
    app = Flask("geoportal.web", static_folder="static", template_folder="templates")
    app.url_map.converters["int"] = Number
    app.request_class = FormRequest
    config = PortalConfig.load(settings.home / "config" / "portal.yml")
    catalogue = Catalogue(settings.home / "layers")
    catalogue.layers()
    read_url, archive = settings.require_read_url(), archive_of(settings)
    engine = once_migrated(reader_engine(read_url), read_url)
    painters = PaintersPool(reader_environment(read_url), size=1)
    app.extensions[Portal.KEY] = Portal(
        settings=settings,
        config=config,
        engine=engine,
        archive=archive,
        catalogue=catalogue,
        downloads=downloads_in(settings, settings.downloads),
        packages=downloads_in(settings, settings.packages),
        tiles=TileStore(
            settings.data / "cache" / "basemaps", config.basemap_cache_mb * 1_000_000, settings.private_sources
        ),
        hub=Hub(DataVersions(engine).numbers),
        drawer=Drawer(archive, engine, painters),
        press=Press(),
        memory=Memory(),
        today=today,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "german_date": words.german_date,
        "long_date": spoken(words.long_date),
        "file_size": spoken(words.file_size),
        "area": spoken(words.area),
        "distance": spoken(words.distance),
        "step": spoken(words.step),
        "beteiligungsart": spoken(words.beteiligungsart),
        "bezug": words.bezug,
        "planart": words.planart,
    }
    app.jinja_env.globals |= {
        "storage_srid": STORAGE_SRID,
        "utm_zone": STORAGE_SRID - 25800,
        "STATUS": Spoken(words.STATUS),
        "PLANWERK": Spoken(words.PLANWERK),
        "counted": spoken(words.counted),
        "drawn_as": words.drawn_as,
        "abschnitt": spoken(words.abschnitt),
        "days_left": spoken(words.days_left),
        "imported": lambda entrance: imported(Path(app.static_folder or ""), entrance),
        "symbol": symbol,
        "legend_of": lambda layer: legend_of(layer, language.language()),
        "whole_page": embedding.whole_page,
    }
    language.register(app)
    app.context_processor(_every_page)
    app.register_blueprint(vendor.blueprint(CHECKOUT / "node_modules"))
    plain = (
        map_page,
        live_pages,
        plan_pages,
        plan_files,
        gemeinde_pages,
        search_pages,
        theme_pages,
        hier_pages,
        beteiligung_pages,
        feeds,
        print_pages,
        basemap_pages,
        offline_pages,
        documents,
        downloads,
        operator_pages,
    )
    for pages in plain:
        app.register_blueprint(pages.bp)
    desk.register(app, settings)
    stellungnahme_pages.register(app, settings)
    api.register(app)
    problems.register(app)
    app.before_request(_refuse_nul)
    app.after_request(_fresh)
    app.after_request(embedding.allow)
    return app


def _refuse_nul() -> None:
    """U+0000 is in no name and no address of ours, and a database cannot even be asked for it (forms: FormReader)."""
    if "\0" in request.path:
        raise NotPublished
    for name, values in request.args.lists():
        if any("\0" in value for value in values):
            raise InvalidQuery(name)


def _every_page() -> dict[str, object]:
    own = portal()
    return {
        "config": own.config,
        "today": own.today(),
        "ogc": ogc_root(),
        "embedded": embedding.embedded(),
        "canonical": f"{own.settings.public_url}{request.path}",
    }


def _fresh(response: Response) -> Response:
    if response.mimetype == "text/html":
        # Pages follow the data; without a word about it, browsers keep them as long as they like.
        response.headers.setdefault("Cache-Control", "no-cache")
    if (
        request.method in {"GET", "HEAD"}
        and response.status_code == HTTPStatus.OK
        and not (response.is_streamed or response.cache_control.no_store)
    ):
        # Of what is said, because too much decides it: plans, participations, files, the day, the configuration. Who
        # has it already is spared the way, not we the work.
        response.add_etag(weak=True)
        response.make_conditional(request)
    return response
