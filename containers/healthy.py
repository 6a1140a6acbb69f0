"""Whether the web server in this container lives. A file: podman-compose hands the words of a command to a shell."""

from urllib.request import urlopen

urlopen("http://127.0.0.1:8080/healthz", timeout=5).close()
