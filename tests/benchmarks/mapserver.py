"""MapServer as a FastCGI process, asked without any web server between: to its advantage, a proxy costs too."""

import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import make_url

from geoportal.settings import Settings

PROGRAM: Final = Path("/usr/lib/cgi-bin/mapserv")
_BEGIN, _PARAMS, _STDIN, _STDOUT, _END = 1, 4, 5, 6, 3  # FastCGI 1.0, 8: types of records
_HEADER: Final = struct.Struct(">BBHHBx")

_MAP: Final = """
MAP
  NAME bench
  EXTENT 462000 5608000 511000 5652000
  SIZE 256 256
  PROJECTION "init=epsg:25832" END
  OUTPUTFORMAT
    NAME png
    DRIVER AGG/PNG
    MIMETYPE "image/png"
    IMAGEMODE RGBA
    TRANSPARENT ON
  END
  WEB
    METADATA
      "ows_title" "bench"
      "ows_onlineresource" "http://localhost/bench/"
      "ows_srs" "EPSG:25832 EPSG:3857 EPSG:4326"
      "ows_enable_request" "*"
    END
  END
  LAYER
    NAME bebauungsplaene
    TYPE POLYGON
    STATUS ON
    CONNECTIONTYPE POSTGIS
    CONNECTION "{connection}"
    DATA "geom FROM peer.bebauungsplaene USING UNIQUE id USING SRID=25832"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    PROJECTION "init=epsg:25832" END
    METADATA
      "ows_title" "Bebauungspläne"
      "ows_extent" "462000 5608000 511000 5652000"
    END
    CLASS
      STYLE
        OUTLINECOLOR "#ffffff"
        WIDTH 4
      END
      STYLE
        OUTLINECOLOR "#1c1c1c"
        WIDTH 1.6
      END
    END
  END
END
"""
_CONFIG: Final = 'CONFIG\n  MAPS\n    bench "{map}"\n  END\nEND\n'


def fetch(address: str) -> bytes:
    """The body of what the process answers; `fcgi:///path/of/socket/!/?query`. Raises OSError."""
    place, _, asked = address.removeprefix("fcgi://").partition("/!")
    parts = urlsplit(asked)
    told = {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": parts.query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
    }
    pairs = b"".join(
        struct.pack(">II", len(name) | 1 << 31, len(value.encode()) | 1 << 31) + name.encode() + value.encode()
        for name, value in told.items()
    )
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(place)
        line.sendall(
            _record(_BEGIN, struct.pack(">HB5x", 1, 0)) + _record(_PARAMS, pairs) + _record(_PARAMS) + _record(_STDIN)
        )
        answer = b"".join(_stdout(line))
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"xception" in head or b"<ServiceException" in body[:500] or not body:
        raise OSError(f"MapServer: {answer[:300]!r}")
    return body


def _record(kind: int, content: bytes = b"") -> bytes:
    return _HEADER.pack(1, kind, 1, len(content), 0) + content


def _stdout(line: socket.socket) -> Iterator[bytes]:
    with line.makefile("rb") as stream:
        while len(header := stream.read(8)) == _HEADER.size:
            _, kind, _, length, padding = _HEADER.unpack(header)
            content = stream.read(length + padding)[:length]
            if kind == _END:
                return
            if kind == _STDOUT:
                yield content


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[tuple[str, int]]:
    """The address before `/!`, and the process."""
    url = make_url(settings.require_database_url())
    connection = f"host={url.host} port={url.port} user={url.username} password={url.password} dbname={url.database}"
    (folder / "bench.map").write_text(_MAP.format(connection=connection), "utf-8")
    (folder / "mapserver.conf").write_text(_CONFIG.format(map=folder / "bench.map"), "utf-8")
    place = folder / "mapserver.sock"
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        # FastCGI 1.0, 2.2: the listening socket is file 0
        process = subprocess.Popen(
            [PROGRAM], stdin=listener.fileno(), env={"MAPSERVER_CONFIG_FILE": str(folder / "mapserver.conf")}
        )
    try:
        time.sleep(0.2)
        yield f"fcgi://{place}", process.pid
    finally:
        process.kill()  # told to terminate, it would wait for one more request
        process.wait(30)
