#!/bin/sh
# Write .env beside docker-compose.yml with passwords of 160 random bits each; an existing .env is left as it is.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo ".env 已存在，未作改动。 .env exists and was left as it is." >&2
  exit 0
fi
umask 077
random() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }
new=".env.new.$$"
trap 'rm -f "$new"' EXIT
while IFS= read -r line; do
  case "$line" in
    *_PASSWORD=) printf '%s%s\n' "$line" "$(random)" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < .env.example > "$new"
mv "$new" .env
echo "已写入 .env。 Wrote .env." >&2
