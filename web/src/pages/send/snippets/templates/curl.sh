service={{shell+json service}}
trace=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
span=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
now=$(date +%s)

curl -sS {{shell endpoint}}/v1/traces \
  -H 'content-type: application/json' \
  -H {{shell key_header}} \{{when key}}
  --data @- <<END
{
  "resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": $service}}]},
    "scopeSpans": [{
      "spans": [{
        "traceId": "$trace",
        "spanId": "$span",
        "name": "hello from curl",
        "kind": 2,
        "startTimeUnixNano": "${now}000000000",
        "endTimeUnixNano": "${now}250000000"
      }]
    }]
  }]
}
END
