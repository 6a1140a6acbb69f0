"""A home folder with one layer of a few fountains, as whoever adds a layer has it."""

from pathlib import Path
from textwrap import dedent

from sqlalchemy import text

from geoportal.catalogue import Layer, read_layer
from geoportal.database import owner_engine, reader_engine
from geoportal.layers.life import Synced, sync
from geoportal.layers.sources import Places
from geoportal.settings import Settings
from tests.files import write

MANIFEST = dedent("""\
    id: brunnen
    title: {de: Trinkbrunnen, en: Drinking fountains}
    description: {de: Brunnen mit Trinkwasser, en: Fountains with drinking water}
    keywords: {de: [Wasser], en: [water]}
    theme: versorgung
    publisher: Landkreis
    licence: {name: Zero, url: https://www.govdata.de/dl-de/zero-2-0}
    source: {path: data/brunnen.csv, separator: ";", decimal: ",", x: X, y: Y, crs: EPSG:25832}
    geometry: Point
    key: nr
    fields:
      nr: {type: integer, source: Nr, label: {de: Nummer, en: Number}}
      name: {type: text, source: Name, label: {de: Name, en: Name}}
      liter: {type: number, source: Liter, label: {de: Liter je Minute, en: Litres per minute}}
      seit: {type: date, source: Seit, label: {de: In Betrieb seit, en: In use since}}
      offen: {type: boolean, source: Offen, label: {de: Geöffnet, en: Open}}
    expect: {min: 1, max: 5}
""")
CSV = """\
Nr;Name;Liter;Seit;Offen;X;Y;Telefon
1;Marktplatz;2,5;31.05.2019;ja;483000,25;5628000,75;06421 1234
2;"Am ""Tor""; Süd";;2020-06-01;nein;483100;5628100;
"""


class Home:
    """A home folder with one layer, and the database that it is synchronised into."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.engine = owner_engine(settings.require_database_url())
        self.reader = reader_engine(settings.require_read_url())
        for name in ("data", "layers/brunnen"):
            (folder / name).mkdir(parents=True)
        self.manifest(MANIFEST)
        self.data(CSV)

    def manifest(self, content: str, name: str = "brunnen") -> None:
        (self.folder / "layers" / name).mkdir(exist_ok=True)
        write(self.folder / "layers" / name / "layer.yml", content)

    def data(self, content: str, name: str = "brunnen.csv") -> None:
        write(self.folder / "data" / name, content)

    @property
    def places(self) -> Places:
        return Places(self.folder, self.folder / "cache")

    def layer(self, name: str = "brunnen") -> Layer:
        return read_layer(self.folder / "layers" / name)

    def sync(self, name: str = "brunnen") -> Synced:
        return sync(self.engine, self.layer(name), self.places)

    def public(self, columns: str = "*", layer: str = "brunnen") -> list[tuple[object, ...]]:
        with self.reader.connect() as connection:
            rows = connection.execute(text(f"SELECT {columns} FROM ogc.{layer} ORDER BY id"))
            return [tuple(row) for row in rows]
