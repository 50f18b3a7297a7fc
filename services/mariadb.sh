#!/usr/bin/env bash
# MariaDB for the tests of tenants' databases: mariadb.sh start FOLDER | stop FOLDER. The tests start servers of their own, so this only installs it.
# First install 30 s, 200 MB.
. "$(dirname "$0")/common.sh"
if [ "$verb" = stop ]; then exit; fi
command -v mariadbd > /dev/null || "$(dirname "$0")/packages.sh" mariadb-server >&2
