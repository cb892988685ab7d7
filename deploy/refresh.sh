#!/bin/sh
# Runs one cycle of an edgefold site: calls the refresh until no due source is left. For any scheduler.
#
#   EDGEFOLD_URL=https://hub.example REFRESH_TOKEN=... ./refresh.sh
#
# With WEBHOOK_SECRET (whsec_...) instead of REFRESH_TOKEN calls are signed as in Standard Webhooks; that needs openssl and od.
#
# Prints one line a run. Exit status 1: a call failed, or a source is left after RUNS_MAX runs. Needs curl, grep and sed.
set -eu

RUNS_MAX=40      # runs of a cycle: a thousand sources at 25 a run
CALL_SECONDS=300 # for one run; sources may be slow

: "${EDGEFOLD_URL:?the address of the site, such as https://hub.example}"
if [ -z "${WEBHOOK_SECRET:-}" ]; then
  : "${REFRESH_TOKEN:?the value of refresh_token of the deployment, or set WEBHOOK_SECRET}"
fi

# The header fields that let a call in, as lines of a configuration for curl.
credentials() {
  if [ -z "${WEBHOOK_SECRET:-}" ]; then
    printf 'header = "Authorization: Bearer %s"\n' "$REFRESH_TOKEN"
    return
  fi
  id="refresh-$$-$run"
  seconds=$(date +%s)
  key=$(printf '%s' "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  signature=$(printf '%s.%s.' "$id" "$seconds" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
  printf 'header = "webhook-id: %s"\n' "$id"
  printf 'header = "webhook-timestamp: %s"\n' "$seconds"
  printf 'header = "webhook-signature: v1,%s"\n' "$signature"
}

# On standard input rather than as an argument, which other users of the machine could see.
call() {
  credentials |
    curl --config - --silent --show-error --fail-with-body --max-time "$CALL_SECONDS" \
      --request POST "${EDGEFOLD_URL%/}/_edgefold/refresh?round=$1"
}

# The first member of that name: the report's own come before those of its sources.
member() {
  printf '%s' "$report" | grep -o "\"$1\":\"\{0,1\}[A-Za-z0-9-]*" | head -n 1 | sed 's/.*[:"]//'
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
