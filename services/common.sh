# Sourced by the service scripts, which start real services for the tests: NAME.sh start FOLDER [PORT] | stop FOLDER
# start installs what is missing, starts in the background on 127.0.0.1, waits until healthy, and prints VARIABLE=value lines
# on stdout, all else on stderr: export $(services/redis.sh start tmp/redis). A second start changes nothing.
# A folder holds the data, NAME.log and NAME.pid ("pid start-time": a reused pid is not ours).
set -euo pipefail
verb=${1:-}
port=${3:-}
case "$verb" in start | stop) ;; *) sed -n '2,3p' "$0" >&2; exit 2 ;; esac
mkdir -p "${2:?data folder}"
dir=$(cd "$2" && pwd)

say() { echo "$*" >&2; }

# The start time of a living process; nothing for a zombie or none.
born() {
  local fields
  fields=$(sed 's/.*) //' "/proc/$1/stat" 2> /dev/null) || true
  case $fields in Z* | X* | '') ;; *) cut -d' ' -f20 <<< "$fields" ;; esac
}

running() {
  local pid since
  { read -r pid since < "$dir/$1.pid"; } 2> /dev/null && [ -n "$since" ] && [ "$(born "$pid")" = "$since" ]
}

# background NAME COMMAND...
background() {
  local name=$1
  shift
  if running "$name"; then return; fi
  nohup "$@" > "$dir/$name.log" 2>&1 < /dev/null &
  echo "$! $(born $!)" > "$dir/$name.pid"
}

# healthy NAME SECONDS COMMAND...
healthy() {
  local name=$1 end=$((SECONDS + $2))
  shift 2
  until "$@" > /dev/null 2>&1; do
    if ! running "$name" || [ $SECONDS -ge $end ]; then
      say "$name did not come up:"
      tail -5 "$dir/$name.log" >&2
      exit 1
    fi
    sleep 0.2
  done
}

halt() {
  local pid
  if running "$1"; then
    pid=$(cut -d' ' -f1 "$dir/$1.pid")
    kill "$pid"
    for _ in $(seq 50); do running "$1" || break; sleep 0.2; done
    if running "$1"; then kill -9 "$pid"; fi
  fi
  rm -f "$dir/$1.pid"
}
