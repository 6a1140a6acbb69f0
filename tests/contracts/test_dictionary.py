"""The dictionary of plain words speaks of what XPlanung really knows, in both languages."""

import pytest

from geoportal.hier.dictionary import Merkmal, dictionary, explanations, meaning
from plans_ingest import codelists
from plans_ingest.model import Json

MERKMALE = dictionary().merkmale


@pytest.mark.parametrize("name", [name for name, merkmal in MERKMALE.items() if merkmal.codes])
def test_every_code_is_an_official_one(name: str) -> None:
    merkmal = MERKMALE[name]
    assert merkmal.codes is not None
    assert set(merkmal.werte) <= set(codelists.codes(merkmal.codes))


def test_every_class_and_group_is_an_official_one() -> None:
    versions = ("4.0", "4.1", "5.0", "5.2", "5.4", "6.0", "6.1")
    official = frozenset[str]().union(*(codelists.classes(version) for version in versions))
    assert set(dictionary().klassen) <= official
    assert set(dictionary().gruppen) == {codelists.class_group(klasse) for klasse in official} - {"praesentation"}


@pytest.mark.parametrize("merkmal", MERKMALE.values())
def test_a_number_has_a_sentence_and_a_code_has_values(merkmal: Merkmal) -> None:
    if merkmal.art == "zahl":
        assert merkmal.name is not None
        assert merkmal.text is not None
    else:
        assert merkmal.werte


def test_numbers_are_told_in_the_way_of_the_language() -> None:
    [grz] = explanations({"GRZ": 0.35})
    assert grz.name.de == "Grundflächenzahl (GRZ) 0,35"
    assert grz.text.de.startswith("35 % des Grundstücks dürfen bebaut werden.")
    assert grz.name.en == "Site occupancy index (GRZ) 0.35"


def test_the_more_exact_kind_of_use_silences_the_general_one() -> None:
    told = [
        each.name.de for each in explanations({"allgArtDerBaulNutzung": "1000", "besondereArtDerBaulNutzung": "1200"})
    ]
    assert told == ["Allgemeines Wohngebiet (WA)"]
    assert [each.name.de for each in explanations({"allgArtDerBaulNutzung": "1000"})] == ["Wohnbaufläche (W)"]


def test_a_roof_is_found_in_the_object_that_newer_versions_hold_it_in() -> None:
    attribute: dict[str, Json] = {"dachgestaltung": [{"_klasse": "BP_Dachgestaltung", "dachform": "3100", "DNmin": 35}]}
    assert [each.name.de for each in explanations(attribute)] == ["Satteldach", "Dachneigung mindestens 35°"]


def test_what_the_dictionary_does_not_know_it_does_not_explain() -> None:
    assert list(explanations({"GRZ": "viel", "besondereArtDerBaulNutzung": "4711", "unbekannt": True})) == []
    assert meaning("BP_Unbekannt", None).de == dictionary().gruppen["sonstiges"].de
