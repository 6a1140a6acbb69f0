"""Whether a feed is one of RFC 4287, and a calendar one of RFC 5545: every rule that ours could break, with its clause.

Written from the rules and not from what our pages write; `atom_faults` and `calendar_faults` name each breach.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
_XML = "{http://www.w3.org/XML/1998/namespace}"

# Element: the children that must be there once, that may be there once, and that may be there as often as one likes.
_CHILDREN: Mapping[str, tuple[str, str, str]] = {
    "feed": ("id title updated", "generator icon logo rights subtitle", "author category contributor link entry"),
    "entry": ("id title updated", "content published rights source summary", "author category contributor link"),
    "author": ("name", "uri email", ""),
    "contributor": ("name", "uri email", ""),
}
_CLAUSES = {"feed": "4.1.1", "entry": "4.1.2", "author": "3.2", "contributor": "3.2"}
_TEXTS = {"title", "subtitle", "summary", "rights"}
_ATTRIBUTES = {"link": "href rel type hreflang title length", "category": "term scheme label"}
# RFC 3339 as 3.3 narrows it: a capital T, and a capital Z where there is no offset
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(;.*)?")
_RELATION = re.compile(r"[A-Za-z0-9._~-]+")


def atom_faults(content: bytes) -> list[str]:
    root = etree.fromstring(content)  # 2: well-formed, or it is none
    if root.tag != f"{ATOM}feed":
        return [f"2: {root.tag!r} is no feed"]
    return [*_element_faults(root), *_feed_faults(root)]


def _element_faults(element: etree._Element) -> Iterator[str]:
    """Of an element and all within it."""
    name = _name(element)
    if name in _CHILDREN:
        once, perhaps, often = (set(names.split()) for names in _CHILDREN[name])
        found = Counter(_name(child) for child in element)
        yield from (f"{_CLAUSES[name]}: {name} has {found[each]} {each}" for each in once if found[each] != 1)
        yield from (f"{_CLAUSES[name]}: {name} has {found[each]} {each}" for each in perhaps if found[each] > 1)
        yield from (f"6.3: {name} has a {each}" for each in found.keys() - once - perhaps - often)
        yield from (f"{_CLAUSES[name]}: text in {name}" for text in _own_texts(element) if text.strip())
        for child in element:
            yield from _element_faults(child)
    elif len(element) and element.get("type") != "xhtml":
        yield f"3.1.1: elements in {name}"
    text = element.text or ""
    allowed = {*_ATTRIBUTES.get(name, "type" if name in _TEXTS | {"content"} else "").split(), f"{_XML}lang"}
    yield from (f"6.3: {name} has an attribute {each}" for each in {*map(str, element.attrib)} - allowed)
    if (language := element.get(f"{_XML}lang")) is not None and not _LANGUAGE.fullmatch(language):
        yield f"2: {language} is no language"
    if name in _TEXTS and element.get("type", "text") not in {"text", "html", "xhtml"}:
        yield f"3.1.1: {name} of type {element.get('type')}"
    if name in {"updated", "published"} and not _is_moment(text):
        yield f"3.3: {text} is no moment"
    if name in {"id", "uri", "icon", "logo"} and not _is_absolute(text):
        yield f"4.2.6: {text} is no absolute IRI"
    if name == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        yield f"3.2.3: {text} is no address"
    if name == "category" and not element.get("term"):
        yield "4.2.2.1: a category without a term"
    if name == "link":
        yield from _link_faults(element)


def _link_faults(link: etree._Element) -> Iterator[str]:
    if not link.get("href") or re.search(r"\s", link.get("href", "")):
        yield "4.2.7.1: a link without an address"
    relation = link.get("rel", "alternate")
    if not _RELATION.fullmatch(relation) and not _is_absolute(relation):
        yield f"4.2.7.2: {relation} is no relation"
    if (media_type := link.get("type")) is not None and not _MEDIA_TYPE.fullmatch(media_type):
        yield f"4.2.7.3: {media_type} is no media type"
    if (language := link.get("hreflang")) is not None and not _LANGUAGE.fullmatch(language):
        yield f"4.2.7.4: {language} is no language"


def _feed_faults(feed: etree._Element) -> Iterator[str]:
    """Of one element and another."""
    entries = feed.findall(f"{ATOM}entry")
    if feed.find(f"{ATOM}author") is None and any(entry.find(f"{ATOM}author") is None for entry in entries):
        yield "4.1.1: nobody has written it"
    if not any(link.get("rel") == "self" for link in feed.iterfind(f"{ATOM}link")):
        yield "4.1.1: it does not say where it is"
    for holder in (feed, *entries):
        alternates = [link for link in holder.iterfind(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
        if len({(link.get("type"), link.get("hreflang")) for link in alternates}) < len(alternates):
            yield "4.1.1, 4.1.2: two alternates of one type and language"
        if holder is not feed and not alternates and holder.find(f"{ATOM}content") is None:
            yield "4.1.2: an entry leads nowhere and holds nothing"
    numbers = Counter((entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}updated")) for entry in entries)
    yield from (f"4.1.1: {number} twice of one moment" for number, count in numbers.items() if count > 1)


def _name(element: etree._Element) -> str:
    return str(element.tag).removeprefix(ATOM)


def _own_texts(element: etree._Element) -> list[str]:
    return [element.text or "", *(child.tail or "" for child in element)]


def _is_moment(text: str) -> bool:
    found = _MOMENT.fullmatch(text)
    try:
        return found is not None and bool(datetime.fromisoformat(found[1]))
    except ValueError:
        return False


def _is_absolute(iri: str) -> bool:
    return bool(urlsplit(iri).scheme) and not re.search(r'[\s<>"{}|\\^`]', iri)


class Line(NamedTuple):
    """A content line (3.1), unfolded."""

    name: str
    parameters: Mapping[str, str]
    value: str


# Component: its clause, the properties that must be there once, that may be there once, and as often as one likes.
_COMPONENTS = {
    "VCALENDAR": ("3.6", "PRODID VERSION", "CALSCALE METHOD", ""),
    "VEVENT": (
        "3.6.1",
        "UID DTSTAMP DTSTART",
        "CLASS CREATED DESCRIPTION DTEND DURATION GEO LAST-MODIFIED LOCATION ORGANIZER PRIORITY SEQUENCE STATUS "
        "SUMMARY TRANSP URL RRULE",
        "ATTACH ATTENDEE CATEGORIES COMMENT CONTACT EXDATE RELATED-TO RESOURCES RDATE",
    ),
    "VTIMEZONE": ("3.6.5", "TZID", "LAST-MODIFIED TZURL", ""),
    "STANDARD": ("3.6.5", "DTSTART TZOFFSETFROM TZOFFSETTO", "RRULE", "COMMENT RDATE TZNAME"),
    "DAYLIGHT": ("3.6.5", "DTSTART TZOFFSETFROM TZOFFSETTO", "RRULE", "COMMENT RDATE TZNAME"),
}
_WITHIN = {"": {"VCALENDAR"}, "VCALENDAR": {"VEVENT", "VTIMEZONE"}, "VTIMEZONE": {"STANDARD", "DAYLIGHT"}}
_VALUES = {
    "VERSION": ("3.7.4", r"2\.0"),
    "CALSCALE": ("3.7.1", r"GREGORIAN"),
    "TRANSP": ("3.8.2.7", r"OPAQUE|TRANSPARENT"),
    "DTSTAMP": ("3.8.7.2", r"\d{8}T\d{6}Z"),
    "TZOFFSETFROM": ("3.3.14", r"[+-]\d{4}(\d\d)?"),
    "TZOFFSETTO": ("3.3.14", r"[+-]\d{4}(\d\d)?"),
    "RRULE": ("3.3.10", r"FREQ=[A-Z]+(;[A-Z]+=[A-Z0-9,+-]+)*"),
    "URL": ("3.3.13", r"[a-z][a-z0-9+.-]*:\S+"),
}
_PLAIN_TEXT = {"SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "UID", "TZID", "TZNAME", "PRODID"}
_TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")  # 3.3.11
_CONTENT_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)')
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^";:]*)')


def calendar_faults(content: bytes) -> list[str]:
    text = content.decode("utf-8")  # 3.1.4
    if not text.endswith("\r\n"):
        return ["3.1: the last line does not end"]
    physical = text.removesuffix("\r\n").split("\r\n")
    faults = [f"3.1: {len(line.encode())} octets: {line}" for line in physical if len(line.encode()) > 75]
    faults += [
        f"3.1: a control character: {line!r}" for line in physical if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line)
    ]
    unfolded = text.removesuffix("\r\n").replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")
    open_: list[tuple[str, list[Line]]] = [("", [])]
    uids: Counter[str] = Counter()
    zones: set[str] = set()
    inside: Counter[str] = Counter()
    for each in unfolded:
        line = _line(each)
        if line is None:
            faults.append(f"3.1: {each} is no content line")
        elif line.name == "BEGIN":
            if line.value not in _WITHIN.get(open_[-1][0], set()):
                faults.append(f"3.6: {line.value} in {open_[-1][0] or 'nothing'}")
            inside[open_[-1][0]] += 1
            open_.append((line.value, []))
        elif line.name == "END":
            name, lines = open_.pop()
            if name != line.value:
                return [*faults, f"3.6: {line.value} ends within {name}"]
            faults += _component_faults(name, lines, zones)
            zones |= {own.value for own in lines if name == "VTIMEZONE" and own.name == "TZID"}
            uids.update(own.value for own in lines if own.name == "UID")
        else:
            open_[-1][1].append(line)
    faults += [f"3.6: {name} does not end" for name, _ in open_[1:]]
    faults += [f"3.6: {name} holds nothing" for name in ("VCALENDAR", "VTIMEZONE") if name in text and not inside[name]]
    return faults + [f"3.8.4.7: {uid} twice" for uid, count in uids.items() if count > 1]


def _line(text: str) -> Line | None:
    found = _CONTENT_LINE.fullmatch(text)
    if found is None:
        return None
    return Line(found[1].upper(), {name.upper(): value for name, value in _PARAMETER.findall(found[2])}, found[3])


def _component_faults(name: str, lines: list[Line], zones: set[str]) -> Iterator[str]:
    clause, once, perhaps, often = _COMPONENTS[name]
    found = Counter(line.name for line in lines)
    yield from (f"{clause}: {name} has {found[each]} {each}" for each in once.split() if found[each] != 1)
    yield from (f"{clause}: {name} has {found[each]} {each}" for each in perhaps.split() if found[each] > 1)
    known = {*once.split(), *perhaps.split(), *often.split()}
    yield from (f"3.8.8.2: {name} has a {each}" for each in found.keys() - known if not each.startswith("X-"))
    if found["DTEND"] and found["DURATION"]:
        yield f"{clause}: both an end and a duration"
    for line in lines:
        rule, pattern = _VALUES.get(line.name, ("", ".*"))
        if not re.fullmatch(pattern, line.value):
            yield f"{rule}: {line.name} is {line.value}"
        if (line.name in _PLAIN_TEXT or line.name.startswith("X-")) and not _TEXT.fullmatch(line.value):
            yield f"3.3.11: not escaped: {line.value}"
        if line.name in {"DTSTART", "DTEND"} and not _is_time(line):
            yield f"3.3.4, 3.3.5: {line.name} is {line.value}"
        if (zone := line.parameters.get("TZID")) is not None and zone not in zones:
            yield f"3.2.19: nobody says what {zone} is"
    start, end = (next((line for line in lines if line.name == each), None) for each in ("DTSTART", "DTEND"))
    if start is not None and end is not None:
        if start.parameters.get("VALUE") != end.parameters.get("VALUE"):
            yield "3.8.2.2: the end is of another kind than the beginning"
        elif end.value <= start.value:
            yield "3.8.2.2: it ends before it begins"


def _is_time(line: Line) -> bool:
    value = line.value.removesuffix("Z")
    try:
        if line.parameters.get("VALUE") == "DATE":
            return bool(re.fullmatch(r"\d{8}", line.value)) and bool(date.fromisoformat(value))
        return bool(re.fullmatch(r"\d{8}T\d{6}", value)) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False
