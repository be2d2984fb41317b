#!/usr/bin/env bash
# Makes sure that the browser tests have a Chromium: the system's, else Debian's package, else Playwright's own download.
set -euo pipefail
cd "$(dirname "$0")/.."

has_chromium() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

install_debian_package() {
  [ "$(id -u)" = 0 ] && command -v apt-get || return 1
  echo "Installing Chromium for the browser tests ..." >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium </dev/null
  has_chromium
}

# Playwright knows by itself when its own copy is there already.
has_chromium >/dev/null || install_debian_package >/dev/null || .venv/bin/playwright install chromium
