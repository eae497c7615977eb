# SPDX-License-Identifier: Apache-2.0
"""Chromium for the tests of pages: tests/browser/browser.mjs by remote control. ECS_BROWSER names the directory in which
scripts/test has run "npm ci"."""
import json
import os
import select
import shutil
import subprocess

import harness

SCRIPT = os.path.join(harness.ROOT, "tests", "browser", "browser.mjs")
CHROMIUM = "/usr/bin/chromium-headless-shell"
LIMIT_S = 60


class Fault(Exception):
    pass


class Browser:
    """One browser program; open() gives a fresh user's view of it, with cookies of its own."""

    def __init__(self):
        modules = os.environ.get("ECS_BROWSER", os.path.join(harness.ROOT, "build", "browser"))
        assert os.path.isdir(os.path.join(modules, "node_modules", "playwright-core")), \
            f"no playwright-core in {modules}: scripts/test installs it"
        assert shutil.which("node") and os.access(CHROMIUM, os.X_OK), "node and chromium-headless-shell are needed"
        self.process = subprocess.Popen(["node", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, ECS_BROWSER_MODULES=modules, ECS_CHROMIUM=CHROMIUM))

    def tell(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT_S)
        assert ready, f"the browser does not answer: {command}"
        line = self.process.stdout.readline()
        assert line, "the browser has ended"
        answer = json.loads(line)
        if "fault" in answer:
            raise Fault(f"{command['do']}: {answer['fault']}")
        return answer["result"]

    def open(self, **how):
        return View(self, self.tell({"do": "open", **how}))

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class View:
    """A browser context: view.get(url), view.press("accept"), view.texts("h1") ... as browser.mjs has them."""

    def __init__(self, browser, number):
        self.browser, self.id = browser, number

    def tell(self, name, **what):
        return self.browser.tell({"do": name, "id": self.id, **what})

    def get(self, url):
        self.tell("get", url=url)

    def post(self, url, **fields):
        self.tell("post", url=url, fields=fields)

    def fill(self, **fields):
        self.tell("fill", fields=fields)

    def press(self, value):
        self.tell("press", value=value)

    def keys(self, *keys):
        self.tell("keys", keys=keys)

    def texts(self, selector):
        return [text.strip() for text in self.tell("texts", selector=selector)]

    def title(self):
        found = self.texts("h1")
        assert len(found) == 1, found
        return found[0]

    def visible(self, selector):
        return self.tell("visible", selector=selector)

    def calls(self):
        self.tell("settle")
        return [tuple(call) for call in self.tell("calls")]

    def close(self):
        """Checks that the pages broke none of their own rules (content security policy, script errors)."""
        faults = self.tell("faults")
        self.tell("close")
        assert not faults, faults
