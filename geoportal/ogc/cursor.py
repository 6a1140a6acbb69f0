"""Where the next page begins: the keys of the last row of a page, as a word that is only to be handed back."""

import base64
import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

from geoportal.catalogue import FieldType
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.values import parse_value

NAME: Final = "cursor"
_DIGEST_BYTES: Final = 9
_LONGEST: Final = 4000
# What the parameter can be answered with, and what changes how rows are shown but not which rows follow which.
_BESIDE: Final = frozenset({NAME, "f", "lang", "limit", "offset", "crs", "properties", "skipGeometry"})


def write_cursor(keys: Sequence[Any], collection: str, parameters: Sequence[tuple[str, str]]) -> str:
    """`keys` are values of JSON. The word holds for this collection, filter and order."""
    body = json.dumps(keys, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(body, collection, parameters) + body).decode().rstrip("=")


def read_cursor(
    raw: str, collection: str, parameters: Sequence[tuple[str, str]], kinds: Sequence[FieldType]
) -> tuple[object, ...]:
    """The keys as values of these kinds. Raises InvalidParameter for a word that no `next` link of this query holds."""
    try:
        if len(raw) > _LONGEST or not raw.isascii():
            raise ValueError
        held = base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
        digest, body = held[:_DIGEST_BYTES], held[_DIGEST_BYTES:]
        if digest != _digest(body, collection, parameters):
            raise ValueError
        keys = json.loads(body)
        return tuple(
            None if key is None else parse_value(NAME, kind, _text(key)) for key, kind in zip(keys, kinds, strict=True)
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidParameter(
            f"{NAME}: gehört nicht zu dieser Abfrage; mit der ersten Seite beginnen und den Verweisen `next` folgen"
            " / does not belong to this query; begin with the first page and follow the `next` links"
        ) from error


def _text(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def _digest(body: bytes, collection: str, parameters: Sequence[tuple[str, str]]) -> bytes:
    deciding = sorted((name, value) for name, value in parameters if name not in _BESIDE)
    made_of = json.dumps([collection, deciding], ensure_ascii=False).encode()
    return blake2b(body + b"\0" + made_of, digest_size=_DIGEST_BYTES).digest()
