#!/usr/bin/env bash
# Other systems, from a Debian machine: cross.sh [PART]..., by default all of them.
#   clippy   reads the code as Windows and macOS compile it
#   musl     runs the tests as the static binary that a release for Linux is
#   windows  runs the tests as a Windows program, under Wine
# Wants apt, python3 with pip, and the network for these; takes 1.5 GB and, from nothing, some twenty minutes on two cores.
# What cannot be had is said, and exits 77. CROSS_TOOLS names a folder to keep everything in (default: target/cross).
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(realpath -m "${CROSS_TOOLS:-target/cross}")
mkdir -p "$tools"

missing() { echo "cross: not run: $*" >&2 && exit 77; }

# The standard library of each target. rustup has them ready made; where it cannot add them, Debian's own Rust brings the
# source, and they are built. It is unpacked, not installed: this machine's Rust stays as it is.
targets=(x86_64-pc-windows-gnu aarch64-apple-darwin x86_64-unknown-linux-musl)
std=()
if ! { command -v rustup && rustup target add "${targets[@]}" && rustup component add clippy; } > /dev/null 2>&1; then
    if [ ! -x "$tools/rust/usr/bin/cargo-clippy" ]; then
        packages=(rustc-web cargo-web rust-web-clippy rust-web-src libstd-rust-web-1.96 libstd-rust-web-dev libllvm22
            libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedx509-1 libmbedtls14)
        mkdir -p "$tools/debs"
        (cd "$tools/debs" && apt-get update && apt-get download "${packages[@]}") > "$tools/apt.log" 2>&1 ||
            missing "neither rustup nor apt has Rust for other systems; see $tools/apt.log"
        for package in "$tools"/debs/*.deb; do dpkg -x "$package" "$tools/rust"; done
    fi
    rust=$tools/rust/usr
    export LD_LIBRARY_PATH=$rust/lib/x86_64-linux-gnu RUSTC=$rust/bin/rustc RUSTDOC=$rust/bin/rustdoc RUSTC_BOOTSTRAP=1
    export PATH=$rust/bin:$PATH
    # Such a library comes without the objects that a program begins with; Zig has them.
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS="-C link-self-contained=no"
    std=("-Zbuild-std=std,panic_unwind")
fi
export CARGO_TARGET_DIR=$tools/target

zig() { # A C compiler and linker for macOS and musl.
    if [ ! -x "$tools/venv/bin/cargo-zigbuild" ]; then
        { python3 -m venv "$tools/venv" && "$tools/venv/bin/pip" install --quiet ziglang==0.15.2 cargo-zigbuild; } \
            > "$tools/pip.log" 2>&1 || missing "pip cannot install Zig; see $tools/pip.log"
    fi
    export PATH=$tools/venv/bin:$PATH
    export CARGO_ZIGBUILD_CACHE_DIR=$tools/zb ZIG_GLOBAL_CACHE_DIR=$tools/zig ZIG_LOCAL_CACHE_DIR=$tools/zig
}

installed() { # PROGRAM PACKAGE...
    local program=$1
    shift
    command -v "$program" > /dev/null || apt-get install -y --no-install-recommends "$@" > "$tools/apt.log" 2>&1 ||
        missing "apt cannot install $*; see $tools/apt.log"
}

clippy() {
    installed x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
    cargo clippy --locked --all-targets "${std[@]}" --target x86_64-pc-windows-gnu -- -D warnings
    zig
    cargo-zigbuild clippy --locked --all-targets "${std[@]}" --target aarch64-apple-darwin -- -D warnings
    echo "cross: clippy has nothing to say for Windows and macOS"
}

musl() {
    zig
    local args=(--locked "${std[@]}" --target x86_64-unknown-linux-musl)
    cargo-zigbuild test "${args[@]}"
    echo "cross: the tests pass as a static binary"
}

windows() {
    installed x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
    installed wine wine wine64
    export WINEPREFIX=$tools/wine WINEDEBUG=-all
    local system=$WINEPREFIX/drive_c/windows/system32
    if [ ! -e "$system/bcryptprimitives.dll" ]; then
        env -u LD_LIBRARY_PATH wine wineboot -i
        # Wine 8 lacks the library that Rust takes its random numbers from.
        printf '%s\n' '#include <windows.h>' 'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);' \
            '__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE d, SIZE_T n) { return SystemFunction036(d, (ULONG)n); }' \
            > "$tools/shim.c"
        x86_64-w64-mingw32-gcc -O2 -shared -o "$system/bcryptprimitives.dll" "$tools/shim.c" -ladvapi32
        env -u LD_LIBRARY_PATH wine reg add 'HKCU\Software\Wine' /v Version /d win10 /f
    fi
    printf '#!/bin/bash\nunset LD_LIBRARY_PATH SSL_CERT_FILE\nexec wine "$@"\n' > "$tools/run-wine"
    chmod +x "$tools/run-wine"
    # Left out is what Wine fails: there is no git.exe, and its crypt32 takes no CA of one's own ("Invalid parameter").
    local left_out=(the_version_names_the_package_and_the_commit
        tls::a_ca_of_ones_own_is_trusted tls::an_unknown_ca_is_refused_at_once tls::https_goes_through_the_proxy
        tls::a_delivery_goes_to_a_handler_whose_ca_is_named tls::a_doctor_tells_a_certificate_that_nobody_knows
        tls::a_proxy_that_lets_nobody_through tls::a_socks_proxy_is_used tls::what_is_no_proxy_never_means_a_direct)
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$tools/run-wine \
        cargo test --locked "${std[@]}" --target x86_64-pc-windows-gnu -- --test-threads 2 "${left_out[@]/#/--skip=}"
    echo "cross: the tests pass under Wine"
}

[ $# -gt 0 ] || set -- clippy musl windows
for part in "$@"; do
    case $part in
    clippy | musl | windows) "$part" ;;
    *) echo "cross: there is no part $part; there are clippy, musl and windows" >&2 && exit 2 ;;
    esac
done
