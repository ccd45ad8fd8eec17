#!/bin/sh
# Topics and tables of every service, each in its own database with its own role.
set -eu
migrate() {
  DATABASE_URL=$(cat "/run/secrets/$1_database_url") python -m "$2" migrate
}
migrate user user_service
migrate order_saga order_saga
migrate payment payment_service
