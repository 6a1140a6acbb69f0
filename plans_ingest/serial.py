"""A batch as bytes and back: what the process that reads a file tells the one that asked for it. Never pickle.

A stream of frames: a letter, three lengths (big-endian, 32 bit), a JSON text, the lengths of the frame's geometries,
their WKB. In the JSON a dataclass is the list of its fields and a geometry is its number within the frame. Both ways
follow the annotations of the model, so a field that the model gains needs no line here, and what is read back has the
types that the model promises: the reader of a hostile file may itself have been taken over, and is not believed.

    P plan without its objects   O objects of the plan before   A attachments   R report without issues   I issues
    X fault instead of a batch   Z end, with the number of frames before it
"""

import json
import struct
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from enum import Enum
from functools import cache
from itertools import batched
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAliasType, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest.errors import Limit, PlanFileError, ResourceExceeded
from plans_ingest.model import Attachment, Batch, Issue, Json, Plan, Planobjekt, Report, Where
from plans_ingest.stock import Objekte, Stock

MAX_FRAME: Final = 256 * 1024**2
_RECORDS: Final = 500  # in a frame; keeps both sides from holding a second copy of a large plan
_HEADER: Final = struct.Struct(">cIII")
_SCALARS: Final = (str, int, float, bool)


class Broken(Exception):
    """The stream ends too early, or does not hold what a writer of this module writes."""


@dataclass(slots=True)
class _Packing:
    """What the JSON of a frame refers to: `geometries` by number, files by their path below `root`."""

    root: Path
    geometries: Sequence[BaseGeometry]


@dataclass(frozen=True, slots=True)
class _Codec:
    encode: Callable[[Any, _Packing], Any]
    decode: Callable[[Any, _Packing], Any]


@dataclass(frozen=True, slots=True)
class _Fault:
    """A PlanFileError as a value; `kind` is the name of its class."""

    kind: str
    german: str
    english: str
    where: Where | None
    limit: Limit | None


def write_batch(batch: Batch, stream: BinaryIO, root: Path) -> None:
    """`root` is the folder below which the attachments lie."""
    frames = 0

    def send(kind: bytes, hint: Any, value: Any) -> None:
        nonlocal frames
        frames += 1
        write_value(stream, kind, hint, value, root)

    for plan in batch.plans:
        send(b"P", Plan, replace(plan, objekte=()))
        for objekte in batched(plan.objekte, _RECORDS, strict=False):
            send(b"O", tuple[Planobjekt, ...], objekte)
    for attachments in batched(batch.attachments, _RECORDS, strict=False):
        send(b"A", tuple[Attachment, ...], attachments)
    send(b"R", Report, replace(batch.report, issues=()))
    for issues in batched(batch.report.issues, _RECORDS, strict=False):
        send(b"I", tuple[Issue, ...], issues)
    write_value(stream, b"Z", int, frames, root)


def write_fault(fault: PlanFileError, stream: BinaryIO) -> None:
    limit = fault.limit if isinstance(fault, ResourceExceeded) else None
    value = _Fault(type(fault).__name__, fault.german, fault.english, fault.where, limit)
    write_value(stream, b"X", _Fault, value, Path())


def read_batch(stream: BinaryIO, root: Path) -> Batch:
    """The batch that was written; its attachments are named below `root`, whether they are there or not. Many objects
    lie in files without a name in `root`, after each has been looked at.

    Raises the PlanFileError that was written instead, and Broken for everything else.
    """
    plans: list[tuple[Plan, int]] = []  # each with the number of its first object
    stock = Stock(root)  # the system's own folder for such files is often memory
    attachments: list[Attachment] = []
    issues: list[Issue] = []
    report: Report | None = None
    for number, frame in enumerate(_frames(stream, root)):
        match frame.kind:
            case b"P":
                plans.append((frame.value(Plan), len(stock)))
            case b"O" if plans:
                for objekt in frame.value(tuple[Planobjekt, ...]):
                    stock.append(objekt)
            case b"A":
                attachments.extend(frame.value(tuple[Attachment, ...]))
            case b"R" if report is None:
                report = frame.value(Report)
            case b"I":
                issues.extend(frame.value(tuple[Issue, ...]))
            case b"X":
                raise _fault(frame.value(_Fault))
            case b"Z" if report is not None and frame.value(int) == number:
                ends = [*(first for _, first in plans), len(stock)][1:]
                whole = tuple(
                    replace(plan, objekte=Objekte(stock, np.arange(first, end, dtype=np.int32)).settled())
                    for (plan, first), end in zip(plans, ends, strict=True)
                )
                return Batch(whole, tuple(attachments), replace(report, issues=tuple(issues)))
            case _:
                raise Broken(f"frame {number} is out of place: {frame.kind!r}")
    raise Broken("no end")


def write_value(stream: BinaryIO, kind: bytes, hint: Any, value: Any, root: Path) -> None:
    """One frame; `hint` is the annotation that `value` follows."""
    geometries: list[BaseGeometry] = []
    content = _codec(hint).encode(value, _Packing(root, geometries))
    text = json.dumps(content, default=_mapping, separators=(",", ":")).encode("ascii")
    wkb: Sequence[bytes] = shapely.to_wkb(np.array(geometries, dtype=object)).tolist() if geometries else []
    lengths = struct.pack(f">{len(wkb)}I", *map(len, wkb))
    stream.write(_HEADER.pack(kind, len(text), len(wkb), sum(map(len, wkb))))
    stream.writelines((text, lengths, *wkb))


def read_value[T](stream: BinaryIO, kind: bytes, hint: type[T], root: Path) -> T:
    """The one frame of this kind that `stream` holds next. Raises Broken."""
    frame = next(_frames(stream, root), None)
    if frame is None or frame.kind != kind:
        raise Broken(f"no frame {kind!r}")
    return cast(T, frame.value(hint))


@dataclass(frozen=True, slots=True)
class _Frame:
    kind: bytes
    content: Any
    packing: _Packing

    def value(self, hint: Any) -> Any:
        return _codec(hint).decode(self.content, self.packing)


def _frames(stream: BinaryIO, root: Path) -> Iterator[_Frame]:
    while head := stream.read(_HEADER.size):
        if len(head) < _HEADER.size:
            raise Broken("cut short")
        kind, text, count, wkb = _HEADER.unpack(head)
        if text + 4 * count + wkb > MAX_FRAME:
            raise Broken("frame too large")
        body = stream.read(text + 4 * count + wkb)
        if len(body) < text + 4 * count + wkb:
            raise Broken("cut short")
        lengths = struct.unpack(f">{count}I", body[text : text + 4 * count])
        if sum(lengths) != wkb:
            raise Broken("lengths do not add up")
        try:
            yield _Frame(kind, json.loads(body[:text]), _Packing(root, _geometries(body, text + 4 * count, lengths)))
        except (ValueError, RecursionError, shapely.errors.ShapelyError) as fault:
            raise Broken(f"frame {kind!r} unreadable: {type(fault).__name__}") from None


def _geometries(body: bytes, start: int, lengths: Iterable[int]) -> Sequence[BaseGeometry]:
    pieces = []
    for length in lengths:
        pieces.append(body[start : start + length])
        start += length
    return cast(Sequence[BaseGeometry], shapely.from_wkb(np.array(pieces, dtype=object)).tolist()) if pieces else []


def _fault(fault: _Fault) -> PlanFileError:
    if fault.limit is not None:
        return ResourceExceeded(fault.limit, fault.where)
    kinds = {kind.__name__: kind for kind in _family(PlanFileError)}
    return kinds.get(fault.kind, PlanFileError)(fault.german, fault.english, fault.where)


def _family(kind: type[PlanFileError]) -> Iterator[type[PlanFileError]]:
    yield kind
    for child in kind.__subclasses__():
        if child is not ResourceExceeded:
            yield from _family(child)


def _mapping(value: object) -> dict[str, Json]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


@cache
def _codec(hint: Any) -> _Codec:
    """How a value of this annotation is written and read back; raises TypeError for one that the model never had."""
    if hint is Json:
        return _Codec(lambda value, _: value, lambda content, _: content)
    if isinstance(hint, TypeAliasType):
        return _codec(hint.__value__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        return _sequence(arguments)
    if origin is Collection:
        return _sequence((*arguments, ...))
    if origin in (Mapping, dict):
        return _named(_codec(arguments[1]))
    if isinstance(hint, type):
        if hint in _SCALARS:
            return _scalar((int, float) if hint is float else (hint,))
        if is_dataclass(hint):
            return _record(hint)
        if issubclass(hint, BaseGeometry):
            return _Codec(_number_of, lambda content, packing: _geometry(content, packing, hint))
        if issubclass(hint, Enum):
            return _Codec(lambda value, _: value.value, lambda content, _: _made(hint, content))
        if issubclass(hint, date):
            return _Codec(lambda value, _: value.isoformat(), lambda content, _: _made(hint.fromisoformat, content))
        if issubclass(hint, Path):
            return _Codec(lambda value, packing: str(value.relative_to(packing.root)), _file)
    raise TypeError(f"no way to write {hint!r}")


def _scalar(kinds: tuple[type, ...]) -> _Codec:
    def decode(content: Any, _: _Packing) -> Any:
        if type(content) not in kinds:
            raise Broken(f"{type(content).__name__} instead of {kinds[-1].__name__}")
        return content

    return _Codec(lambda value, _: value, decode)


def _union(arguments: tuple[Any, ...]) -> _Codec:
    kinds = [argument for argument in arguments if argument is not types.NoneType]
    if len(kinds) == 1:
        inner = _codec(kinds[0])
    elif all(kind in _SCALARS for kind in kinds):
        inner = _scalar(tuple(kinds))
    elif all(isinstance(kind, type) and issubclass(kind, BaseGeometry) for kind in kinds):
        inner = _Codec(_number_of, lambda content, packing: _geometry(content, packing, *kinds))
    else:
        raise TypeError(f"no way to tell apart {kinds!r}")
    if len(kinds) == len(arguments):
        return inner
    return _Codec(
        lambda value, packing: None if value is None else inner.encode(value, packing),
        lambda content, packing: None if content is None else inner.decode(content, packing),
    )


def _sequence(arguments: tuple[Any, ...]) -> _Codec:
    if arguments[-1:] == (...,):
        one = _codec(arguments[0])
        return _Codec(
            lambda value, packing: [one.encode(item, packing) for item in value],
            lambda content, packing: tuple(one.decode(item, packing) for item in _list(content)),
        )
    each = [_codec(argument) for argument in arguments]
    return _Codec(
        lambda value, packing: [codec.encode(item, packing) for codec, item in zip(each, value, strict=True)],
        lambda content, packing: tuple(
            codec.decode(item, packing) for codec, item in zip(each, _list(content, len(each)), strict=True)
        ),
    )


def _named(one: _Codec) -> _Codec:
    def decode(content: Any, packing: _Packing) -> dict[str, Any]:
        if not isinstance(content, dict):
            raise Broken("no mapping")
        return {key: one.decode(item, packing) for key, item in content.items()}

    return _Codec(lambda value, packing: {key: one.encode(item, packing) for key, item in value.items()}, decode)


def _record(kind: type) -> _Codec:
    hints = get_type_hints(kind)
    names = [item.name for item in fields(kind)]
    codecs = [_codec(hints[name]) for name in names]
    pairs = list(zip(names, codecs, strict=True))
    return _Codec(
        lambda value, packing: [codec.encode(getattr(value, name), packing) for name, codec in pairs],
        lambda content, packing: kind(
            *(codec.decode(item, packing) for codec, item in zip(codecs, _list(content, len(codecs)), strict=True))
        ),
    )


def _list(content: Any, length: int | None = None) -> list[Any]:
    if not isinstance(content, list) or (length is not None and len(content) != length):
        raise Broken("no list, or of another length")
    return content


def _number_of(value: BaseGeometry, packing: _Packing) -> int:
    geometries = cast(list[BaseGeometry], packing.geometries)
    geometries.append(value)
    return len(geometries) - 1


def _geometry(content: Any, packing: _Packing, *kinds: type[BaseGeometry]) -> BaseGeometry:
    if type(content) is not int or not 0 <= content < len(packing.geometries):
        raise Broken("no such geometry")
    found = packing.geometries[content]
    if not isinstance(found, kinds):
        raise Broken(f"{found.geom_type} is none of {kinds}")
    return found


def _made(make: Callable[[Any], Any], content: Any) -> Any:
    try:
        return make(content)
    except (ValueError, TypeError):
        raise Broken(f"{content!r:.80} is no value") from None


def _file(content: Any, packing: _Packing) -> Path:
    """A path below the root, by its words; what lies there is for the caller to look at when the writer is gone."""
    path = Path(content) if isinstance(content, str) and "\0" not in content else Path("/")
    if path.is_absolute() or ".." in path.parts:
        raise Broken("path leads elsewhere")
    return packing.root / path
