#!/bin/sh
# Create a role and a database for each service; no other role may connect to it. PostgreSQL's image
# runs this script once, when the volume is empty.
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
