# SPDX-License-Identifier: Apache-2.0
"""What the doubles of SM-DP+ and BSS stand on: an HTTP/1.1 server on loopback in threads of the test process, with or without
mutual TLS, a ledger, a list of violations, and faults on demand: delay, silence, an end of the connection before or behind the
processing, foreign answers, an answer sent twice, a call of the test's own (to kill the daemon) at a chosen place."""
import collections
import contextlib
import http.client
import http.server
import json
import socket
import socketserver
import ssl
import threading
import time
import urllib.parse

PLACES = ("before", "after", "answered")  # the processing, the processing, the answer


class Request:
    def __init__(self, method, target, headers, body, peer):
        self.method, self.target, self.headers, self.body, self.peer = method, target, headers, body, peer
        self.path, _, query = target.partition("?")
        self.query = urllib.parse.parse_qs(query, keep_blank_values=True)

    @property
    def media_type(self):
        return self.headers.get("Content-Type", "").split(";")[0].strip().lower()


class Answer:
    def __init__(self, status=200, value=None, headers=None, body=None):
        self.status, self.headers = status, dict(headers or {})
        self.body = body if body is not None else b"" if value is None else json.dumps(value).encode()
        if value is not None:
            self.headers.setdefault("Content-Type", "application/json")


class Fault:
    """What is to happen instead of, or around, the next calls of a function ("*": any).
    drop: "before" or "after": the connection ends there without an answer. delay: seconds, before it is processed (late=True:
    behind). hang: no answer at all, the connection stays. http, headers, body: this answer; the call is processed only with
    processed=True. refuse: an argument for the double's own refusal. twice: the answer's bytes are sent two times. call: run at
    one of PLACES; with "before" the request is then lost. skip: so many calls first; times: so many calls, None: all."""

    def __init__(self, function, times=1, skip=0, drop=None, delay=0, late=False, hang=False, http=None, headers=None,
                 body=None, processed=False, refuse=None, twice=False, call=None, at="after"):
        assert drop in (None, "before", "after") and at in PLACES
        self.function, self.times, self.skip, self.drop, self.delay, self.late = function, times, skip, drop, delay, late
        self.hang, self.http, self.headers, self.body, self.processed = hang, http, headers, body, processed
        self.refuse, self.twice, self.call, self.at = refuse, twice, call, at
        self.hits = 0

    def run(self, place):
        if self.call and self.at == place:
            self.call()


class Gone(Exception):
    """The connection ends without an answer."""


class Double:
    """A server at .port (address .url). Subclasses give function_of(request), process(request) and refusal(request, what)."""
    kind = "double"

    def __init__(self, certificate=None, key=None, client_ca=None):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.faults, self.violations, self.ledger = [], [], []
        self.counts = collections.Counter()
        self.context = None
        self.closing = False
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, key)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_2
            if client_ca:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(client_ca)
        self.server, self.port = None, 0
        self.open = set()
        self.up()

    # ---- life ----

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://localhost:{self.port}"

    def up(self):
        if self.server:
            return
        self.closing = False
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.double = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self):
        """Nobody listens any more, and what is connected is cut off."""
        if not self.server:
            return
        self.closing = True
        self.server.shutdown()
        self.server.server_close()
        self.server = None
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    close = down

    # ---- what the test says and asks ----

    def fault(self, function, **what):
        made = Fault(function, **what)
        with self.lock:
            self.faults.append(made)
        return made

    def clear_faults(self):
        with self.lock:
            self.faults.clear()

    def violation(self, text):
        with self.lock:
            self.violations.append(text)

    def check(self):
        """Nothing that came in broke a rule."""
        with self.lock:
            assert not self.violations, f"{self.kind}: " + "; ".join(self.violations)

    def entries(self, function=None, **fields):
        with self.lock:
            return [e for e in self.ledger if (function is None or e["function"] == function) and
                    all(e.get(k) == v for k, v in fields.items())]

    def wait_for(self, what, seconds=15, text="a call"):
        """The first true result of what(self), looked at after each change."""
        end = time.monotonic() + seconds
        with self.lock:
            while True:
                found = what(self)
                if found:
                    return found
                left = end - time.monotonic()
                assert left > 0, f"{self.kind}: not within {seconds} s: {text}; ledger: {self.ledger[-8:]}"
                self.changed.wait(left)

    def wait_calls(self, function, number, seconds=15):
        return self.wait_for(lambda d: len(d.entries(function)) >= number and d.entries(function), seconds,
                             f"{number} calls of {function}")

    def record(self, function, **fields):
        """A row of the ledger."""
        with self.lock:
            self.ledger.append({"function": function, "at": time.time(), **fields})
            self.changed.notify_all()

    # ---- an exchange ----

    def take(self, function):
        with self.lock:
            self.counts[function] += 1
            for fault in self.faults:
                if fault.function not in ("*", function) or (fault.times is not None and fault.hits >= fault.times):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                return fault
        return None

    def exchange(self, request, send):
        """send(answer, copies) writes. Raises Gone."""
        fault = self.take(self.function_of(request))
        if fault is None:
            send(self.locked(request), 1)
            return
        fault.run("before")
        if fault.drop == "before" or (fault.call and fault.at == "before"):
            raise Gone
        if fault.delay and not fault.late:
            self.sleep(fault.delay)
        if fault.refuse is not None:
            answer = self.refusal(request, fault.refuse)
        elif fault.http is not None or fault.body is not None:
            if fault.processed:
                self.locked(request)
            body = fault.body if fault.body is not None else b""
            answer = Answer(fault.http or 200, None, {"Content-Type": "application/json", **(fault.headers or {})}, body)
        elif fault.hang:
            self.sleep(3600)
            raise Gone
        else:
            answer = self.locked(request)
        if fault.delay and fault.late:
            self.sleep(fault.delay)
        fault.run("after")
        if fault.drop == "after":
            raise Gone
        send(answer, 2 if fault.twice else 1)
        if fault.call and fault.at == "answered":
            time.sleep(0.005)
            fault.run("answered")

    def locked(self, request):
        with self.lock:
            return self.process(request)

    def sleep(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.closing:
            time.sleep(min(0.05, max(0.0, end - time.monotonic())))
        if self.closing:
            raise Gone

    def function_of(self, request):
        raise NotImplementedError

    def process(self, request):
        raise NotImplementedError

    def refusal(self, request, what):
        raise NotImplementedError


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # peers that break off, or that have no certificate, are what this is for


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.double = self.server.double
        self.request.settimeout(120)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.double.context:
            self.request = self.double.context.wrap_socket(self.request, server_side=True)
        self.double.open.add(self.request)
        super().setup()

    def finish(self):
        self.double.open.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()
        with contextlib.suppress(OSError):
            self.request.close()

    def log_message(self, *_):
        pass

    def peer(self):
        if not self.double.context:
            return None
        certificate = self.request.getpeercert()
        return dict(part[0] for part in certificate["subject"]).get("commonName") if certificate else None

    def send(self, answer, copies):
        head = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, 'Other')}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.status != 204:
            head.append(f"Content-Length: {len(answer.body)}")
        data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + (b"" if answer.status == 204 else answer.body)
        self.wfile.write(data * copies)
        self.wfile.flush()

    def answer(self):
        length = self.headers.get("Content-Length")
        if self.headers.get("Transfer-Encoding") or (self.command in ("POST", "PATCH", "PUT") and length is None):
            self.double.violation(f"{self.command} {self.path}: no Content-Length")
            self.close_connection = True
            return
        body = self.rfile.read(int(length or 0))
        try:
            self.double.exchange(Request(self.command, self.path, self.headers, body, self.peer()), self.send)
        except Gone:
            self.close_connection = True
        except (BrokenPipeError, ConnectionError, ssl.SSLError):
            self.close_connection = True
        except Exception as fault:  # a fault of the double shall be seen as what it is
            self.double.violation(f"the double failed at {self.command} {self.path}: {type(fault).__name__}: {fault}")
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"duplicate members in {names}")
    return dict(pairs)


def read_json(body):
    """Strict: UTF-8, one value, no duplicate names, no NaN. ValueError."""
    def refuse(word):
        raise ValueError(f"{word} is no JSON")
    return json.loads(body.decode("utf-8"), object_pairs_hook=no_duplicates, parse_constant=refuse)


def nulls(value, path=""):
    """Paths of null values."""
    if value is None:
        return [path or "/"]
    if isinstance(value, dict):
        return [found for name, part in value.items() for found in nulls(part, f"{path}/{name}")]
    if isinstance(value, list):
        return [found for i, part in enumerate(value) for found in nulls(part, f"{path}/{i}")]
    return []


def luhn(digits):
    """The check digit behind these digits."""
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def good_eid(text):
    return isinstance(text, str) and len(text) == 32 and text.isascii() and text.isdigit() and int(text) % 97 == 1


def make_eid(serial, issuer="89049032"):
    """An EID with right check digits."""
    body = f"{issuer}{serial:022d}"[:30]
    return f"{body}{(98 - int(body) * 100 % 97) % 97 or 97:02d}"


def good_iccid(text):
    """18 to 20 digits, begins with 89; F may stand at the place of the 20th; a number of 19 or 20 digits has a right last one."""
    if not isinstance(text, str):
        return False
    digits = text[:-1] if len(text) == 20 and text[-1] in "Ff" else text
    if not (digits.isascii() and digits.isdigit() and 18 <= len(digits) <= 20 and digits.startswith("89")):
        return False
    return len(digits) == 18 or luhn(digits[:-1]) == digits[-1]


def plain_iccid(text):
    return text.rstrip("Ff")
