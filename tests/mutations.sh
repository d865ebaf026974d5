#!/usr/bin/env bash
# Puts each fault of tests/simulator/mutations into a copy of the code and expects the simulator to find it within ten
# thousand histories; without any, it has to find nothing. Named ones alone: tests/mutations.sh NAME... PROFILE=dev builds
# sooner and plays more slowly.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R Cargo.toml Cargo.lock src tests benches completions README.md "$work/"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/mutations} CARGO_INCREMENTAL=1 SIMULATE_COUNT=10000
missed=0

simulate() { # what follows goes on standard output; 0 when all histories keep the laws
    (cd "$work" && cargo test --quiet --profile "${PROFILE:-simulator}" --test simulator 2>&1)
}

(cd "$work" && cargo test --quiet --profile "${PROFILE:-simulator}" --test simulator --no-run)
[ $# -gt 0 ] || { simulate > "$work/out" || { cat "$work/out"; exit 1; }; }
for patch in tests/simulator/mutations/*.patch; do
    name=$(basename "$patch" .patch)
    [[ $# -eq 0 || " $* " == *" $name "* ]] || continue
    patch --quiet --directory "$work" --strip 1 < "$patch"
    if simulate > "$work/out"; then
        missed=1
        echo "$name: not found"
    elif found=$(grep -o '^history .*' "$work/out"); then
        echo "$name: ${found:0:160}"
    else
        # It does not compile, say.
        cat "$work/out"
        exit 1
    fi
    patch --quiet --directory "$work" --strip 1 --reverse < "$patch"
done
exit $missed
