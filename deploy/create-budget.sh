#!/usr/bin/env bash
# Makes the budget that drives the kill switch, or adopts one; `deploy/create-budget.sh --help` says how.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
run_command create-budget "$@"
