#!/usr/bin/env bash
# Installs Debian packages that are missing: packages.sh NAME... The lists are fetched anew; three tries, for a mirror may be busy.
set -euo pipefail
missing=()
for name in "$@"; do dpkg -s "$name" > /dev/null 2>&1 || missing+=("$name"); done
if [ ${#missing[@]} -eq 0 ]; then exit; fi
echo "Installing ${missing[*]}"
for try in 1 2 3; do
  if apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" > /dev/null; then exit; fi
  echo "That failed (try $try of 3)."
  sleep $((try * 5))
done
exit 1
