#!/usr/bin/env bash
# The main job with curl, command by command, against a fresh `make run`; its output is the README's transcript.
# Needs curl 7.82 or newer and python3. Elsewhere: api=http://localhost:8000 docs/main_job.sh
set -euo pipefail
cd "$(dirname "$0")/.."
rm -f passwords.csv

# Shows a command as one would type it, then runs it.
run() { printf '$ %s\n' "$1"; eval "$1"; echo; }

# pick a.0.b takes a value out of JSON.
pick() { python3 -c 'import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split(".") if sys.argv[1:] else []:
    value = value[int(key)] if key.isdecimal() else value[key]
print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1))' "$@"; }

log_in() { curl -s "$api/login" --json "{\"email\": \"$1\", \"password\": \"$2\"}" | pick access; }

api=${api:-http://localhost:3002}

echo '# An administrator imports the class list; the two bad rows are named and stop nothing else.'
run '.venv/bin/python manage.py import_people groups/tests/data/class-list-ru.csv --apply --passwords passwords.csv | grep -v "new person:"'

echo '# They give the class a teacher.'
run 'admin=$(log_in admin@demo.example attendance-demo)'
run 'group=$(curl -s -G "$api/groups" -d page_size=1 --data-urlencode "search=к0711-21/1" -H "Authorization: Bearer $admin" | pick results.0.id)'
run 'teacher_id=$(curl -s "$api/users?search=teacher@demo.example" -H "Authorization: Bearer $admin" | pick results.0.id)'
run 'curl -s -X PATCH "$api/group/$group" --json "{\"teachers\": [\"$teacher_id\"]}" -H "Authorization: Bearer $admin" | pick'

echo '# The teacher makes a meeting and takes its register in one request: one late, one excused, everyone else present.'
run 'teacher=$(log_in teacher@demo.example attendance-demo)'
day=$(date -u +%F)
run 'meeting=$(curl -s "$api/meetings" --json "{\"group\": \"$group\", \"title\": \"Алгебра\", \"starts_at\": \"${day}T00:05:00Z\", \"ends_at\": \"${day}T00:50:00Z\"}" -H "Authorization: Bearer $teacher" | pick id)'
run 'curl -s "$api/meeting/$meeting/roster" -H "Authorization: Bearer $teacher" > roster.json; pick rows.0 < roster.json'
run 'late=$(pick rows.0.user.id < roster.json); excused=$(pick rows.1.user.id < roster.json)'
run 'curl -s -X PUT "$api/meeting/$meeting/roster" -H "Idempotency-Key: $meeting" -H "Authorization: Bearer $teacher" --json "{\"default\": \"present\", \"marks\": [
    {\"user\": \"$late\", \"status\": \"late\", \"joined_at\": \"${day}T00:12:00Z\", \"version\": 0},
    {\"user\": \"$excused\", \"status\": \"excused\", \"note\": \"справка\"}]}" | pick totals'
run 'curl -s -X POST "$api/meeting/$meeting/close" -H "Authorization: Bearer $teacher" | pick state'

echo '# The one who was late reads their own attendance, and the percentage with what it is made of.'
run 'grep alekseev.an passwords.csv | cut -d";" -f1-5'
run 'student=$(log_in alekseev.an@school.example "$(grep alekseev.an passwords.csv | cut -d";" -f6 | tr -d "\r")")'
run 'curl -s "$api/attendings" -H "Authorization: Bearer $student" | pick results.0'
run 'curl -s "$api/user/$late/report" -H "Authorization: Bearer $student" | pick rate_to_date'
rm -f passwords.csv roster.json
