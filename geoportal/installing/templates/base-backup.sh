#!/bin/sh
# Geschrieben von `geoportal install`. Als postgres: eine Grundsicherung, mit der das Write-Ahead-Log erst etwas nützt. Behalten
# werden die zwei neuesten und alles Log ab der älteren; was davor liegt, braucht niemand mehr (docs/operations/backup.md).
set -eu
cd / # whoever calls it may stand where postgres may not
base={{ base }} wal={{ wal }}
rm -rf "$base/.new"
# das Log, das dazu gehört, liegt bei den anderen: das Programm wartet, bis es dort ist
# (die Programme in /usr/bin sind die der Version, die läuft)
pg_basebackup --pgdata="$base/.new" --checkpoint=fast --wal-method=none --no-password
rm -rf "$base/$(date +%F)"
mv "$base/.new" "$base/$(date +%F)"
find "$base" -mindepth 1 -maxdepth 1 -name '20*' | sort | head -n -2 | xargs -r rm -rf
oldest=$(find "$base" -mindepth 1 -maxdepth 1 -name '20*' | sort | head -n 1)
first=$(sed -nE 's/^START WAL LOCATION: .*\(file ([0-9A-F]{24})\)$/\1/p' "$oldest/backup_label")
pg_archivecleanup "$wal" "$first"
echo "$oldest: Log ab $first"
