#!/usr/bin/env bash
# Runs the fuzz targets: fuzz.sh [MINUTES] [TARGET]..., by default one minute of each that is in tests/fuzz/targets.
# Wants Linux, a C++ compiler, cargo-fuzz (or the network to install it under target/fuzz), and from nothing ten minutes on two
# cores. What cannot be had is said, and exits 77. A finding fails, and its input stays in target/fuzz/found; what reaches new
# code stays in target/fuzz/corpus for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-1}
shift || true
[ $# -gt 0 ] || set -- tests/fuzz/targets/*.rs
work=$PWD/target/fuzz
mkdir -p "$work"

missing() { echo "fuzz: not run: $*" >&2 && exit 77; }

export PATH=$PATH:$work/bin
command -v cargo-fuzz > /dev/null || cargo install --quiet --locked --root "$work" cargo-fuzz > "$work/install.log" 2>&1 ||
    missing "cargo-fuzz is not here and cannot be installed; see $work/install.log"
# Counting what is reached takes flags that a stable compiler has, and keeps for nightly ones.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$work/target ASAN_OPTIONS=detect_odr_violation=0
host=$(rustc -vV | sed -n 's/^host: //p')
case $host in *-linux-gnu) ;; *) missing "the targets are built for Linux, and this is $host" ;; esac
cargo fuzz build --fuzz-dir tests/fuzz --target "$host"

failed=()
for target; do
    target=$(basename "$target" .rs)
    mkdir -p "$work/found/$target" "$work/corpus/$target"
    # Ten seconds for one input is a finding, too.
    (cd "$work/found/$target" && "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time=$((60 * minutes)) -timeout=10 \
        -max_len=4096 -dict="$OLDPWD/tests/fuzz/dictionaries/$target" \
        "$work/corpus/$target" "$OLDPWD/tests/fuzz/corpus/$target") > "$work/$target.log" 2>&1 || failed+=("$target")
    grep -h "^Done\|panicked at" -A 1 "$work/$target.log" | sed "s/^/$target: /" || :
done
[ ${#failed[@]} -eq 0 ] || { echo "fuzz: ${failed[*]}: see $work/found and the logs beside it" >&2 && exit 1; }
echo "fuzz: nothing was found"
