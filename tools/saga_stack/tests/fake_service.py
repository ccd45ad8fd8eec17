"""A fake service: serves /readyz, or misbehaves as FAKE_BEHAVIOUR says."""

import http.server
import os
import signal
import subprocess
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = os.environ.get("FAKE_BEHAVIOUR") != "never ready"
        self.send_response(200 if ready else 503)
        self.send_header("X-Pid", str(os.getpid()))
        self.end_headers()
        self.wfile.write(b'{"database": "ok"}' if ready else b'{"database": "away"}')

    def log_message(self, *args):
        pass


def main() -> None:
    behaviour = os.environ.get("FAKE_BEHAVIOUR", "")
    if sys.argv[1:] == ["--migrate"] and behaviour == "bad migration":
        sys.exit("migration 7 failed")
    if behaviour == "dies":
        sys.exit("out of coffee")
    if behaviour == "ignores SIGTERM":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour == "has a child":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    address = (os.environ["HTTP_HOST"], int(os.environ["HTTP_PORT"]))
    sys.stdout.write(f"serving {address}\n")
    sys.stdout.flush()
    http.server.ThreadingHTTPServer(address, Handler).serve_forever()


main()
