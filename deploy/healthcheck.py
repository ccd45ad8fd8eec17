"""End with exit code 0 if this container's HTTP server returns 200: the images have no curl."""

import http.client
import os

TIMEOUT_SECONDS = 4

connection = http.client.HTTPConnection(
    "127.0.0.1", int(os.environ["HTTP_PORT"]), timeout=TIMEOUT_SECONDS
)
connection.request("GET", os.environ["HEALTH_PATH"])
response = connection.getresponse()
if response.status != http.client.OK:
    raise SystemExit(f"{response.status}: {response.read().decode()}")
