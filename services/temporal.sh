#!/usr/bin/env bash
# A Temporal server (CLI 1.5.1, server 1.29.1, on SQLite, survives restarts) for the tests of the engine: temporal.sh start FOLDER [PORT 7233] | stop FOLDER
# Prints TEMPORAL_ADDRESS. Needs Go 1.25 or newer; the first install builds it, 3-7 minutes, 250 MB and 3 GB of caches; 120 MB of memory, up in a second.
. "$(dirname "$0")/common.sh"
if [ "$verb" = stop ]; then halt temporal; exit; fi
port=${port:-7233}
go=$(command -v go || echo /usr/local/go/bin/go)
[ -x "$go" ] || { say 'no Go: install Go 1.25 or newer'; exit 1; }
program=${GOBIN:-$("$go" env GOPATH)/bin}/temporal
if ! [ -x "$program" ]; then
  say 'building Temporal'
  CGO_ENABLED=0 "$go" install github.com/temporalio/cli/cmd/temporal@v1.5.1 >&2 # later versions have a replace line in go.mod, which go install refuses
fi
# with the write-ahead log and without a sync at each commit it does five times as many runs; the tests kill workers and the server, not the machine
background temporal "$program" server start-dev --headless --ip 127.0.0.1 --port "$port" --db-filename "$dir/temporal.db" \
  --sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=1 --log-level warn
healthy temporal 60 "$program" operator namespace describe -n default --address "127.0.0.1:$port"
echo "TEMPORAL_ADDRESS=127.0.0.1:$port"
