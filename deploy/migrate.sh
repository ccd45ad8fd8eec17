#!/bin/sh
# Create the topics and tables of every installed service, each in its own database with its role.
set -eu
services=$(python -m saga_messaging.service)
echo "$services" | while read -r name module; do
  DATABASE_URL=$(cat "/run/secrets/${name}_database_url") python -m "$module" migrate </dev/null
done
