#!/usr/bin/env bash
# Brings to production what has proved itself in staging; `deploy/promote.sh --help` says how.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
run_command promote "$@"
