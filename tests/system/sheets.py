# SPDX-License-Identifier: Apache-2.0
"""The built-in consent pages for tests: a daemon that serves them, the hand-over as a phone gets it, a plain HTTP user, and
a validator of addresses (tests/tools/http_double.py)."""
import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import harness

GOOD = {"name": "Ada Lovelace", "street": "Unter den Linden", "number": "77", "city": "Berlin", "postcode": "10117"}
MISSING_ALL = {"tc_status": 0, "addr_status": 0}


def overrides(port=None, **websheet):
    """Settings of a daemon with pages; its TLS address is that of the pages."""
    port = port or harness.free_port()
    return {
        "device": {"listen": [f"127.0.0.1:{port}"]},
        "web": {"public_url": f"https://127.0.0.1:{port}"},
        "policy": {"portal_url": ""},
        "websheet": {"enabled": True, "directory": os.path.join(harness.ROOT, "conf", "websheet"),
                     "operator": "Example Mobile", "countries": ["DE", "GB", "US"], **websheet},
    }


def hand_over(phone):
    """(address, {"sid": ...}) of a phone's present answer."""
    block = phone.ask()["ap2004"]
    return block["ServiceFlow_URL"], dict(urllib.parse.parse_qsl(block["ServiceFlow_UserData"], strict_parsing=True))


class User:
    """A browser without a screen: cookies, forms, no redirect followed by itself."""

    def __init__(self, target, language="en", place="vowifi"):
        self.target, self.cookie, self.language, self.place = target, None, language, place
        self.reply = None

    def send(self, method, path, fields=None, headers=()):
        headers = list(headers) + [("Accept-Language", self.language)]
        if self.cookie:
            headers.append(("Cookie", self.cookie))
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields).encode()
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        self.reply = self.target.request(method, path, headers, body)
        for line in self.reply.all("Set-Cookie"):
            self.cookie = line.split(";")[0]
        return self.reply

    def follow(self):
        assert self.reply.status == 303, self.reply
        return self.send("GET", self.reply.header("Location"))

    def open(self, data, path=None, method="POST"):
        path = path or f"/web/{self.place}"
        if method == "GET":
            return self.send("GET", f"{path}?{urllib.parse.urlencode(data)}")
        return self.send(method, path, data)

    def begin(self, data):
        self.open(data)
        return self.follow()

    @property
    def text(self):
        return self.reply.body.decode("utf-8")

    def title(self):
        return re.search(r"<h1>(.*?)</h1>", self.text).group(1)

    def hidden(self, name):
        found = re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)">', self.text)
        return found[-1] if found else None

    def act(self, what, **fields):
        """Presses a button of the present page; the redirect is not followed."""
        form = {"step": self.hidden("step"), "do": what, **fields}
        for name in ("version", "country", "shown"):
            if self.hidden(name) is not None:
                form.setdefault(name, self.hidden(name))
        return self.send("POST", f"/web/{self.place}", form)

    def press(self, what, **fields):
        self.act(what, **fields)
        return self.follow()


class Validator:
    """A double of the operator's check of addresses; answers() scripts it, log() tells what it was asked."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, os.path.join(harness.ROOT, "tests", "tools", "http_double.py")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.url = f"http://127.0.0.1:{self.port}/check"

    def call(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def answers(self, *replies, **rule):
        """Each of the replies once, in this order."""
        self.call("DELETE", "/_double/rules")
        self.call("DELETE", "/_double/log")
        self.call("POST", "/_double/rules",
                  [{"path": "/check", "status": 200, "json": reply, "times": 1, **rule} for reply in replies])

    def log(self):
        return [json.loads(entry["body"]) for entry in self.call("GET", "/_double/log")]

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)
