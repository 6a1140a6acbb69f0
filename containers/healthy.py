"""Whether the web server in this container lives: whoever knocks at its door is answered. A file: podman-compose hands
the words of a command to a shell.
"""

import socket
import sys
from http.client import HTTPConnection

line = socket.socket(socket.AF_UNIX)
line.settimeout(5)
line.connect("/run/door/web.sock")
asking = HTTPConnection("localhost")
asking.sock = line
asking.request("GET", "/healthz")
sys.exit(asking.getresponse().status != 200)
