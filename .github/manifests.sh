#!/usr/bin/env bash
# Writes what package managers read: manifests.sh TAG REPOSITORY-URL, beside the archives in dist/: SHA256SUMS, a Homebrew
# formula (spectrum.rb) and a Scoop manifest (spectrum.json).
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../dist"

tag=$1
repository=$2
version=${tag#v}
sha256sum spectrum-"$tag"-* > SHA256SUMS

url() { # TARGET ENDING
    echo "$repository/releases/download/$tag/spectrum-$tag-$1.$2"
}

sum() { # TARGET ENDING
    local found
    found=$(sed -n "s/^\([0-9a-f]\{64\}\)  spectrum-$tag-$1\.$2\$/\1/p" SHA256SUMS)
    if [ -z "$found" ]; then
        echo "there is no archive for $1" >&2
        return 1
    fi
    echo "$found"
}

stanza() { # TARGET
    local checked
    checked=$(sum "$1" tar.gz)
    printf '      url "%s"\n      sha256 "%s"\n' "$(url "$1" tar.gz)" "$checked"
}

# Asked for first, so that a missing archive ends this before anything is written.
mac_arm=$(stanza aarch64-apple-darwin)
mac_intel=$(stanza x86_64-apple-darwin)
linux_arm=$(stanza aarch64-unknown-linux-musl)
linux_intel=$(stanza x86_64-unknown-linux-musl)
windows=$(sum x86_64-pc-windows-msvc zip)

cat > spectrum.rb <<RUBY
class Spectrum < Formula
  desc "Provision the users of a Photon Spectrum messaging project"
  homepage "$repository"
  version "$version"
  license "MIT"

  on_macos do
    on_arm do
$mac_arm
    end
    on_intel do
$mac_intel
    end
  end

  on_linux do
    on_arm do
$linux_arm
    end
    on_intel do
$linux_intel
    end
  end

  def install
    bin.install "spectrum"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/spectrum.bash" => "spectrum"
    zsh_completion.install "completions/_spectrum"
    fish_completion.install "completions/spectrum.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/spectrum --version")
    system bin/"spectrum", "sandbox", "exec", "--", bin/"spectrum", "users", "list"
  end
end
RUBY

cat > spectrum.json <<JSON
{
    "version": "$version",
    "description": "Provision the users of a Photon Spectrum messaging project",
    "homepage": "$repository",
    "license": "MIT",
    "architecture": {
        "64bit": {
            "url": "$(url x86_64-pc-windows-msvc zip)",
            "hash": "$windows",
            "extract_dir": "spectrum-$tag-x86_64-pc-windows-msvc"
        }
    },
    "bin": "spectrum.exe",
    "checkver": "github",
    "autoupdate": {
        "architecture": {
            "64bit": {
                "url": "$repository/releases/download/v\$version/spectrum-v\$version-x86_64-pc-windows-msvc.zip",
                "extract_dir": "spectrum-v\$version-x86_64-pc-windows-msvc"
            }
        }
    }
}
JSON
