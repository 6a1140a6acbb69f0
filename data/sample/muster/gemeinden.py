"""The 22 municipalities of the Landkreis Marburg-Biedenkopf: facts from the official directory of municipalities.

Population of 31.12.2018, area in km². The point is the official reference coordinate (CRS84); it lies in the seat
village. Marburg is listed because the outlines need a neighbour there; it takes no part in the joint portal and gets no
sample plans.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Gemeinde:
    ags: str
    name: str
    typ: Literal["Stadt", "Gemeinde"]
    plz: str
    lon: float
    lat: float
    flaeche_km2: float
    einwohner: int
    kernort: str
    """The seat village: the only Ortsteil whose place we know for certain."""

    @property
    def teilnehmer(self) -> bool:
        return self.ags != "06534014"

    @property
    def slug(self) -> str:
        """The name for file names: lower case, ASCII, without what stands in brackets."""
        name = self.name.split(" (")[0].lower().replace(" ", "-")
        return name.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")


GEMEINDEN = (
    Gemeinde("06534001", "Amöneburg", "Stadt", "35287", 8.924741, 50.796985, 43.90, 5096, "Amöneburg"),
    Gemeinde("06534002", "Angelburg", "Gemeinde", "35719", 8.449582, 50.824158, 16.73, 3566, "Gönnern"),
    Gemeinde("06534003", "Bad Endbach", "Gemeinde", "35080", 8.495525, 50.753161, 39.85, 7928, "Bad Endbach"),
    Gemeinde("06534004", "Biedenkopf", "Stadt", "35216", 8.531086, 50.910424, 90.31, 13614, "Biedenkopf"),
    Gemeinde("06534005", "Breidenbach", "Gemeinde", "35236", 8.454202, 50.886860, 44.83, 6711, "Breidenbach"),
    Gemeinde("06534006", "Cölbe", "Gemeinde", "35091", 8.783140, 50.848490, 26.68, 6695, "Cölbe"),
    Gemeinde("06534007", "Dautphetal", "Gemeinde", "35232", 8.542378, 50.858244, 72.02, 11475, "Dautphe"),
    Gemeinde("06534008", "Ebsdorfergrund", "Gemeinde", "35085", 8.857172, 50.727847, 72.87, 8879, "Dreihausen"),
    Gemeinde("06534009", "Fronhausen", "Gemeinde", "35112", 8.694828, 50.704151, 27.87, 4119, "Fronhausen"),
    Gemeinde("06534010", "Gladenbach", "Stadt", "35075", 8.581836, 50.769827, 72.28, 12262, "Gladenbach"),
    Gemeinde("06534011", "Kirchhain", "Stadt", "35274", 8.920661, 50.820590, 90.95, 16298, "Kirchhain"),
    Gemeinde("06534012", "Lahntal", "Gemeinde", "35094", 8.705170, 50.862656, 40.50, 6978, "Sterzhausen"),
    Gemeinde("06534013", "Lohra", "Gemeinde", "35102", 8.630554, 50.735887, 49.16, 5431, "Lohra"),
    Gemeinde("06534014", "Marburg", "Stadt", "35037", 8.769147, 50.809004, 123.91, 76851, "Marburg"),
    Gemeinde("06534015", "Münchhausen", "Gemeinde", "35117", 8.716153, 50.960477, 41.54, 3308, "Münchhausen"),
    Gemeinde("06534016", "Neustadt (Hessen)", "Stadt", "35279", 9.114982, 50.852589, 56.86, 9586, "Neustadt"),
    Gemeinde("06534017", "Rauschenberg", "Stadt", "35282", 8.914798, 50.883471, 67.32, 4395, "Rauschenberg"),
    Gemeinde("06534018", "Stadtallendorf", "Stadt", "35260", 9.016816, 50.828131, 78.24, 21456, "Stadtallendorf"),
    Gemeinde("06534019", "Steffenberg", "Gemeinde", "35239", 8.474745, 50.838291, 24.30, 3976, "Niedereisenhausen"),
    Gemeinde("06534020", "Weimar (Lahn)", "Gemeinde", "35096", 8.732208, 50.759254, 47.05, 7114, "Niederweimar"),
    Gemeinde("06534021", "Wetter (Hessen)", "Stadt", "35083", 8.723954, 50.903328, 104.53, 8718, "Wetter"),
    Gemeinde("06534022", "Wohratal", "Gemeinde", "35288", 8.946874, 50.933473, 30.67, 2192, "Wohra"),
)

TEILNEHMER = tuple(gemeinde for gemeinde in GEMEINDEN if gemeinde.teilnehmer)
