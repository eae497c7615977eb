#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server that plays an HTTP neighbour (identity provider, push provider, SMS gateway ...) for tests.

Start:   /usr/bin/python3 tests/tools/http_double.py [--cert C.pem --key K.pem] [--client-ca CA.pem] [--no-h2] [--streams N]
         It prints one line {"port": N} when it listens on 127.0.0.1, and ends when its standard input is closed, so it
         never outlives the test. With --cert it speaks TLS and offers h2 and http/1.1 by ALPN (--no-h2: http/1.1 only);
         without, plain HTTP/1.1, and HTTP/2 when the client begins with its preface. --client-ca: a client certificate
         of that CA is demanded. --streams: SETTINGS_MAX_CONCURRENT_STREAMS.

Scripted answers (they go before the built-in ones; the first rule that fits wins):
         POST /_double/rules    a JSON list of rules, put behind those that are there:
              {"method": "POST",       any when absent
               "path": "/token",       exact, without the query; or "prefix": "/v1/"; any when both are absent
               "status": 200, "headers": {"Retry-After": "3"},
               "json": {...} | "body": "text",
               "delay_ms": 0,          before the answer
               "mode": "",             or one of the modes below
               "times": 1}             then the rule is used up; for ever when absent
         DELETE /_double/rules  forgets them
         GET /_double/log       the requests so far: [{"method", "target", "path", "query", "headers" (lower-case names),
                                "body", "http", "connection" (number), "client" (name in the client certificate)}]
         DELETE /_double/log
         GET /_double/stats     {"connections", "open", "requests", "parallel" (most at the same time)}
         Requests to /_double/ are neither logged nor counted as requests; their connections are.

Built-in answers, any method:
         /echo                    200, the request as in the log
         /status/CODE             that status, small body
         /slow/MS                 200 after MS milliseconds
         /bytes/N  /chunked/N     N bytes with Content-Length, or in pieces without
         /headers/N/LEN           N headers x-0 ... of LEN bytes
         /retry/VALUE             503 with Retry-After: VALUE (percent-decoded)
         /redirect                302 to /echo
         /mode/NAME               200 in that mode:
              cut      half of the promised body, then the connection is closed (HTTP/2: the stream is reset)
              garbage  bytes that are no HTTP          nothing  closed without an answer
              hang     never answered                  close    answered, then closed without saying so before
              folded   a folded header (HTTP/1.1)      control  a header value with a control character (HTTP/1.1)
              interim  103 before the answer           trailers a trailer x-trailer behind the body (HTTP/1.1)
              goaway   answered, then GOAWAY (HTTP/2)
         anything else            404

From Python: with HttpDouble(cert=..., key=...) as d: d.url, d.rules([...]), d.log(), d.stats().
"""
import argparse
import asyncio
import json
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request

REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


class Answer:
    def __init__(self, status=200, headers=None, body=b"", mode="", delay_ms=0, chunked=False):
        self.status = status
        self.headers = dict(headers or {})
        self.body = body
        self.mode = mode
        self.delay_ms = delay_ms
        self.chunked = chunked


class Double:
    def __init__(self, streams):
        self.streams = streams
        self.rules = []
        self.log = []
        self.connections = self.open = self.requests = self.now = self.parallel = 0

    # ---- what is answered ----

    def control(self, request):
        what = (request["method"], request["path"])
        if what == ("POST", "/_double/rules"):
            self.rules += json.loads(request["body"])
        elif what == ("DELETE", "/_double/rules"):
            self.rules = []
        elif what == ("GET", "/_double/log"):
            return self.as_json(self.log)
        elif what == ("DELETE", "/_double/log"):
            self.log = []
        elif what == ("GET", "/_double/stats"):
            return self.as_json({"connections": self.connections, "open": self.open, "requests": self.requests,
                                 "parallel": self.parallel})
        else:
            return Answer(404)
        return Answer(200, body=b"{}")

    @staticmethod
    def as_json(value, **more):
        return Answer(headers={"Content-Type": "application/json"}, body=json.dumps(value).encode(), **more)

    def scripted(self, request):
        for rule in self.rules:
            if rule.get("method", request["method"]) != request["method"]:
                continue
            if "path" in rule and rule["path"] != request["path"]:
                continue
            if not request["path"].startswith(rule.get("prefix", "")):
                continue
            if rule.get("times", 1) <= 0:
                continue
            if "times" in rule:
                rule["times"] -= 1
            headers = dict(rule.get("headers", {}))
            body = rule.get("body", "").encode()
            if "json" in rule:
                body = json.dumps(rule["json"]).encode()
                headers.setdefault("Content-Type", "application/json")
            return Answer(rule.get("status", 200), headers, body, rule.get("mode", ""), rule.get("delay_ms", 0))
        return None

    def built_in(self, request):
        part = request["path"].split("/")[1:]
        if part[0] == "echo":
            return self.as_json(request)
        if part[0] == "status":
            return Answer(int(part[1]), body=b"" if part[1] == "204" else b"as asked")
        if part[0] == "slow":
            return Answer(body=b"late", delay_ms=int(part[1]))
        if part[0] in ("bytes", "chunked"):
            return Answer(body=b"x" * int(part[1]), chunked=part[0] == "chunked")
        if part[0] == "headers":
            return Answer(headers={"x-%d" % i: "v" * int(part[2]) for i in range(int(part[1]))}, body=b"headers")
        if part[0] == "retry":
            return Answer(503, {"Retry-After": urllib.parse.unquote(part[1])}, b"later")
        if part[0] == "redirect":
            return Answer(302, {"Location": "/echo"}, b"elsewhere")
        if part[0] == "mode":
            return Answer(headers={"Content-Type": "text/plain"}, body=b"0123456789" * 10, mode=part[1])
        return Answer(404, body=b"nothing here")

    async def answer(self, request):
        if request["path"].startswith("/_double/"):
            return self.control(request)
        self.requests += 1
        self.now += 1
        self.parallel = max(self.parallel, self.now)
        try:
            self.log.append(request)
            answer = self.scripted(request) or self.built_in(request)
            if answer.delay_ms:
                await asyncio.sleep(answer.delay_ms / 1000)
            if answer.mode == "hang":
                await asyncio.sleep(3600)
            return answer
        finally:
            self.now -= 1

    # ---- connections ----

    def request(self, method, target, headers, body, http, connection, client):
        path, _, query = target.partition("?")
        return {"method": method, "target": target, "path": path, "query": query, "headers": headers,
                "body": body.decode("utf-8", "replace"), "http": http, "connection": connection, "client": client}

    async def serve(self, reader, writer):
        self.connections += 1
        self.open += 1
        number = self.connections
        tls = writer.get_extra_info("ssl_object")
        client = ""
        if tls and tls.getpeercert():
            client = dict(x[0] for x in tls.getpeercert()["subject"]).get("commonName", "")
        try:
            first = await reader.readline() if not (tls and tls.selected_alpn_protocol() == "h2") else b"PRI * "
            if first.startswith(b"PRI * "):
                await H2(self, reader, writer, number, client).run(b"" if tls else first)
            else:
                await self.serve_1(reader, writer, first, number, client)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def serve_1(self, reader, writer, line, number, client):
        while line:
            method, target, _ = line.decode("latin-1").split(" ", 2)
            headers = {}
            while True:
                line = (await reader.readline()).decode("latin-1").rstrip("\r\n")
                if not line:
                    break
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            answer = await self.answer(self.request(method, target, headers, body, "1.1", number, client))
            if not await self.send_1(writer, answer):
                return
            line = await reader.readline()

    async def send_1(self, writer, answer):
        if answer.mode in ("garbage", "nothing"):
            writer.write(b"\x00\x01\x02 this is no HTTP\r\n\r\n" if answer.mode == "garbage" else b"")
            await writer.drain()
            return False
        head = ["HTTP/1.1 %d %s" % (answer.status, REASONS.get(answer.status, "Other"))]
        head += ["%s: %s" % (name, value) for name, value in answer.headers.items()]
        chunked = answer.chunked or answer.mode == "trailers"
        if answer.status != 204:
            head.append("Transfer-Encoding: chunked" if chunked else "Content-Length: %d" % len(answer.body))
        if answer.mode == "folded":
            head.append("X-Folded: one\r\n two")
        if answer.mode == "control":
            head.append("X-Control: a\x01b")
        if answer.mode == "interim":
            head.insert(0, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nRetry-After: 99\r\n")
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"))
        if answer.mode == "cut":
            writer.write(answer.body[:len(answer.body) // 2])
        elif chunked:
            for at in range(0, len(answer.body), 1000):
                piece = answer.body[at:at + 1000]
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            writer.write(b"0\r\n" + (b"X-Trailer: behind\r\n" if answer.mode == "trailers" else b"") + b"\r\n")
        else:
            writer.write(answer.body)
        await writer.drain()
        return answer.mode not in ("cut", "close")


class H2:
    """One HTTP/2 connection; streams are answered side by side."""

    def __init__(self, double, reader, writer, number, client):
        import h2.config
        import h2.connection
        import h2.settings
        self.double, self.reader, self.writer, self.number, self.client = double, reader, writer, number, client
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        if double.streams:
            self.h2.local_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = double.streams
        self.streams = {}
        self.tasks = {}
        self.window = asyncio.Event()

    def flush(self):
        self.writer.write(self.h2.data_to_send())

    async def run(self, first):
        import h2.events as ev
        import h2.exceptions
        self.h2.initiate_connection()
        self.flush()
        data = first or await self.reader.read(65536)
        try:
            while data:
                for event in self.h2.receive_data(data):
                    if isinstance(event, ev.RequestReceived):
                        self.streams[event.stream_id] = [dict(event.headers), b""]
                    elif isinstance(event, ev.DataReceived):
                        self.streams[event.stream_id][1] += event.data
                        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, ev.StreamEnded):
                        self.tasks[event.stream_id] = asyncio.ensure_future(self.respond(event.stream_id))
                    elif isinstance(event, ev.StreamReset):
                        if event.stream_id in self.tasks:
                            self.tasks[event.stream_id].cancel()
                    elif isinstance(event, ev.WindowUpdated):
                        self.window.set()
                        self.window = asyncio.Event()
                self.flush()
                data = await self.reader.read(65536)
        except h2.exceptions.ProtocolError:
            self.flush()
        finally:
            for task in self.tasks.values():
                task.cancel()

    async def respond(self, stream):
        headers, body = self.streams.pop(stream)
        plain = {k: v for k, v in headers.items() if not k.startswith(":")}
        answer = await self.double.answer(self.double.request(headers[":method"], headers[":path"], plain, body, "2",
                                                              self.number, self.client))
        if answer.mode in ("nothing", "garbage"):
            self.writer.write(b"\x00" * 40 if answer.mode == "garbage" else b"")
            self.writer.close()
            return
        if answer.mode == "interim":
            self.h2.send_headers(stream, [(":status", "103"), ("retry-after", "99")])
        head = [(":status", str(answer.status))] + [(k.lower(), v) for k, v in answer.headers.items()]
        if not answer.chunked:
            head.append(("content-length", str(len(answer.body))))
        self.h2.send_headers(stream, head)
        if answer.mode == "cut":
            self.h2.send_data(stream, answer.body[:len(answer.body) // 2])
            self.h2.reset_stream(stream, 2)
        else:
            await self.send_body(stream, answer.body)
        if answer.mode == "goaway":
            self.h2.close_connection(0, last_stream_id=stream)
        self.flush()
        if answer.mode in ("close", "goaway"):
            await self.writer.drain()
            self.writer.close()

    async def send_body(self, stream, body):
        while body:
            n = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
            if n > 0:
                self.h2.send_data(stream, body[:n])
                body = body[n:]
            self.flush()
            if n <= 0:
                await self.window.wait()
        self.h2.end_stream(stream)


def tls_context(args):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key or args.cert)
    context.set_alpn_protocols(["http/1.1"] if args.no_h2 else ["h2", "http/1.1"])
    if args.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(args.client_ca)
    return context


async def run(args):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # peers that break off are what this is for
    double = Double(args.streams)
    server = await asyncio.start_server(double.serve, "127.0.0.1", args.port,
                                        ssl=tls_context(args) if args.cert else None)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--client-ca")
    parser.add_argument("--no-h2", action="store_true")
    parser.add_argument("--streams", type=int, default=0)
    asyncio.run(run(parser.parse_args()))


class HttpDouble:
    """The same for Python tests: a child process and its control calls."""

    def __init__(self, cert=None, key=None, ca=None, client_ca=None, h2=True, control_cert=None, port=0):
        self.args = [sys.executable, __file__, "--port", str(port)]
        for name, value in (("--cert", cert), ("--key", key), ("--client-ca", client_ca)):
            if value:
                self.args += [name, str(value)]
        if not h2:
            self.args.append("--no-h2")
        self.context = ssl.create_default_context(cafile=str(ca or cert)) if cert else None
        if control_cert:
            self.context.load_cert_chain(*map(str, control_cert))
        self.scheme = "https" if cert else "http"
        self.child = None

    def __enter__(self):
        self.child = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = json.loads(self.child.stdout.readline())["port"]
        self.url = "%s://localhost:%d" % (self.scheme, self.port)
        return self

    def __exit__(self, *exc):
        self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def call(self, method, path, value=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if value is None else json.dumps(value).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=self.context))
        with opener.open(request, timeout=5) as answer:
            return json.loads(answer.read())

    def rules(self, rules):
        self.call("POST", "/_double/rules", rules)

    def clear(self):
        self.call("DELETE", "/_double/rules")
        self.call("DELETE", "/_double/log")

    def log(self):
        return self.call("GET", "/_double/log")

    def stats(self):
        return self.call("GET", "/_double/stats")

    def wait_for(self, n, seconds=5):
        """Requests of the log, when there are n; else AssertionError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            log = self.log()
            if len(log) >= n:
                return log
            time.sleep(0.02)
        raise AssertionError("the double got %d requests, not %d" % (len(self.log()), n))


if __name__ == "__main__":
    main()
