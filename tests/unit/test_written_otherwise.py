"""One plan, written in every way that XML, GML and the exporters allow, is one plan."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from tests.files import link
from tests.otherwise import GML, MEMBERS, XPLAN, document, read, said, same


def renamed_prefixes(text: str) -> str:
    return re.sub(r"\bgml:", "ogc.g:", re.sub(r"\bxplan:", "x-1:", text)).replace("xmlns:xplan", "xmlns:x-1").replace(
        "xmlns:gml", "xmlns:ogc.g"
    ).replace("xlink:", "l:").replace("xmlns:xlink", "xmlns:l")  # fmt: skip


def default_namespace(text: str) -> str:
    return re.sub(r"(</?)xplan:", r"\1", text).replace("xmlns:xplan=", "xmlns=")


def default_namespace_of_gml(text: str) -> str:
    return re.sub(r"(</?)gml:", r"\1", text).replace("xmlns:gml=", f'xmlns="{GML}" xmlns:gml=')


def declared_where_used(text: str) -> str:
    """Each element declares its own prefix, as programs do that put text after text."""
    bare = re.sub(r' xmlns:(xplan|gml)="[^"]*"', "", text)
    where = {"xplan": XPLAN, "gml": GML}
    named = re.sub(r"<(xplan|gml):(\w+)", lambda m: f'<{m[1]}:{m[2]} xmlns:{m[1]}="{where[m[1]]}"', bare)
    return named.replace("gml:id=", f'xmlns:i="{GML}" i:id=')


def attributes_backwards(text: str) -> str:
    root = etree.fromstring(text.encode())
    for element in root.iter():
        found = list(element.attrib.items())
        element.attrib.clear()
        element.attrib.update(reversed(found))
    return etree.tostring(root, encoding="unicode")


def comments(text: str) -> str:
    """Before, behind and inside everything, values and coordinates too."""
    text = re.sub(r"(<(?:xplan|gml):[^>]*[^/]>)", r"\1<!-- <a> & --><?tool x?>", text)
    text = re.sub(r"(</(?:xplan|gml):\w+>)", r"<!-- e -->\1<!-- f -->", text)
    text = text.replace("Am Hang", "Am<!-- g --> Hang").replace("5630050", "5630<!-- h -->050")
    return text.replace("?>", "?>\n<!-- first --><?more y?>", 1) + "<!-- last -->"


def cdata(text: str) -> str:
    return re.sub(r">([^<>\s][^<>]*)<", lambda m: f"><![CDATA[{etree.fromstring(f'<a>{m[1]}</a>').text}]]><", text)


def half_cdata(text: str) -> str:
    return re.sub(r">([^<>&\s])([^<>&]+)<", r">\1<![CDATA[\2]]><", text)


def character_references(text: str) -> str:
    return "".join(letter if ord(letter) < 128 else f"&#x{ord(letter):X};" for letter in text)


def indented(text: str) -> str:
    root = etree.fromstring(text.encode(), etree.XMLParser(remove_blank_text=True))
    etree.indent(root, space="\t")
    return etree.tostring(root, encoding="unicode")


def in_one_line(text: str) -> str:
    return etree.tostring(etree.fromstring(text.encode(), etree.XMLParser(remove_blank_text=True)), encoding="unicode")


def blanks_around_values(text: str) -> str:
    return re.sub(r">([^<>\s][^<>]*)<", r">\n\t \1  \n<", text)


@pytest.mark.parametrize(
    "rewrite",
    [
        renamed_prefixes, default_namespace, default_namespace_of_gml, declared_where_used, attributes_backwards,
        comments, cdata, half_cdata, character_references, indented, in_one_line, blanks_around_values,
        lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "\r"),
        lambda text: text.replace('"', "'"), lambda text: text.replace(' encoding="UTF-8"', ' standalone="yes"'),
        lambda text: text.partition("?>")[2].lstrip(), lambda text: re.sub(r"(<[^>?!/]*[^>/?])>", r"\1 \n >", text),
        lambda text: text.replace('xplangml/5/4"', 'xplangml/5/4/"'),
    ],
)  # fmt: skip
def test_as_xml(tmp_path: Path, rewrite: Callable[[str], str]) -> None:
    assert same(read(tmp_path, rewrite(document())), tmp_path)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UTF-8", "utf-8-sig"), ("utf-8", "utf-8"), ("UTF-16", "utf-16"), ("UTF-16LE", "utf-16"),
        ("ISO-8859-1", "iso-8859-1"), ("iso-8859-15", "iso-8859-15"), ("windows-1252", "cp1252"),
        ("Windows-1252", "cp1252"), ("cp1252", "cp1252"), ("latin1", "iso-8859-1"), ("US-ASCII", "ascii"),
    ],
)  # fmt: skip
def test_in_its_encoding(tmp_path: Path, declared: str, encoding: str) -> None:
    text = document().replace('encoding="UTF-8"', f'encoding="{declared}"')
    content = text.encode(encoding, "xmlcharrefreplace")
    assert same(read(tmp_path, content), tmp_path)


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_in_utf_16_of_either_end(tmp_path: Path, mark: bytes) -> None:
    text = document().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert same(read(tmp_path, mark + text.encode("utf-16-le" if mark == b"\xff\xfe" else "utf-16-be")), tmp_path)


def named_in_gml(text: str) -> str:
    """GML has names and descriptions of its own for every feature (ISO 19136 7.2.2)."""
    more = "<gml:description>Export</gml:description><gml:identifier codeSpace='x'>1</gml:identifier>"
    return re.sub(r'(<xplan:\w+ gml:id="(?!doc)\w+">)', rf"\1{more}<gml:name>FEATURE</gml:name>", text)


def member_orders() -> list[list[int]]:
    usual = range(len(MEMBERS))
    mixed = (random.Random(seed).sample(usual, len(MEMBERS)) for seed in range(4))
    return [list(reversed(usual)), [*usual[1:], 0], *mixed]


@pytest.mark.parametrize("order", member_orders())
def test_in_any_order(tmp_path: Path, order: list[int]) -> None:
    assert same(read(tmp_path, document(*(MEMBERS[number] for number in order))), tmp_path)


def one_container(text: str) -> str:
    whole = re.sub(r"</?gml:featureMember>", "", text)
    return whole.replace('gml:id="doc">', 'gml:id="doc"><gml:featureMembers>').replace(
        "</xplan:XPlanAuszug>", "</gml:featureMembers></xplan:XPlanAuszug>"
    )


def wfs_1(text: str) -> str:
    return text.replace("xplan:XPlanAuszug", "gml:FeatureCollection")


def wfs_2(text: str) -> str:
    text = text.replace("xplan:XPlanAuszug", "wfs:FeatureCollection").replace("gml:featureMember", "wfs:member")
    return text.replace('gml:id="doc"', 'timeStamp="2026-01-01T00:00:00Z" numberMatched="8" numberReturned="8"')


def wfs_2_in_tuples(text: str) -> str:
    whole = wfs_2(text)
    inner = re.search(r'numberReturned="8">(.*)</wfs:FeatureCollection>', whole, re.DOTALL)
    assert inner is not None
    nested = f"<wfs:member><wfs:FeatureCollection>{inner[1]}</wfs:FeatureCollection></wfs:member>"
    return whole.replace(inner[1], nested)


def wfs_transaction(text: str) -> str:
    whole = re.sub(r"</?gml:featureMember>", "", text)
    return whole.replace('gml:id="doc">', "><wfs:Insert>").replace(
        "</xplan:XPlanAuszug>", "</wfs:Insert></xplan:XPlanAuszug>"
    ).replace("xplan:XPlanAuszug", "wfs:Transaction")  # fmt: skip


def gml_collection_of_others(text: str) -> str:
    return text.replace("xplan:XPlanAuszug", "wfs:Sammlung")


@pytest.mark.parametrize(
    "rewrite", [one_container, wfs_1, wfs_2, wfs_2_in_tuples, wfs_transaction, gml_collection_of_others]
)
def test_in_any_collection(tmp_path: Path, rewrite: Callable[[str], str]) -> None:
    assert same(read(tmp_path, rewrite(document())), tmp_path)


@pytest.mark.parametrize("name", ["GML_{}", "_{}-0a.1", "ID_{}_ä", "{}.{}"])
def test_with_other_ids(tmp_path: Path, name: str) -> None:
    ids = ["plan", "bereich", "text", "flaeche", "rest", "linie", "bogen", "schrift"]
    text = document()
    for each in ids:
        other = name.replace("{}", each)
        text = text.replace(f'gml:id="{each}"', f'gml:id="{other}"').replace(f'"#{each}"', f'"#{other}"')

    def back(words: str) -> str:
        for each in ids:
            words = words.replace(name.replace("{}", each), each)
        return words

    assert same(read(tmp_path, text), tmp_path, back)


def said_by(*sides: str) -> str:
    """With the link between object and Bereich, Bereich and plan only as said by some."""
    text = document()
    if "bereich" not in sides:
        text = re.sub(r"<xplan:planinhalt [^>]*>", "", text)
    if "objekt" not in sides:
        text = re.sub(r"<xplan:gehoertZuBereich [^>]*>", "", text).replace(
            "<xplan:planinhalt", link("planinhalt", "schrift") + "<xplan:planinhalt", 1
        )
    return text


@pytest.mark.parametrize("side", ["objekt", "bereich"])
def test_with_links_set_on_one_side(tmp_path: Path, side: str) -> None:
    assert same(read(tmp_path, said_by(side)), tmp_path)


def test_with_names_of_gml(tmp_path: Path) -> None:
    [found] = read(tmp_path, named_in_gml(document())).plans
    assert found.name == "Am Hang – Süd"
    assert [each.nummer for each in found.bereiche] == ["0"]


def test_beside_other_plans(tmp_path: Path) -> None:
    """Three in one collection, mixed, are what each is alone."""
    texts = []
    for number in range(3):
        for each in MEMBERS:
            text = re.sub(r'(gml:id=")(\w+)"', rf"\1p{number}_\2" + '"', each)
            text = re.sub(r'(xlink:href="#)(\w+)"', rf"\1p{number}_\2" + '"', text)
            texts.append(text.replace("<xplan:nummer>5<", f"<xplan:nummer>5{number}<"))
    random.Random(1).shuffle(texts)
    batch = read(tmp_path, document(*texts))
    folder = tmp_path / "usual"
    folder.mkdir()
    [usual] = read(folder, document())
    assert sorted(each.nummer or "" for each in batch.plans) == ["50", "51", "52"]
    for found in batch.plans:
        which = (found.nummer or "")[1:]

        def back(words: str, which: str = which) -> str:
            return words.replace(f"p{which}_", "").replace(f'"nummer": "5{which}"', '"nummer": "5"')

        assert said(found, back) == said(usual)


def test_the_plan_of_this_test_is_read_whole(tmp_path: Path) -> None:
    """What is compared above says something."""
    batch = read(tmp_path, document())
    [found] = batch.plans
    codes = {issue.code for issue in batch.report.issues if not issue.code.startswith("rule")}
    assert (found.name, found.nummer, found.ags, found.rechtsstand) == ("Am Hang – Süd", "5", "06534008", 4000)
    assert [each.geometry is not None and each.bereich for each in found.objekte] == ["bereich"] * 5
    assert found.texte[0].text == "Dächer sind zu begrünen. <5° > 3°"
    assert codes.isdisjoint({"crs_assumed", "geometry_unreadable", "reference_dangling", "objekt_without_bereich"})
