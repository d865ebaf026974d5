#!/usr/bin/env bash
# Runs schemathesis against the sandbox, in every revision, by the document that it serves at /openapi/json.
# Wants python3 with pip, and the network for pip alone. CASES is how many are tried per operation (default 500: some
# forty thousand over the revisions, a few minutes).
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.32.5
cases=${CASES:-500}

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "not run: python3 with venv and pip is not here" >&2
    exit 77
fi
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
if ! "$work/venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"; then
    echo "not run: pip cannot install schemathesis $version" >&2
    exit 77
fi
[ -n "${SPECTRUM:-}" ] || cargo build --release --quiet
spectrum=${SPECTRUM:-target/release/spectrum}

cat > "$work/schemathesis.toml" <<'TOML'
# What the document does not name is ignored, by the document's own word.
[generation]
allow-extra-parameters = false

# A method that a path does not know is an unknown route, 404, as at the service; not 405.
[checks]
unsupported_method.enabled = false

# A body can be right and yet refused: for a full project, an empty pool, a line that the project does not own.
[[operations]]
include-operation-id = "postProjectsByProjectIdUsers"
checks.positive_data_acceptance.expected-statuses = ["2xx", 402, 422, 503]
TOML

try() {
    local revision=$1 base="$work/$1" SPECTRUM_CLOUD_URL SPECTRUM_PROJECT_ID SPECTRUM_PROJECT_SECRET
    : > "$base.variables"
    "$spectrum" sandbox serve --listen 127.0.0.1:0 --memory --rate-limit 0 --pool 10000 --max-shared-users 2000 \
        --revision "$revision" > "$base.variables" 2> "$base.log" &
    server=$!
    while [ "$(wc -l < "$base.variables")" -lt 3 ]; do
        kill -0 $server && sleep 0.1
    done
    . "$base.variables"
    # The document as it is served, with the one project that is there in place of any id: a stranger's is only refused.
    "$work/venv/bin/python" - "$SPECTRUM_CLOUD_URL" "$SPECTRUM_PROJECT_ID" > "$base.json" <<'PYTHON'
import json, sys, urllib.request

url, project = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
document = json.load(opener.open(f"{url}/openapi/json"))
for path in document["paths"].values():
    for operation in path.values():
        for parameter in operation["parameters"]:
            if parameter["name"] == "projectId":
                parameter["schema"] = {"type": "string", "enum": [project]}
json.dump(document, sys.stdout)
PYTHON
    # It keeps a cache in the folder where it runs.
    (
        cd "$work"
        NO_PROXY=127.0.0.1 venv/bin/schemathesis --config-file schemathesis.toml run "$base.json" \
            --url "$SPECTRUM_CLOUD_URL" --auth "$SPECTRUM_PROJECT_ID:$SPECTRUM_PROJECT_SECRET" --max-examples "$cases" \
            --generation-database none --continue-on-failure --warnings off --no-color
    ) > "$base.report" 2>&1
    kill $server
}

status=0
for revision in 2026-05 2026-06 2026-09; do
    if try "$revision"; then
        echo "$revision: $(sed -n 's/^ *\([0-9].* generated.*\)/\1/p' "$work/$revision.report")"
    else
        status=1
        kill $server
        cat "$work/$revision.report"
    fi
done
exit $status
