#!/bin/sh
# Run once by PostgreSQL's image, on an empty volume: create a role and a database for each service
# that has a password among the secrets. No other service can connect to it.
set -eu
for file in /run/secrets/*_database_password; do
  name=$(basename "$file" _database_password)
  service=$name psql --set ON_ERROR_STOP=1 --set name="$name" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `cat "/run/secrets/${service}_database_password"`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
