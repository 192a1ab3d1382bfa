#!/usr/bin/env bash
# Says how the deployed functions are; `deploy/doctor.sh --help` says how.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
run_command doctor "$@"
