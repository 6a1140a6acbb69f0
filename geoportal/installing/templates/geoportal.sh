#!/bin/sh
# `geoportal` für den Betrieb: dieselben Einstellungen und dasselbe Konto wie die Dienste. Als root aufzurufen.
set -a
. /etc/geoportal/common.env
. /etc/geoportal/owner.env
[ ! -r /etc/geoportal/local.env ] || . /etc/geoportal/local.env
set +a
case "$1" in
install | upgrade) exec {{ program }}/.venv/bin/geoportal "$@" ;;
esac
exec runuser -u geoportal -- {{ program }}/.venv/bin/geoportal "$@"
