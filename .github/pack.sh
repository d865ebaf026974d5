#!/usr/bin/env bash
# Packs a release build: pack.sh TARGET TAG. Writes dist/spectrum-TAG-TARGET.tar.gz, or .zip for Windows, with the binary,
# the completions, the manual pages and what is worth reading.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$1
name=spectrum-$2-$target
case $target in
*windows*) binary=spectrum.exe ;;
*) binary=spectrum ;;
esac
built=target/$target/release/$binary

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/$name"
cp "$built" "$work/$name/"
cp README.md LICENSE CHANGELOG.md config.example.toml "$work/$name/"
cp -r completions "$work/$name/"

# It has to run here, and do its main job, before anybody else is given it.
"$built" -q man --dir "$work/$name/man"
export SPECTRUM_CONFIG=$work/none.toml
[ "$("$built" sandbox exec -- "$built" -q users create --shared --phone +14155550123 -o json --fields phoneNumber | tr -d ' \r\n')" \
    = '{"phoneNumber":"+14155550123"}' ]
case $target in
*musl*) ! ldd "$built" 2>/dev/null | grep '=>' ;;
esac

mkdir -p dist
case $target in
*windows*) (cd "$work" && 7z a -bso0 "$name.zip" "$name") && mv "$work/$name.zip" dist/ ;;
*) tar -C "$work" -czf "dist/$name.tar.gz" "$name" ;;
esac
