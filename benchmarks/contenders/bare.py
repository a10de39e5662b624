"""The floor: requests and orjson, every row in a RECORD message. Arguments: URL, first day, days, "unified" to map."""

import sys
import time
from datetime import datetime, timezone

import orjson
import requests
from unified import record as unified

url, first, days = sys.argv[1], datetime.fromisoformat(sys.argv[2]).replace(tzinfo=timezone.utc), int(sys.argv[3])
mapped = "unified" in sys.argv
session = requests.Session()
out = sys.stdout.buffer
for number in range(days):
    start = int(first.timestamp() * 1000) + number * 86_400_000
    page, more = 1, True
    while more:
        body = {"startDate": start, "endDate": start + 86_399_999, "page": page, "pageSize": 1000}
        answer = orjson.loads(session.post(f"{url}/teams/filtered-usage-events", json=body, timeout=60).content)
        for event in answer["usageEvents"]:
            data = unified(event) if mapped else event
            record = {"stream": "usage_events", "data": data, "emitted_at": int(time.time() * 1000)}
            out.write(orjson.dumps({"type": "RECORD", "record": record}) + b"\n")
        more = answer["pagination"]["hasNextPage"]
        page += 1
