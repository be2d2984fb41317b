#!/bin/sh
# Writes the secrets that compose.yaml gives to its containers into secrets/, once: what is there already stays.
# The folder is closed to other users of this machine; the files in it must be readable for the containers' own users.
set -eu
cd "$(dirname "$0")/.."
mkdir -p secrets
chmod 700 secrets
umask 022

# once NAME VALUE: written when there is no such file yet.
once() {
    [ -e "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"
}

once mongo_keyfile "$(openssl rand -base64 700 | tr -d '\n')"
for name in mongo_root_password mongo_owner_password mongo_app_password; do
    once "$name" "$(openssl rand -hex 24)"
done
once jwt_secret "$(openssl rand -base64 48)"
once incoming_message_secret "$(openssl rand -base64 48)"

members=mongo1:27017,mongo2:27017,mongo3:27017
options="replicaSet=rs0&authSource=chairside"
once mongodb_owner_uri "mongodb://chairside_owner:$(cat secrets/mongo_owner_password)@$members/?$options"
once mongodb_uri "mongodb://chairside:$(cat secrets/mongo_app_password)@$members/?$options"

echo "The secrets are in $(pwd)/secrets. Keep a copy where you keep passwords: without them the database stays closed."
