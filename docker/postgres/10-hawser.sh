#!/bin/bash
# Run once by the image of PostgreSQL, in an empty data folder: one role, a database for each kind of server, closed to others.
set -euo pipefail
password=$(cat "$HAWSER_PASSWORD_FILE")
# the password goes by standard input: arguments can be seen
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
CREATE ROLE hawser LOGIN PASSWORD '${password//\'/\'\'}';
CREATE DATABASE hawser_rendezvous OWNER hawser;
CREATE DATABASE hawser_api OWNER hawser;
REVOKE CONNECT ON DATABASE hawser_rendezvous FROM PUBLIC;
REVOKE CONNECT ON DATABASE hawser_api FROM PUBLIC;
SQL
