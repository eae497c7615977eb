# SPDX-License-Identifier: Apache-2.0
"""A status system of an operator: one JSON document at /states, with an entity tag, behind a bearer token or none."""
import hashlib
import http.server
import json
import threading


class AvailabilityDouble:
    """with AvailabilityDouble() as feed: feed.states = [...]; feed.asked() gives the questions so far, oldest first."""

    def __init__(self, token=None):
        self.token, self.lock = token, threading.Lock()
        self.states, self.status, self.body = [], 200, None
        self.questions = []

    def __enter__(self):
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                double.answer(self)

            def log_message(self, *what):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *what):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/states"

    def asked(self):
        with self.lock:
            return list(self.questions)

    def answer(self, call):
        with self.lock:
            body = self.body if self.body is not None else json.dumps({"states": self.states}).encode()
            status, token = self.status, self.token
            tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
            if token and call.headers.get("Authorization") != f"Bearer {token}":
                status = 401
            elif status == 200 and call.headers.get("If-None-Match") == tag:
                status = 304
            self.questions.append({"status": status, "path": call.path, "tag": call.headers.get("If-None-Match")})
        call.send_response(status)
        if status in (200, 304):
            call.send_header("ETag", tag)
        body = body if status == 200 else b""
        call.send_header("Content-Type", "application/json")
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body)
