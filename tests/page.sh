#!/usr/bin/env bash
# Opens the page of `sandbox serve` in a headless Chromium, as a person would, and with --picture [FILE] draws README's
# picture of it instead. Wants node with npm, Chromium (Debian's is installed where that can be done), and the network for
# those two alone: the page itself reaches nothing but its own server.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { # WHY
    echo "the page: not run: $1"
    # What was not run is not well: test runners take 77 for "skipped".
    exit 77
}

command -v node > /dev/null && command -v npm > /dev/null || skip "node with npm is not here"

find_chromium() {
    CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
    [ -n "$CHROMIUM" ]
}
if ! find_chromium && command -v apt-get > /dev/null; then
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root="sudo -n"
    { timeout 300 $as_root apt-get update && timeout 900 $as_root apt-get install -y --no-install-recommends chromium fonts-liberation; } > /dev/null 2>&1 || true
fi
find_chromium || skip "no browser is to be had: install chromium, or name one in CHROMIUM"

[ -n "${SPECTRUM:-}" ] || cargo build --quiet
SPECTRUM=$(realpath "${SPECTRUM:-target/debug/spectrum}")
export SPECTRUM CHROMIUM
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp tests/page/*.mjs "$work/"
echo '{"private": true, "type": "module"}' > "$work/package.json"
(cd "$work" && timeout 300 npm install --ignore-scripts --no-audit --no-fund --silent playwright-core@1.65.1 axe-core@4.14.1) ||
    skip "npm cannot install playwright-core and axe-core"

if [ "${1:-}" = --picture ]; then
    picture=$(realpath -m "${2:-.github/page.png}")
    HOME=$work node "$work/picture.mjs" "$picture"
else
    HOME=$work timeout 900 node "$work/run.mjs" "$@"
fi
