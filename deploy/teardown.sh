#!/usr/bin/env bash
# Removes what deploy.sh made; `deploy/teardown.sh --help` says how.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
run_command teardown "$@"
