#!/bin/bash
# Run once by the image of PostgreSQL, in an empty data folder: for each kind of server a database of its own, and the role that
# its file of settings names, which comes into that one alone.
set -euo pipefail
form='^postgresql://([a-z_][a-z0-9_]*):([A-Za-z0-9]+)@[^/]+/([a-z_][a-z0-9_]*)$'

# The statements for the role and database of a file.
of_file() {
	local url role password database
	url=$(cat "$1")
	if ! [[ $url =~ $form ]]; then
		echo "10-hawser.sh: $1 is not of the form postgresql://ROLE:PASSWORD@HOST/DATABASE" >&2
		return 1
	fi
	role=${BASH_REMATCH[1]} password=${BASH_REMATCH[2]} database=${BASH_REMATCH[3]}
	# folders of earlier versions have one role for both
	cat <<SQL
SELECT 'CREATE ROLE $role LOGIN PASSWORD ''$password''' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \gexec
CREATE DATABASE $database OWNER $role;
REVOKE ALL ON DATABASE $database FROM PUBLIC;
SQL
}

rendezvous=$(of_file "$HAWSER_RENDEZVOUS_STORE_FILE")
api=$(of_file "$HAWSER_API_STORE_FILE")
# the passwords go by standard input: arguments can be seen
psql -v ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
$rendezvous
$api
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SQL
