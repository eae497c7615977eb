# SPDX-License-Identifier: Apache-2.0
"""Push providers and short message centre as the notification tests see them: plain HTTP and SMPP on loopback."""
import json
import os
import re
import subprocess
import sys
import threading

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "tools"))
from http_double import HttpDouble  # noqa: E402

APNS_TOKEN = "a1" * 32
WNS_TOKEN = "https://db5p.notify.windows.com/?token=AwYAAAB%2fQ"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
PROJECT = "carrier-1"
SEND = f"/v1/projects/{PROJECT}/messages:send"


class Providers:
    """FCM (with its token endpoint), APNs and WNS in one HTTP server."""

    def __init__(self, where):
        self.where = where
        self.http = HttpDouble()
        self.account = os.path.join(where, "account.json")
        self.apns_key = os.path.join(where, "apns.p8")

    def __enter__(self):
        self.http.__enter__()
        rsa = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], check=True,
                             capture_output=True, text=True).stdout
        with open(self.account, "w", encoding="utf-8") as file:
            json.dump({"type": "service_account", "project_id": PROJECT, "private_key_id": "k1", "private_key": rsa,
                       "client_email": "ecs@carrier-1.example", "token_uri": "https://oauth2.googleapis.com/token"}, file)
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                        self.apns_key], check=True, capture_output=True)
        self.clear()
        return self

    def __exit__(self, *what):
        self.http.__exit__(*what)

    def clear(self, *first):
        """Forgets the log; first: rules for messages before the usual answers."""
        self.http.clear()
        self.http.rules(list(first) + [
            {"method": "POST", "path": "/token", "status": 200,
             "json": {"access_token": "at", "expires_in": 3600, "token_type": "Bearer"}},
            {"method": "POST", "path": SEND, "status": 200, "json": {"name": f"projects/{PROJECT}/messages/1"}},
            {"method": "POST", "prefix": "/3/device/", "status": 200, "body": ""},
            {"method": "POST", "path": "/partner", "status": 204}])

    @property
    def fcm(self):
        return {"service_account": f"file:{self.account}", "url": self.http.url, "token_url": self.http.url + "/token"}

    @property
    def settings(self):
        return {"fcm": self.fcm,
                "apns": {"url": self.http.url, "topic": "org.example.carrier", "team_id": "TEAM000001",
                         "key_id": "KEY0000001", "key": f"file:{self.apns_key}"},
                "wns": {"client_id": "ms-app://s-1", "client_secret": "secret", "token_url": self.http.url + "/token"}}

    def pushes(self, token=None):
        """FCM messages so far, oldest first: the "message" objects."""
        found = [json.loads(entry["body"])["message"] for entry in self.http.log() if entry["path"] == SEND]
        return [message for message in found if token is None or message["token"] == token]

    def wait(self, count, token=None, seconds=6):
        harness.wait_for(lambda: len(self.pushes(token)) >= count, seconds,
                         lambda: f"{count} pushes; there are {self.pushes(token)}", pause=0.05)
        return self.pushes(token)


class Centre:
    """tests/tools/smsc.pl: messages() gives (number, user data header, text)."""

    def __init__(self):
        self.lines = []

    def __enter__(self):
        self.child = subprocess.Popen(["perl", os.path.join(harness.ROOT, "tests", "tools", "smsc.pl")],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline().split()[1])
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *what):
        self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(line.strip())

    @property
    def settings(self):
        return {"transport": "smpp", "smpp_host": "127.0.0.1", "smpp_port": self.port, "smpp_system_id": "ecs",
                "smpp_password": "secret"}

    def to(self, number):
        """(user data header, text) of the messages to that number."""
        return [message[1:] for message in self.messages() if message[0] == number]

    def messages(self):
        found = []
        for line in self.lines:
            if line.startswith("submit "):
                fields = dict(part.split("=", 1) for part in line.split()[1:] if "=" in part)
                data = bytes.fromhex(fields["short_message"])
                found.append((fields["destination_addr"], data[:1 + data[0]], data[1 + data[0]:].decode("ascii")))
        return found
