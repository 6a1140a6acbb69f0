"""The tables of schema `plans`, as the statements in store and published use them.

Migrations own the schema; a contract test compares these definitions with the migrated database.
"""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATEMULTIRANGE, JSONB, UUID

from geoportal.settings import STORAGE_SRID

SRID = STORAGE_SRID

metadata = MetaData(schema="plans")


def _geometry(kind: str, *, nullable: bool = True) -> Column[Any]:
    return Column("geom", Geometry(kind, SRID, spatial_index=False), nullable=nullable)


gemeinde = Table(
    "gemeinde",
    metadata,
    Column("ags", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("typ", Text, nullable=False),
    Column("plz", Text, nullable=False),
    Column("sitz", Geometry("POINT", SRID, spatial_index=False), nullable=False),
)

code = Table(
    "code",
    metadata,
    Column("enumeration", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("kuerzel", Text),
)

klasse = Table(
    "klasse",
    metadata,
    Column("klasse", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("gruppe", Text, nullable=False),
)

planzeichen = Table(
    "planzeichen",
    metadata,
    Column("klasse", Text, primary_key=True),
    Column("art", Text, primary_key=True),
    Column("planzeichen", Text, nullable=False),
    Column("rang", Integer, nullable=False),
)

nutzung = Table(
    "nutzung",
    metadata,
    Column("klasse", Text, primary_key=True),
    Column("art", Text, primary_key=True),
    Column("hilucs", Text, nullable=False),
    Column("label", Text, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("report", JSONB, nullable=False),
)

plan = Table(
    "plan",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("planwerk", Text, nullable=False),
    Column("ags", Text),
    Column("schluessel", Text, nullable=False, unique=True),
    Column("merged_into", ForeignKey("plans.plan.id")),
)

plan_key = Table(
    "plan_key",
    metadata,
    Column("schluessel", Text, primary_key=True),
    Column("plan_id", ForeignKey("plans.plan.id"), nullable=False),
)

version = Table(
    "version",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("plan_id", ForeignKey("plans.plan.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("delivery_id", ForeignKey("plans.delivery.id"), nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("published_at", DateTime(timezone=True)),
    Column("published_until", DateTime(timezone=True)),
    Column("reason", Text),
    Column("restored_from", Integer),
    Column("xplan_version", Text, nullable=False),
    Column("gml_id", Text),
    Column("name", Text),
    Column("nummer", Text),
    Column("internal_id", Text),
    Column("beschreibung", Text),
    Column("gemeinden", JSONB, nullable=False),
    Column("planart", ARRAY(Integer), nullable=False),
    Column("rechtsstand", Integer),
    Column("status", Text, nullable=False),
    Column("verfahren", Integer),
    Column("aufstellungsbeschluss_datum", Date),
    Column("entwurfsbeschluss_datum", Date),
    Column("satzungsbeschluss_datum", Date),
    Column("planbeschluss_datum", Date),
    Column("genehmigungs_datum", Date),
    Column("rechtsverordnungs_datum", Date),
    Column("ausfertigungs_datum", Date),
    Column("inkrafttretens_datum", Date),
    Column("wirksamkeits_datum", Date),
    Column("untergangs_datum", Date),
    Column("aenderungen_bis_datum", Date),
    Column("techn_herstell_datum", Date),
    Column("auslegungen", JSONB, nullable=False),
    Column("traegerbeteiligungen", JSONB, nullable=False),
    Column("erstellungsmassstab", Integer),
    Column("bezuege", JSONB, nullable=False),
    Column("attribute", JSONB, nullable=False),
    _geometry("MULTIPOLYGON"),
    Column("form", JSONB, nullable=False),
    Column("edited_by", BigInteger),
    Column("edited_at", DateTime(timezone=True)),
    Column("levels", Text, nullable=False),
)

bereich = Table(
    "bereich",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("version_id", ForeignKey("plans.version.id"), nullable=False),
    Column("gml_id", Text),
    Column("nummer", Text),
    Column("name", Text),
    Column("attribute", JSONB, nullable=False),
    _geometry("MULTIPOLYGON"),
)

planobjekt = Table(
    "planobjekt",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("version_id", ForeignKey("plans.version.id"), nullable=False),
    Column("klasse", Text, nullable=False),
    Column("gml_id", Text),
    Column("bereich", Text),
    Column("ebene", Integer, nullable=False),
    Column("flaechenschluss", Boolean),
    Column("rechtscharakter", Integer),
    Column("art", Text),
    Column("art_text", Text),
    Column("beschriftung", Text),
    Column("attribute", JSONB, nullable=False),
    _geometry("GEOMETRY"),
    Column("original", Geometry("GEOMETRY", SRID, spatial_index=False)),
)

textabschnitt = Table(
    "textabschnitt",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("version_id", ForeignKey("plans.version.id"), nullable=False),
    Column("gml_id", Text),
    Column("art", Text, nullable=False),
    Column("schluessel", Text),
    Column("gesetzliche_grundlage", Text),
    Column("text", Text),
    Column("attribute", JSONB, nullable=False),
)

dokument = Table(
    "dokument",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("version_id", ForeignKey("plans.version.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("typ", Integer),
    Column("art", Text),
    Column("name", Text),
    Column("url", Text),
    Column("media_type", Text),
    Column("beschreibung", Text),
    Column("datum", Date),
    Column("sha256", Text),
    Column("size", BigInteger),
    Column("from_form", Boolean, nullable=False),
    Column("examined", JSONB),
)

rasterplan = Table(
    "rasterplan",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("version_id", ForeignKey("plans.version.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("quelle_sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("epsg", Integer, nullable=False),
    Column("aufloesung", Double, nullable=False),
    Column("breite", Integer, nullable=False),
    Column("hoehe", Integer, nullable=False),
    Column("baender", Integer, nullable=False),
    _geometry("MULTIPOLYGON", nullable=False),
)

issue = Table(
    "issue",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("delivery_id", ForeignKey("plans.delivery.id"), nullable=False),
    Column("plan_gml_id", Text),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("element", Text),
    Column("gml_id", Text),
    Column("line", Integer),
    Column("detail", Text, nullable=False),
    _geometry("GEOMETRY"),
)

upload = Table(
    "upload",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("ags", ForeignKey("plans.gemeinde.ags")),
    Column("state", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("percent", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fault_code", Text),
    Column("fault", Text),
    Column("delivery_id", ForeignKey("plans.delivery.id")),
    Column("job_id", BigInteger),
    Column("delivered_by", BigInteger),
    Column("submitted_by", BigInteger),
    Column("publish_on", Date),
    Column(
        "returned",
        Text,
        comment="what is to be changed before it is published; NULL: nobody sent it back, or it was submitted once "
        "more",
    ),
    Column("edits", UUID(as_uuid=True)),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

data_version = Table(
    "data_version",
    metadata,
    Column("collection", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

maintenance = Table(
    "maintenance",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("task", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("fault", Text),
    Column("detail", JSONB, nullable=False),
)

tile_feature = Table(
    "tile_feature",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fid", BigInteger, nullable=False),
    Column("of_version", BigInteger),
    Column("size", REAL, nullable=False),
    Column("quad", BigInteger, nullable=False),
    Column("seen", SmallInteger, nullable=False),
    Column("free", SmallInteger, nullable=False),
    Column("won", SmallInteger, nullable=False),
    Column("min_zoom", SmallInteger, nullable=False),
    Column("label", Geometry("POINT", 3857, spatial_index=False), nullable=False),
    Column("geom", Geometry("GEOMETRY", 3857, spatial_index=False), nullable=False),
    Column("mid", Geometry("GEOMETRY", 3857, spatial_index=False)),
    Column("low", Geometry("GEOMETRY", 3857, spatial_index=False)),
)


layer_state = Table(
    "layer_state",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("rows", BigInteger),
    Column("signature", Text),
    Column("tried", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("synced_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True)),
    Column("checked_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True)),
    Column("failures", Integer, nullable=False),
    Column("fault_kind", Text),
    Column("fault", Text),
    Column("fault_since", DateTime(timezone=True)),
    Column("shown_on", Date),
    Column("unplaced", ARRAY(Text), nullable=False),
    Column("unplaced_count", Integer, nullable=False),
    Column("unnamed", ARRAY(Text), nullable=False),
    Column("personal", ARRAY(Text), nullable=False),
)

publication = Table(
    "publication",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("planwerk", Text),
    Column("ags", Text),
    Column("gemeinde", Text),
    Column("ortsteil", Text),
    Column("name", Text),
    Column("nummer", Text),
    Column("beschreibung", Text),
    Column("planart", Integer),
    Column("planart_text", Text),
    Column("rechtsstand", Integer),
    Column("rechtsstand_text", Text),
    Column("status", Text),
    Column("verfahren", Integer),
    Column("verfahren_text", Text),
    Column("aufstellungsbeschluss_datum", Date),
    Column("entwurfsbeschluss_datum", Date),
    Column("satzungsbeschluss_datum", Date),
    Column("planbeschluss_datum", Date),
    Column("genehmigungs_datum", Date),
    Column("rechtsverordnungs_datum", Date),
    Column("ausfertigungs_datum", Date),
    Column("inkrafttretens_datum", Date),
    Column("wirksamkeits_datum", Date),
    Column("untergangs_datum", Date),
    Column("auslegung_start_datum", Date),
    Column("auslegung_end_datum", Date),
    Column("gueltig_von", Date),
    Column("gueltig_bis", Date),
    Column("version", Integer),
    Column("veroeffentlicht_am", DateTime(timezone=True)),
    Column("xplan_version", Text),
    Column("of_version", BigInteger),
    Column("gemeinden", JSONB),
    Column("auslegungen", JSONB),
    Column("traegerbeteiligungen", JSONB),
    Column("bezuege", JSONB),
    Column("erstellungsmassstab", Integer),
    _geometry("MULTIPOLYGON"),
    Column("umriss", Geometry("MULTIPOLYGON", SRID, spatial_index=False)),
    Column("beteiligungen", JSONB),
    Column("mitreden", DATEMULTIRANGE),
    Column("gesucht", Text),
)

publication_text = Table(
    "publication_text",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("geojson", Text, nullable=False),
    Column("umriss_geojson", Text),
    Column("eigenschaften", Text, nullable=False),
)
