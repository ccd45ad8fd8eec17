#!/bin/sh
# Create or update the topics and tables of every service, each with its own database role.
set -eu
migrate() {
  DATABASE_URL=$(cat "/run/secrets/$1_database_url") python -m "$2" migrate
}
migrate user user_service
migrate order_saga order_saga
migrate payment payment_service
