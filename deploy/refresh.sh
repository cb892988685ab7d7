#!/bin/sh
# Runs one cycle of an edgefold site: calls the refresh until no due source is left. For any scheduler.
#
#   EDGEFOLD_URL=https://hub.example REFRESH_TOKEN=... ./refresh.sh
#
# Prints one line a run. Exit status 1: a call failed, or a source is left after RUNS_MAX runs. Needs curl, grep and sed.
set -eu

RUNS_MAX=40      # runs of a cycle: a thousand sources at 25 a run
CALL_SECONDS=300 # for one run; sources may be slow

: "${EDGEFOLD_URL:?the address of the site, such as https://hub.example}"
: "${REFRESH_TOKEN:?the value of refresh_token of the deployment}"

# On standard input rather than as an argument, which other users of the machine could see.
call() {
  printf 'header = "Authorization: Bearer %s"\n' "$REFRESH_TOKEN" |
    curl --config - --silent --show-error --fail-with-body --max-time "$CALL_SECONDS" \
      --request POST "${EDGEFOLD_URL%/}/_edgefold/refresh?round=$1"
}

# The first member of that name: the report's own come before those of its sources.
member() {
  printf '%s' "$report" | grep -o "\"$1\":\"\{0,1\}[A-Za-z0-9]*" | head -n 1 | sed 's/.*[:"]//'
}

round=new
run=0
while [ "$run" -lt "$RUNS_MAX" ]; do
  run=$((run + 1))
  report=$(call "$round") || {
    echo "refresh failed: $report" >&2
    exit 1
  }
  echo "run $run: $(member outcome), generation $(member generation), $(member left) sources left"
  round=$(member round)
  if [ -z "$round" ] || [ "$round" = null ]; then
    exit 0
  fi
done
echo "sources are left after $RUNS_MAX runs" >&2
exit 1
