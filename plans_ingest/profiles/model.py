"""A profile: how one kind of sender names the columns and words of plans. Profiles are data, one YAML file each."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

# What a column can mean to us. Dates and texts carry the names of Plan's own fields.
type Feld = Literal[
    "planwerk", "nummer", "name", "internal_id", "beschreibung", "kommentar", "planart", "rechtsstand", "verfahren",
    "ags", "gemeinde", "ortsteil", "aendert", "erstellungsmassstab",
    "aufstellungsbeschluss_datum", "entwurfsbeschluss_datum", "satzungsbeschluss_datum", "planbeschluss_datum",
    "genehmigungs_datum", "rechtsverordnungs_datum", "ausfertigungs_datum", "inkrafttretens_datum",
    "wirksamkeits_datum", "untergangs_datum", "aenderungen_bis_datum", "techn_herstell_datum",
    "auslegung_start", "auslegung_ende", "traegerbeteiligung_start", "traegerbeteiligung_ende", "scan",
]  # fmt: skip
type Code = Annotated[int, Field(ge=0, le=99_999)]
type Words = Mapping[str, Code]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Strict):
    """One column. `kurz` is its name in a Shapefile, which allows ten characters; `hilfe` is for the planner."""

    feld: Feld | None = None
    dokument: Code | None = None  # XP_ExterneReferenzTyp of the file or URL that stands in the column
    kurz: Annotated[str, StringConstraints(max_length=10)] | None = None
    hilfe: str = ""
    pflicht: bool = False


def _column(value: Any) -> Any:
    """`NAME: name` and `BEGRURL: 1010` are the short ways to write a column."""
    if isinstance(value, str):
        return {"feld": value}
    return {"dokument": value} if isinstance(value, int) else value


def _by_planwerk(value: Any) -> Any:
    """`{"i. V.": 2000}` holds for both Planwerke."""
    if isinstance(value, Mapping) and not set(value) <= {"BP", "FP"}:
        return {"BP": value, "FP": value}
    return value


type Columns = Mapping[str, Annotated[Column, BeforeValidator(_column)]]


type Lookup = Annotated[Mapping[Literal["BP", "FP"], Words], BeforeValidator(_by_planwerk)]


class Profile(Strict):
    """Columns and words of one kind of sender. Names are compared without case.

    `planart`, `rechtsstand`, `verfahren` map the sender's words or own numbers to the official codes, by Planwerk;
    a lookup that holds numbers replaces the official numbers, since the same number may mean something else.
    `ebenen` are patterns for the layers of a drawing that hold the Geltungsbereich; `ignore` names columns that say
    nothing about the plan.
    """

    title: str
    columns: Columns = {}
    planart: Lookup = {}
    rechtsstand: Lookup = {}
    verfahren: Lookup = {}
    ebenen: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
