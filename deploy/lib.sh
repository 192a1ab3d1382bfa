# shellcheck shell=bash
# What the scripts in this folder share: they find Node and gcloud, and hand their arguments on.

run_command() { # NAME ARGUMENT…
  local here
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  if ! command -v node >/dev/null; then
    echo 'node is not on the PATH. Install it: https://nodejs.org/en/download' >&2
    exit 1
  fi
  if [ ! -d "$here/../node_modules" ]; then
    echo "The project's packages are not installed. Run this first: (cd \"$(dirname "$here")\" && npm ci)" >&2
    exit 1
  fi
  if ! command -v gcloud >/dev/null; then
    echo 'gcloud is not on the PATH. Install it: https://cloud.google.com/sdk/docs/install' >&2
    exit 1
  fi
  # Node's own requests take the proxy that gcloud takes: https://nodejs.org/api/cli.html#node_use_env_proxy1
  export NODE_USE_ENV_PROXY=1
  exec node "$here/node.js" "$here/commands/main.ts" "$@"
}
