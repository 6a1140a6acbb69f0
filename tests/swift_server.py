"""OpenStack Swift with its S3 interface on loopback, over TLS: its four servers in one process, a copy of each object.

Run by the system's Python, for which Debian packages Swift:  python3 swift_server.py FOLDER PORT KEY SECRET
FOLDER holds tls.crt and tls.key, and what is stored.
"""

import eventlet

eventlet.monkey_patch()

import array  # noqa: E402 - nothing may be loaded before it is patched
import logging  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from eventlet import wsgi  # noqa: E402
from swift.account.server import AccountController  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common.http_protocol import SwiftHttpProtocol  # noqa: E402
from swift.common.ring import RingData  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402
from swift.container.server import ContainerController  # noqa: E402
from swift.obj.server import ObjectController  # noqa: E402

_PROXY = """
[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats s3api tempauth copy dlo slo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
log_level = ERROR
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_kreis_{key} = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
"""


class Forgetful:
    """What Swift asks of a memcached, by one that remembers nothing."""

    def get(self, key: object, raise_on_error: bool = False) -> None:
        pass

    def set(self, *what: object, **how: object) -> None:
        pass

    def delete(self, key: object) -> None:
        pass


def main(folder: Path, port: int, key: str, secret: str) -> None:
    devices = folder / "devices"
    (devices / "disk").mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = loopback\n")
    utils.set_swift_dir(str(folder))
    conf = {"devices": str(devices), "mount_check": "false", "swift_dir": str(folder), "log_level": "ERROR"}
    logger = utils.get_logger(conf, log_to_console=True)
    silent = logging.getLogger("silent")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    controllers = {"account": AccountController, "container": ContainerController, "object": ObjectController}
    for name, controller in controllers.items():
        door = eventlet.listen(("127.0.0.1", 0))
        disk = {
            "id": 0, "region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1", "port": door.getsockname()[1],
            "device": "disk", "replication_ip": "127.0.0.1", "replication_port": door.getsockname()[1],
        }  # fmt: skip
        RingData([array.array("H", [0, 0])], [disk], 31).save(str(folder / f"{name}.ring.gz"))
        eventlet.spawn(wsgi.server, door, controller(conf, logger), silent, protocol=SwiftHttpProtocol)
    (folder / "proxy.conf").write_text(_PROXY.format(folder=folder, key=key, secret=secret))
    proxy = loadapp(str(folder / "proxy.conf"))

    def remembering_nothing(env: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        env["swift.cache"] = Forgetful()
        return proxy(env, start_response)

    door = eventlet.wrap_ssl(
        eventlet.listen(("127.0.0.1", port), backlog=128),
        certfile=str(folder / "tls.crt"), keyfile=str(folder / "tls.key"), server_side=True,
    )  # fmt: skip
    wsgi.server(door, remembering_nothing, silent, protocol=SwiftHttpProtocol, debug=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
