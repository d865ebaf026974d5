#!/usr/bin/env bash
# Runs other people's clients, as they are published, against the sandbox, with a project that owns lines and with one
# that owns none, and compares what they ask with tests/clients/*.json. Wants node with npm, python3 with pip, and the
# network for those two alone: the clients themselves reach nothing but loopback. Handlers that verify with other people's
# code get what `webhooks send` sends and what the sandbox fires.
set -euo pipefail
cd "$(dirname "$0")/.."

here=$PWD/tests/clients
[ -n "${SPECTRUM:-}" ] || cargo build --quiet
spectrum=$(realpath "${SPECTRUM:-target/debug/spectrum}")
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
failed=0
skipped=0

cat > "$work/shared.toml" <<'TOML'
[[projects]]
id = "5a4db0c5-7e1f-4c3a-9b2d-0f5e8c7d1a60"
secret = "sandbox-secret-known-to-everybody"
lines = []
TOML

# The requests of a conversation, or of the sandbox's log, in one form. What a client asks at once comes in any order.
expected() { # FILE KIND
    sed -n "/\"project\": \"$2\"/,/^    }/p" "$1" |
        sed -n 's/.*"method": "\([A-Z]*\)", "path": "\([^"?]*\)[^"]*", "status": \([0-9]*\).*/\1 \2 \3/p' | sort
}
logged() { # LOG
    sed -n 's#^\([A-Z]* /[^ ]* [0-9]*\) .*#\1#p' "$1" |
        sed 's#/5a4db0c5-7e1f-4c3a-9b2d-0f5e8c7d1a60/#/{projectId}/#' | sort
}

skip() { # NAME WHY
    skipped=1
    echo "$1: not run: $2"
}

talk() { # NAME VERSION FOLDER COMMAND...
    local name=$1 version=$2 folder=$3 kind recorded="$here/$1-${2%%.*}.json"
    shift 3
    [ -e "$recorded" ] || recorded="$here/$name.json"
    for kind in dedicated shared; do
        local base="$work/$name-$version-$kind" options=()
        [ "$kind" = dedicated ] || options=(--projects "$work/shared.toml")
        : > "$base.variables"
        "$spectrum" sandbox serve --listen 127.0.0.1:0 --memory --rate-limit 0 "${options[@]}" \
            > "$base.variables" 2> "$base.log" &
        server=$!
        while [ "$(wc -l < "$base.variables")" -lt 3 ]; do
            kill -0 $server && sleep 0.1
        done
        if (
            cd "$folder"
            set -a
            . "$base.variables"
            PHOTON_SPECTRUM_HOST=$SPECTRUM_CLOUD_URL HOME=$base.home HERMES_HOME=$base.home
            set +a
            "$@"
        ) > "$base.out" 2>&1; then
            kill $server && wait $server || true
            if diff <(expected "$recorded" "$kind") <(logged "$base.log") > "$base.diff"; then
                echo "$name $version, $kind: $(logged "$base.log" | wc -l) requests, as recorded$(
                    sed -n 's/^wanted /; then /p' "$base.out" | tr -d '\n')"
            else
                failed=1
                echo "$name $version, $kind: other requests than recorded (< recorded, > sent)"
                cat "$base.diff"
            fi
        else
            failed=1
            kill $server && wait $server || true
            echo "$name $version, $kind: failed"
            tail -40 "$base.out"
            cat "$base.log"
        fi
    done
}

npm_client() { # NAME VERSION PACKAGE...
    local name=$1 version=$2 folder="$work/npm-$1-$2"
    shift 2
    mkdir "$folder"
    echo '{"private": true, "type": "module"}' > "$folder/package.json"
    if ! (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --silent "$@"); then
        skip "$name $version" "npm cannot install it"
        return
    fi
    cp "$here/$name.mjs" "$here/loopback.mjs" "$folder/"
    talk "$name" "$version" "$folder" node --import ./loopback.mjs "$name.mjs"
}

# What `webhooks send` sends and the sandbox fires, to handlers that verify it with what others published.
webhook_handlers() {
    local folder="$work/npm-webhooks"
    mkdir "$folder"
    echo '{"private": true, "type": "module"}' > "$folder/package.json"
    if ! (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --silent \
        spectrum-ts@12.8.0 standardwebhooks@1.1.1 svix@1.99.1); then
        skip "webhook handlers" "npm cannot install them"
        return
    fi
    cp "$here/webhooks.mjs" "$here/loopback.mjs" "$folder/"
    if ! (
        cd "$folder"
        HOME=$folder "$spectrum" sandbox exec -- node --import ./loopback.mjs webhooks.mjs "$spectrum"
    ) > "$folder/out" 2> "$folder/errors"; then
        failed=1
        echo "webhook handlers: failed"
        tail -40 "$folder/errors"
    fi
    # The SDK writes its log there, too.
    sed -n '/: accepted/s/^/webhook handler /p' "$folder/out"
}

# What README shows: tests that start a sandbox of their own, in TypeScript and in Python.
example() { # NAME COMMAND...
    local name=$1
    shift
    if SPECTRUM=$spectrum HOME=$work timeout 60 "$@" > "$work/example" 2>&1; then
        echo "$name: passed"
    else
        failed=1
        echo "$name: failed"
        tail -40 "$work/example"
    fi
}

typescript_example() {
    local folder="$work/npm-typescript"
    mkdir "$folder"
    echo '{"private": true, "type": "module"}' > "$folder/package.json"
    cp "$here/sandbox.test.ts" "$folder/"
    # Older versions of node don't read TypeScript; and somebody has to look at the types.
    if ! (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --silent typescript@5.9.3 @types/node@24); then
        skip sandbox.test.ts "npm cannot install TypeScript"
    elif ! (cd "$folder" && npx tsc --strict --target es2023 --module nodenext --types node sandbox.test.ts); then
        failed=1
        echo "sandbox.test.ts: its types are wrong"
    else
        example sandbox.test.ts node --test "$folder/sandbox.test.js"
    fi
}

if command -v node > /dev/null && command -v npm > /dev/null; then
    typescript_example
    webhook_handlers
    for version in 1.18.0 8.2.2 12.8.0; do
        npm_client spectrum-ts $version spectrum-ts@$version
    done
    npm_client chat-adapter-imessage 3.2.0 @photon-ai/chat-adapter-imessage@3.2.0 chat@4.32.0
    npm_client eve 0.80.1 eve@0.80.1
else
    skip "the clients on npm" "node with npm is not here"
fi

if command -v python3 > /dev/null; then
    example test_sandbox.py python3 -W error -B "$here/test_sandbox.py"
else
    skip test_sandbox.py "python3 is not here"
fi

if python3 -c 'import venv, ensurepip' 2> /dev/null; then
    python3 -m venv "$work/venv"
    if "$work/venv/bin/pip" install --quiet --disable-pip-version-check hermes-agent==0.19.0; then
        talk hermes-agent 0.19.0 "$work" "$work/venv/bin/python" "$here/hermes-agent.py"
    else
        skip "hermes-agent 0.19.0" "pip cannot install it"
    fi
else
    skip "hermes-agent" "python3 with venv and pip is not here"
fi

[ $failed -eq 0 ] || exit 1
# What was not run is not well: test runners take 77 for "skipped".
[ $skipped -eq 0 ] || exit 77
