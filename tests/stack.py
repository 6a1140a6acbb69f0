"""What `geoportal install` sets up, on loopback: nginx with the configuration of an installed machine, the web server
behind a door that stays open, workers. Ports, paths, the certificate and the share of a network are the test's own.
"""

import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from struct import Struct
from typing import Self

from geoportal.database.cluster import OWNER, Cluster
from geoportal.installing.plan import Place, nginx_site
from geoportal.settings import CHECKOUT, DESK_ROLE, READ_ROLE, SENSORS_ROLE, Settings
from tests.processes import Door, command, environment, free_port, running

_NGINX = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
worker_processes {processes};
events {{ worker_connections 2048; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/geoportal.conf;
}}
"""


_HEAD = Struct("@Qq")


@contextmanager
def machine(layers: Iterable[Path]) -> Iterator[tuple[Settings, Cluster]]:
    """An empty database and a home with these layers, of a machine of their own that is thrown away afterwards.

    Their sources the caller lays into `home / "data"`.
    """
    folder = Path(tempfile.mkdtemp(prefix="geoportal-machine-"))
    folder.chmod(0o711)
    try:
        with Cluster(folder / "postgres") as cluster:
            home = folder / "home"
            (home / "layers").mkdir(parents=True)
            (home / "config").symlink_to(CHECKOUT / "config")
            for layer in layers:
                (home / "layers" / layer.name).symlink_to(layer)
            urls = [cluster.url_of(role, "geoportal") for role in (OWNER, READ_ROLE, DESK_ROLE, SENSORS_ROLE)]
            settings = replace(
                Settings.from_env({}), database_url=urls[0], read_database_url=urls[1], desk_database_url=urls[2],
                sensors_database_url=urls[3], home=home, data=folder / "data", run=folder / "run",
            )  # fmt: skip
            settings.data.mkdir()
            yield settings, cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Proxy:
    """A context manager: nginx at `https://localhost:port` as `geoportal install` sets it up, in front of whatever
    listens at `door`.
    """

    def __init__(self, processes: int = 2) -> None:
        # a path of its own, short enough for a socket
        self.folder = Path(tempfile.mkdtemp(prefix="geoportal-stack-"))
        self.folder.chmod(0o755)
        self.door = self.folder / "web.sock"
        self.port, self._plain = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self._processes = processes
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE  # it has made its certificate itself
        self._stay = ExitStack()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def __enter__(self) -> Self:
        self._stay.callback(shutil.rmtree, self.folder, ignore_errors=True)
        with ExitStack() as undo:
            undo.push(self._stay)
            self._certificate()
            self._write()
            nginx = ["nginx", "-c", str(self.folder / "nginx.conf"), "-e", str(self.folder / "nginx-error.log")]
            self._stay.enter_context(running(nginx, os.environ, self.log))
            undo.pop_all()
        return self

    def __exit__(self, *fault: object) -> None:
        self._stay.close()

    def connection(self, source: str = "127.0.0.1") -> HTTPSConnection:
        return HTTPSConnection("127.0.0.1", self.port, timeout=300, context=self._context, source_address=(source, 0))

    def get(self, path: str, source: str = "127.0.0.1", **headers: str) -> Answer:
        return self.ask("GET", path, source=source, **headers)

    def ask(self, method: str, path: str, body: object = None, source: str = "127.0.0.1", **headers: str) -> Answer:
        """Underscores in the names of headers stand for hyphens."""
        named = {"Host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = self.connection(source)
        try:
            connection.request(method, path, body, named)  # type: ignore[arg-type]  # whatever http.client sends
            answer = connection.getresponse()
            told = {name.lower(): ", ".join(answer.headers.get_all(name, ())) for name in answer.headers}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def _certificate(self) -> None:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-keyout", self.folder / "tls.key", "-out", self.folder / "tls.crt"],
            check=True, capture_output=True,
        )  # fmt: skip

    def _write(self) -> None:
        place = Place("localhost", CHECKOUT, self.folder / "tls.crt", self.folder / "tls.key")
        site = nginx_site(place)
        for pattern, here in (
            (r"listen \[::\]:.*\n", "\n"),
            (r"listen 443", f"listen 127.0.0.1:{self.port}"),
            (r"listen 80", f"listen 127.0.0.1:{self._plain}"),
            (r"/run/geoportal-web\.sock", f"{self.door}"),
            (r"/var/log/nginx", str(self.folder)),
            (r"/var/cache/nginx", str(self.folder)),
            # what a slow machine can exceed too; readers of this machine are not counted
            (r"rate=60r/s", "rate=1r/s"),
            (r"burst=240", "burst=20"),
        ):
            site, number = re.subn(pattern, here, site)
            assert number, f"the configuration has no {pattern}"
        (self.folder / "geoportal.conf").write_text(site, "utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        whole = _NGINX.format(folder=self.folder, user=user, processes=self._processes)
        (self.folder / "nginx.conf").write_text(whole, "utf-8")


class Stack(Proxy):
    """A context manager: inside, `https://localhost:port` answers as an installed machine does.

    `settings` says which database and folders; its public address becomes the stack's. `more` is further environment of
    the web server; `workers` start with `work()`.
    """

    def __init__(self, settings: Settings, **more: str) -> None:
        super().__init__()
        self.settings = replace(settings, public_url=self.url)
        self._more = more

    @property
    def environ(self) -> dict[str, str]:
        return environment(
            self.settings,
            GEOPORTAL_DESK_DATABASE_URL=self.settings.require_desk_url(),
            GEOPORTAL_URL=self.url,
            GEOPORTAL_TRUSTED_PROXIES="1",
            **self._more,
        )

    def __enter__(self) -> Self:
        self.open_door()
        self._stay.callback(self.close_door)
        super().__enter__()
        with ExitStack() as undo:
            undo.push(self._stay)
            self.start_web()
            undo.pop_all()
        return self

    def __exit__(self, *fault: object) -> None:
        self.stop_web()
        super().__exit__(*fault)

    def open_door(self) -> None:
        self.door.unlink(missing_ok=True)
        self._door = Door(self.door)

    def close_door(self) -> None:
        """Nobody waits any more for a web server that is not there."""
        self._door.close()

    def start_web(self) -> None:
        """Returns when readers are served."""
        self._serving = ExitStack()
        self.web = self._serving.enter_context(self._door.serving(self.environ, self.log))
        deadline = time.monotonic() + 240
        while True:
            try:
                if self.get("/healthz").status == 200:
                    return
            except (OSError, HTTPException):
                pass
            assert self.web.poll() is None, self.log.read_text("utf-8", "replace")[-3000:]
            assert time.monotonic() < deadline, self.log.read_text("utf-8", "replace")[-3000:]
            time.sleep(0.1)

    def stop_web(self) -> None:
        """TERM, and back when it has answered what it was asked."""
        self._serving.close()

    def age_copies(self, hours: float) -> int:
        """As if nginx had kept what it has for so much longer; how many answers that are. It reads the time until which
        one is good in the head of its file (ngx_http_file_cache_header_t: after a word for the version).
        """
        files = [file for file in (self.folder / "geoportal").rglob("*") if file.is_file()]
        for file in files:
            with file.open("r+b") as kept:
                version, until = _HEAD.unpack(kept.read(_HEAD.size))
                kept.seek(0)
                kept.write(_HEAD.pack(version, until - int(hours * 3600)))
        return len(files)

    @contextmanager
    def work(self, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        with running(command("work"), self.environ | more, self.log) as process:
            yield process

    def web_workers(self) -> list[int]:
        """The processes that answer, without the one that watches over them."""
        found = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text("ascii").split()
        return [int(pid) for pid in found if b"geoportal" in Path(f"/proc/{pid}/cmdline").read_bytes()]
