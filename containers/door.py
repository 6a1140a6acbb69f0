"""The web server's door, as systemd's socket units are one: it stays open while whoever is behind it starts again, and
who knocks meanwhile waits instead of being turned away.

    door.py hold FOLDER                 listens at FOLDER/web.sock, and hands the socket to whoever asks
    door.py behind FOLDER COMMAND …     becomes the command, with the socket as systemd hands it over

When the holder ends, so does who is behind it (TERM): the next holder opens another door, and nobody comes through the
old one any more.
"""

import fcntl
import os
import select
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

BACKLOG = 2048
FIRST = 3  # the number at which systemd begins to hand over


def hold(folder: Path) -> NoReturn:
    door = _listening(folder / "web.sock", 0o666)  # the proxy has another account
    hand = _listening(folder / "hand.sock", 0o600)
    while True:
        asker, _ = hand.accept()
        socket.send_fds(asker, [b"."], [door.fileno()])
        threading.Thread(target=_until_it_leaves, args=(asker,), daemon=True).start()


def behind(folder: Path, command: list[str]) -> NoReturn:
    asked = _holder(folder / "hand.sock")
    _, [door], _, _ = socket.recv_fds(asked, 1, 1)
    # whatever this process becomes, the kernel tells it when the other end of this line is gone
    line = fcntl.fcntl(asked, fcntl.F_DUPFD, FIRST + 1)
    fcntl.fcntl(line, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(line, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(line, fcntl.F_SETFL, fcntl.fcntl(line, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([line], [], [], 0)[0]:
        sys.exit("the holder of the door is gone again")
    os.dup2(door, FIRST)
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    os.execvp(command[0], command)  # noqa: S606  (what compose.yaml says)


def _listening(path: Path, mode: int) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(mode)
    listener.listen(BACKLOG)
    return listener


def _until_it_leaves(asker: socket.socket) -> None:
    with asker:
        asker.recv(1)


def _holder(path: Path) -> socket.socket:
    """The line to whoever holds the door, as soon as somebody does."""
    while True:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            line.close()
            time.sleep(0.1)
        else:
            return line


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["hold", folder]:
            hold(Path(folder))
        case ["behind", folder, *command] if command:
            behind(Path(folder), command)
        case _:
            sys.exit(__doc__)
