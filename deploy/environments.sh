#!/bin/sh
# Install each service into a virtual environment of its own, /app/NAME, which has its dependencies
# alone; the Stripe emulator into /app/emulator; all services into /app/migrate, for migrations.
# The arguments are passed on to `uv sync`.
set -eu

sync() {
  environment=$1
  shift
  UV_PROJECT_ENVIRONMENT=/app/$environment uv sync --frozen --no-dev "$@"
}

package_of() {
  sed -n 's/^name = "\(.*\)"$/\1/p' "$1/pyproject.toml"
}

all=
for folder in services/*; do
  package=$(package_of "$folder")
  all="$all --package $package"
  sync "$(basename "$folder")" --package "$package" "$@"
done
sync emulator --package stripe-emulator "$@"
# shellcheck disable=SC2086 # one word each
sync migrate $all "$@"
