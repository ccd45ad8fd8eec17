#!/bin/sh
# Run once by PostgreSQL's image, on an empty volume: a role and a database for each service, which
# nobody else may use.
set -eu
for service in user order_saga payment; do
  service=$service psql --set ON_ERROR_STOP=1 --set name="$service" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `cat "/run/secrets/${service}_database_password"`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
