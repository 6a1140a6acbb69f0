"""The name of a Gemeinde's manifest says its AGS, and the checks rely on it."""

from plans_ingest import kreis
from plans_ingest.gemeinden import all_gemeinden


def test_the_name_of_a_manifest_is_its_ags() -> None:
    assert kreis.gemeindeschluessel() == {gemeinde.ags for gemeinde in all_gemeinden()}
