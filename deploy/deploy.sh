#!/usr/bin/env bash
# Deploys costguard's functions; `deploy/deploy.sh --help` says how.
set -euo pipefail
# shellcheck source=deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
run_command deploy "$@"
