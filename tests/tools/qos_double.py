# SPDX-License-Identifier: Apache-2.0
"""The network's exposure of quality of service, for tests: CAMARA qos-provisioning, quality-on-demand and qos-profiles, T8
AsSessionWithQoS, N5 Npcf_PolicyAuthorization (HTTP/2 only), and the OAuth token endpoint in front of them. Written from
pcrf.md 3 to 5. A request that is wrong by it is refused and noted in faults. It runs in a thread of the test's process;
what it holds can be looked at: assignments, sessions, subscriptions, contexts (id -> what was asked, with "state")."""
import asyncio
import base64
import datetime
import json
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_double import Answer, Double  # noqa: E402

PROVISIONING, SESSIONS, PROFILES = "/qos-provisioning/v0.2", "/quality-on-demand/v1", "/qos-profiles/v1"
T8, N5 = "/3gpp-as-session-with-qos/v1", "/npcf-policyauthorization/v1"
CORRELATOR = re.compile(r"[A-Za-z0-9\-_:;./<>{}]{1,256}")
PROFILE = re.compile(r"[A-Za-z0-9_.-]{3,256}")
NUMBER = re.compile(r"\+[1-9][0-9]{4,14}")
V4 = re.compile(r"(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}")
RATE = re.compile(r"\d+(\.\d+)? (bps|Kbps|Mbps|Gbps|Tbps)")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
N5_EVENTS = {"SUCCESSFUL_RESOURCES_ALLOCATION", "FAILED_RESOURCES_ALLOCATION", "QOS_NOTIF", "OUT_OF_CREDIT", "USAGE_REPORT",
             "ACCESS_TYPE_CHANGE", "PLMN_CHG"}
T8_EVENTS = {"SESSION_TERMINATION", "LOSS_OF_BEARER", "RECOVERY_OF_BEARER", "RELEASE_OF_BEARER", "USAGE_REPORT",
             "FAILED_RESOURCES_ALLOCATION", "QOS_GUARANTEED", "QOS_NOT_GUARANTEED", "QOS_MONITORING",
             "SUCCESSFUL_RESOURCES_ALLOCATION", "ACCESS_TYPE_CHANGE", "PLMN_CHG"}


class Refusal(Exception):
    """An answer other than what was asked for."""

    def __init__(self, status, code, text, note=True, **headers):
        super().__init__(text)
        self.status, self.code, self.text, self.note, self.headers = status, code, text, note, headers


def need(good, text, code="INVALID_ARGUMENT", status=400):
    if not good:
        raise Refusal(status, code, text)


def members(value, required, optional, where):
    need(isinstance(value, dict), f"{where} is no object")
    for name in required:
        need(name in value, f"{where}: {name} is missing")
    for name in value:
        need(name in required or name in optional, f"{where}: member {name} is not one of the API")


def now(seconds=0):
    return datetime.datetime.fromtimestamp(time.time() + seconds, datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def check_url(url, where, scheme="https", code="INVALID_SINK"):
    need(isinstance(url, str) and re.fullmatch(scheme + r"://[^/\s?#]+/\S*", url), f"{where} {url!r} is no {scheme} URL", code)


def check_device(device):
    members(device, (), ("phoneNumber", "networkAccessIdentifier", "ipv4Address", "ipv6Address"), "device")
    need(device, "device names nobody", "MISSING_IDENTIFIER", 422)
    if "phoneNumber" in device:
        need(isinstance(device["phoneNumber"], str) and NUMBER.fullmatch(device["phoneNumber"]), "phoneNumber is not E.164 with +")
    if "ipv4Address" in device:
        address = device["ipv4Address"]
        members(address, ("publicAddress",), ("privateAddress", "publicPort"), "ipv4Address")
        need(len(address) > 1, "ipv4Address has neither privateAddress nor publicPort")
        for name in "publicAddress", "privateAddress":
            need(name not in address or V4.fullmatch(address[name]), f"{name} is no IPv4 address")


def check_sink(body):
    if "sink" in body:
        check_url(body["sink"], "sink")
    if "sinkCredential" in body:
        credential = body["sinkCredential"]
        need("sink" in body, "sinkCredential without sink", "INVALID_CREDENTIAL")
        members(credential, ("credentialType", "accessToken", "accessTokenExpiresUtc", "accessTokenType"), (), "sinkCredential")
        need(credential["credentialType"] == "ACCESSTOKEN", "credentialType", "INVALID_CREDENTIAL")
        need(credential["accessTokenType"] == "bearer", "accessTokenType", "INVALID_TOKEN")
        need(STAMP.fullmatch(str(credential["accessTokenExpiresUtc"])), "accessTokenExpiresUtc", "INVALID_CREDENTIAL")
        need(isinstance(credential["accessToken"], str) and len(credential["accessToken"]) >= 16, "accessToken", "INVALID_TOKEN")


def check_flow_rules(rules, where):
    need(isinstance(rules, list) and 0 < len(rules) <= 2, f"{where} is not one or two rules")
    for rule in rules:
        words = str(rule).split()
        need(words[:1] == ["permit"] and words[1] in ("in", "out") and "from" in words[2:] and "to" in words[4:],
             f"{where}: {rule!r} is no rule")


class QosDouble(Double):
    """bound: UE addresses with a session (None: all). immediate: what was asked for is in force at once. profiles: name ->
    (minimum, maximum) seconds. oauth: None, or (client, secret). lose: so many requests from now are done but get no answer
    (mode "nothing" closes, "hang" waits). asynchronous: a DELETE of CAMARA is answered 202. reuse: N5 answers 303 for an
    equivalent context (the default, as TS 29.514 has it)."""

    def __init__(self, cert=None, key=None, oauth=None):
        super().__init__(0)
        self.oauth, self.tokens, self.token_forms, self.token_s = oauth, set(), [], 3600
        self.profiles = {"QOS_E": (1, 86400), "QOS_S": (1, 3600), "boost10": (60, 7200)}
        self.lock = threading.RLock()
        self.cert, self.key = cert, key
        self.reset()

    def reset(self):
        with self.lock:
            self.assignments, self.sessions, self.subscriptions, self.contexts = {}, {}, {}, {}
            self.faults, self.created, self.rules, self.log = [], [], [], []
            self.bound, self.immediate, self.lose, self.lose_mode = None, True, 0, "nothing"
            self.asynchronous, self.reuse = False, True

    # -- the server --

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)
        started = threading.Event()

        async def listen():
            context = None
            if self.cert:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.cert, self.key or self.cert)
                context.set_alpn_protocols(["h2", "http/1.1"])
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context)
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()

        def run():
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(listen())
            self.loop.run_forever()
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert started.wait(10)
        self.url = f"{'https' if self.cert else 'http'}://localhost:{self.port}"
        return self

    def __exit__(self, *_):
        async def end():
            self.server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.loop.stop()
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(10)
        self.loop.close()

    def rule(self, **rule):
        """See http_double.py: method, path or prefix, times, status, json, headers, delay_ms, mode."""
        with self.lock:
            self.rules.append(rule)

    def seen(self, method=None, prefix=""):
        """The log's requests."""
        with self.lock:
            return [entry for entry in self.log if method in (None, entry["method"]) and entry["path"].startswith(prefix)]

    def check(self):
        assert not self.faults, self.faults

    # -- requests --

    def built_in(self, request):
        with self.lock:
            try:
                answer = self.route(request)
            except Refusal as refusal:
                if refusal.note:
                    self.faults.append(f"{request['method']} {request['path']}: {refusal.text}")
                answer = self.refuse(request, refusal)
            except Exception as fault:  # told by check(): the server goes on
                self.faults.append(f"{request['method']} {request['path']}: {type(fault).__name__} {fault}")
                answer = Answer(500)
            if self.lose > 0 and request["method"] != "GET" and request["path"] != "/token":
                self.lose -= 1
                answer.mode = self.lose_mode
                if self.lose_mode == "hang":
                    answer.delay_ms = 3600 * 1000
            correlator = request["headers"].get("x-correlator")
            if correlator:
                answer.headers["x-correlator"] = correlator
            return answer

    def refuse(self, request, refusal):
        headers = {name.replace("_", "-"): value for name, value in refusal.headers.items()}
        if request["path"].startswith((T8, N5)):
            headers["Content-Type"] = "application/problem+json"
            value = {"status": refusal.status, "cause": refusal.code, "detail": refusal.text}
        else:
            headers["Content-Type"] = "application/json"
            value = {"status": refusal.status, "code": refusal.code, "message": refusal.text}
        return Answer(refusal.status, headers, json.dumps(value).encode())

    def json(self, status, value, **headers):
        return Answer(status, dict({"Content-Type": "application/json"}, **headers), json.dumps(value).encode())

    def body(self, request, kind="application/json"):
        found = request["headers"].get("content-type", "").split(";")[0].strip()
        need(found == kind, f"Content-Type {found!r} is not {kind}", status=415)
        try:
            return json.loads(request["body"], object_pairs_hook=without_doubles)
        except ValueError as fault:
            raise Refusal(400, "INVALID_ARGUMENT", f"body: {fault}") from None

    def route(self, request):
        method, path = request["method"], request["path"]
        if (method, path) == ("POST", "/token"):
            return self.token(request)
        if self.oauth:
            kind, _, token = request["headers"].get("authorization", "").partition(" ")
            if kind != "Bearer" or token not in self.tokens:
                raise Refusal(401, "UNAUTHENTICATED", "no token of ours", note=not token)
        correlator = request["headers"].get("x-correlator")
        if path.startswith(("/qos-", "/quality")):
            need(correlator is None or CORRELATOR.fullmatch(correlator), f"x-correlator {correlator!r}")
        for prefix, handler in ((PROVISIONING, self.provisioning), (SESSIONS, self.on_demand), (PROFILES, self.profile_calls),
                                (T8, self.t8), (N5, self.n5)):
            if path.startswith(prefix + "/"):
                return handler(request, method, [urllib.parse.unquote(part) for part in path[len(prefix) + 1:].split("/")])
        raise Refusal(404, "NOT_FOUND", "no such resource")

    def token(self, request):
        kind = request["headers"].get("content-type", "")
        need(kind.split(";")[0] == "application/x-www-form-urlencoded", f"Content-Type {kind!r} of a token request")
        form = dict(urllib.parse.parse_qsl(request["body"], strict_parsing=True))
        self.token_forms.append(form)
        need(form.get("grant_type") == "client_credentials", "grant_type")
        basic = request["headers"].get("authorization", "")
        given = (form.get("client_id"), form.get("client_secret"))
        if basic.startswith("Basic "):
            given = tuple(map(urllib.parse.unquote, base64.b64decode(basic[6:]).decode().split(":", 1)))
        if given != self.oauth:
            raise Refusal(401, "invalid_client", f"client {given[0]!r}")
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return self.json(200, {"access_token": token, "token_type": "Bearer", "expires_in": self.token_s})

    # -- CAMARA --

    def check_profile(self, name, seconds=None):
        need(isinstance(name, str) and PROFILE.fullmatch(name), f"qosProfile {name!r}")
        if name not in self.profiles:
            raise Refusal(422, "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE", f"profile {name} is unknown", note=False)
        low, high = self.profiles[name]
        if seconds is not None and not low <= seconds <= high:
            raise Refusal(400, "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE", f"{seconds} s are not {low} to {high}", note=False)

    def bind(self, *addresses):
        if self.bound is not None and not set(addresses) & set(self.bound):
            raise Refusal(422, "SERVICE_NOT_APPLICABLE", "the device is not in the network", note=False)

    def add(self, table, kind, body):
        key = str(uuid.uuid4())
        row = dict(body, id=key, at=time.time(), state="AVAILABLE" if self.immediate else "REQUESTED")
        table[key] = row
        self.created.append((kind, key))
        return key, row

    def view_assignment(self, row):
        value = {"assignmentId": row["id"], "qosProfile": row["qosProfile"], "device": row["device"], "status": row["state"]}
        if row["state"] == "AVAILABLE":
            value["startedAt"] = now()
        if row.get("info"):
            value["statusInfo"] = row["info"]
        return value

    def provisioning(self, request, method, part):
        if (method, part) == ("POST", ["qos-assignments"]):
            body = self.body(request)
            members(body, ("device", "qosProfile"), ("sink", "sinkCredential"), "assignment")
            check_device(body["device"])
            check_sink(body)
            self.check_profile(body["qosProfile"])
            self.bind(body["device"].get("phoneNumber"))
            if any(row["device"] == body["device"] for row in self.assignments.values()):
                raise Refusal(409, "CONFLICT", "the device has an assignment", note=False)
            key, row = self.add(self.assignments, "assignment", body)
            return self.json(201, self.view_assignment(row), Location=f"{self.url}{PROVISIONING}/qos-assignments/{key}")
        if (method, part) == ("POST", ["retrieve-qos-assignment"]):
            body = self.body(request)
            members(body, ("device",), (), "retrieval")
            check_device(body["device"])
            for row in self.assignments.values():
                if row["device"] == body["device"]:
                    return self.json(200, self.view_assignment(row))
            raise Refusal(404, "NOT_FOUND", "the device has no assignment", note=False)
        return self.one(self.assignments, "qos-assignments", self.view_assignment, method, part)

    def one(self, table, folder, view, method, part):
        need(len(part) == 2 and part[0] == folder and method in ("GET", "DELETE"), f"{method} {part}", "NOT_FOUND", 404)
        if part[1] not in table:
            raise Refusal(404, "NOT_FOUND", "not there", note=False)
        if method == "GET":
            return self.json(200, view(table[part[1]]))
        row = table.pop(part[1])
        if self.asynchronous:
            row["state"], row["info"] = "REQUESTED", "DELETE_REQUESTED"
            return self.json(202, view(row))
        return Answer(204)

    def view_session(self, row):
        value = {"sessionId": row["id"], "qosStatus": row["state"], "duration": row["duration"], "qosProfile": row["qosProfile"],
                 "device": row["device"], "applicationServer": row["applicationServer"]}
        if row["state"] == "AVAILABLE":
            value.update(startedAt=now(row["at"] - time.time()), expiresAt=now(row["at"] + row["duration"] - time.time()))
        if row.get("info"):
            value["statusInfo"] = row["info"]
        return value

    def on_demand(self, request, method, part):
        if (method, part) == ("POST", ["sessions"]):
            body = self.body(request)
            members(body, ("device", "applicationServer", "qosProfile", "duration"),
                    ("devicePorts", "applicationServerPorts", "sink", "sinkCredential"), "session")
            check_device(body["device"])
            members(body["applicationServer"], (), ("ipv4Address", "ipv6Address"), "applicationServer")
            need(body["applicationServer"], "applicationServer without an address")
            need(type(body["duration"]) is int and body["duration"] >= 1, "duration is no number of seconds")
            check_sink(body)
            self.check_profile(body["qosProfile"], body["duration"])
            self.bind(body["device"].get("phoneNumber"), body["device"].get("ipv4Address", {}).get("publicAddress"))
            if any(row["device"] == body["device"] and row["applicationServer"] == body["applicationServer"]
                   for row in self.sessions.values()):
                raise Refusal(409, "CONFLICT", "there is an overlapping session", note=False)
            key, row = self.add(self.sessions, "session", body)
            return self.json(201, self.view_session(row), Location=f"{self.url}{SESSIONS}/sessions/{key}")
        if (method, part) == ("POST", ["retrieve-sessions"]):
            body = self.body(request)
            members(body, ("device",), (), "retrieval")
            check_device(body["device"])
            return self.json(200, [self.view_session(row) for row in self.sessions.values() if row["device"] == body["device"]])
        if method == "POST" and len(part) == 3 and part[0] == "sessions" and part[2] == "extend":
            body = self.body(request)
            members(body, ("requestedAdditionalDuration",), (), "extension")
            need(part[1] in self.sessions, "not there", "NOT_FOUND", 404)
            self.sessions[part[1]]["duration"] += body["requestedAdditionalDuration"]
            return self.json(200, self.view_session(self.sessions[part[1]]))
        return self.one(self.sessions, "sessions", self.view_session, method, part)

    def view_profile(self, name):
        low, high = self.profiles[name]
        return {"name": name, "status": "ACTIVE", "minDuration": {"value": low, "unit": "Seconds"},
                "maxDuration": {"value": high, "unit": "Seconds"}, "maxDownstreamRate": {"value": 10, "unit": "Mbps"}}

    def profile_calls(self, request, method, part):
        if (method, part) == ("POST", ["retrieve-qos-profiles"]):
            body = self.body(request)
            members(body, (), ("device", "name", "status"), "retrieval")
            return self.json(200, [self.view_profile(name) for name in self.profiles if body.get("name") in (None, name)])
        need(method == "GET" and len(part) == 2 and part[0] == "qos-profiles", f"{method} {part}", "NOT_FOUND", 404)
        if part[1] not in self.profiles:
            raise Refusal(404, "NOT_FOUND", "no such profile", note=False)
        return self.json(200, self.view_profile(part[1]))

    # -- T8 --

    T8_MEMBERS = ("ueIpv4Addr", "ueIpv6Addr", "macAddr", "gpsi", "ipDomain", "dnn", "snssai", "exterAppId", "flowInfo",
                  "qosReference", "altQoSReferences", "usageThreshold", "sponsorInfo", "qosDuration", "events",
                  "supportedFeatures", "requestTestNotification", "notificationDestination")

    def check_t8(self, body):
        members(body, ("notificationDestination",), self.T8_MEMBERS, "subscription")
        check_url(body["notificationDestination"], "notificationDestination", "https?", "MANDATORY_IE_INCORRECT")
        address = [name for name in ("ueIpv4Addr", "ueIpv6Addr", "macAddr", "gpsi") if name in body]
        need(len(address) == 1, f"addressed by {address}", "MANDATORY_IE_MISSING")
        need("ueIpv4Addr" not in body or V4.fullmatch(body["ueIpv4Addr"]), "ueIpv4Addr")
        need("ipDomain" not in body or "ueIpv4Addr" in body, "ipDomain without ueIpv4Addr")
        need("gpsi" not in body or re.fullmatch(r"msisdn-\d{5,15}", body["gpsi"]), "gpsi")
        need("qosReference" in body or "flowInfo" in body, "neither qosReference nor flowInfo")
        for flow in body.get("flowInfo", []):
            members(flow, ("flowId",), ("flowDescriptions",), "flowInfo")
            need(type(flow["flowId"]) is int, "flowId")
            check_flow_rules(flow.get("flowDescriptions"), "flowDescriptions")
        need(set(body.get("events", [])) <= T8_EVENTS, f"events {body.get('events')}")
        need("qosDuration" not in body or type(body["qosDuration"]) is int and body["qosDuration"] > 0, "qosDuration")
        need(re.fullmatch("[0-9A-Fa-f]*", body.get("supportedFeatures", "")), "supportedFeatures")

    def view_t8(self, row):
        value = {name: row[name] for name in self.T8_MEMBERS if name in row}
        value["self"] = row["self"]
        return value

    def t8(self, request, method, part):
        need(len(part) >= 2 and part[0] and part[1] == "subscriptions", f"{method} {part}", "NOT_FOUND", 404)
        if len(part) == 2 and method == "GET":
            return self.json(200, [self.view_t8(row) for row in self.subscriptions.values() if row["as"] == part[0]])
        if len(part) == 2 and method == "POST":
            body = self.body(request)
            self.check_t8(body)
            if self.bound is not None and body.get("ueIpv4Addr", body.get("gpsi")) not in self.bound:
                raise Refusal(500, "PDU_SESSION_NOT_AVAILABLE", "no session of that device", note=False)
            key, row = self.add(self.subscriptions, "subscription", body)
            row["as"], row["self"] = part[0], f"{self.url}{T8}/{part[0]}/subscriptions/{key}"
            return self.json(201, self.view_t8(row), Location=row["self"])
        need(len(part) == 3 and method in ("GET", "DELETE", "PUT"), f"{method} {part}", "NOT_FOUND", 404)
        if self.subscriptions.get(part[2], {}).get("as") != part[0]:
            raise Refusal(404, "SUBSCRIPTION_NOT_FOUND", "not there", note=False)
        if method == "DELETE":
            del self.subscriptions[part[2]]
            return Answer(204)
        if method == "PUT":
            body = self.body(request)
            self.check_t8(body)
            self.subscriptions[part[2]].update(body)
        return self.json(200, self.view_t8(self.subscriptions[part[2]]))

    # -- N5 --

    N5_MEMBERS = ("ueIpv4", "ueIpv6", "ueMac", "afAppId", "dnn", "sliceInfo", "supi", "gpsi", "ipDomain", "medComponents",
                  "evSubsc", "qosDuration", "sponId", "aspId", "sponStatus", "servInfStatus", "afChargId", "mpsId")
    COMPONENT = ("medType", "fStatus", "marBwDl", "marBwUl", "mirBwDl", "mirBwUl", "qosReference", "altSerReqs", "medSubComps",
                 "afAppId")

    def check_component(self, key, component):
        members(component, ("medCompN",), self.COMPONENT, f"medComponents {key}")
        need(str(component["medCompN"]) == key and component["medCompN"] >= 1, f"medCompN of {key}")
        need(component.get("medType", "DATA") in ("AUDIO", "VIDEO", "DATA", "APPLICATION", "CONTROL", "TEXT", "MESSAGE", "OTHER"),
             "medType")
        need(component.get("fStatus", "ENABLED") in ("ENABLED", "ENABLED-UPLINK", "ENABLED-DOWNLINK", "DISABLED", "REMOVED"),
             "fStatus")
        for name in "marBwDl", "marBwUl", "mirBwDl", "mirBwUl":
            need(name not in component or RATE.fullmatch(str(component[name])), f"{name} {component.get(name)!r}")
        for number, flow in component.get("medSubComps", {}).items():
            members(flow, ("fNum",), ("fDescs", "fStatus", "flowUsage", "marBwDl", "marBwUl"), "medSubComps")
            need(str(flow["fNum"]) == number, "fNum")
            if "fDescs" in flow:
                check_flow_rules(flow["fDescs"], "fDescs")

    def check_n5(self, body):
        members(body, ("ascReqData",), (), "AppSessionContext")
        data = body["ascReqData"]
        members(data, ("notifUri", "suppFeat"), self.N5_MEMBERS, "ascReqData")
        check_url(data["notifUri"], "notifUri", "https?", "MANDATORY_IE_INCORRECT")
        need(re.fullmatch("[0-9A-Fa-f]*", data["suppFeat"]), "suppFeat")
        address = [name for name in ("ueIpv4", "ueIpv6", "ueMac") if name in data]
        need(len(address) == 1, f"addressed by {address}", "MANDATORY_IE_MISSING")
        need("ueIpv4" not in data or V4.fullmatch(data["ueIpv4"]), "ueIpv4")
        need("supi" not in data or re.fullmatch(r"imsi-\d{5,15}", data["supi"]), "supi")
        need("gpsi" not in data or re.fullmatch(r"msisdn-\d{5,15}", data["gpsi"]), "gpsi")
        components = data.get("medComponents", {})
        need(isinstance(components, dict), "medComponents is no object by number")
        for key, component in components.items():
            self.check_component(key, component)
        events = data.get("evSubsc")
        if events is not None:
            members(events, ("events",), ("notifUri",), "evSubsc")
            for event in events["events"]:
                members(event, ("event",), ("notifMethod", "repPeriod", "waitTime"), "event")
                need(event["event"] in N5_EVENTS, f"event {event['event']}")
                need(event.get("notifMethod", "EVENT_DETECTION") in ("EVENT_DETECTION", "ONE_TIME", "PERIODIC"), "notifMethod")
        return data

    def n5(self, request, method, part):
        need(request["http"] == "2", "N5 is HTTP/2", "UNSPECIFIED_NF_FAILURE", 505)
        if (method, part) == ("POST", ["app-sessions"]):
            body = self.body(request)
            data = self.check_n5(body)
            if self.bound is not None and data.get("ueIpv4", data.get("ueIpv6")) not in self.bound:
                raise Refusal(500, "PDU_SESSION_NOT_AVAILABLE", "no session of that address", note=False)
            if self.reuse:
                for key, row in self.contexts.items():
                    if all(row["ascReqData"].get(name) == data.get(name) for name in ("ueIpv4", "ueIpv6", "afAppId")):
                        return Answer(303, {"Location": f"{self.url}{N5}/app-sessions/{key}"})
            key, _ = self.add(self.contexts, "context", body)
            return self.json(201, body, Location=f"{self.url}{N5}/app-sessions/{key}")
        need(len(part) in (2, 3) and part[0] == "app-sessions", f"{method} {part}", "NOT_FOUND", 404)
        row = self.contexts.get(part[1])
        if row is None:
            raise Refusal(404, "APPLICATION_SESSION_CONTEXT_NOT_FOUND", "not there", note=False)
        if method == "POST" and part[2:] == ["delete"]:
            if request["body"]:
                self.body(request)
            del self.contexts[part[1]]
            return Answer(204)
        if method == "PATCH" and len(part) == 2:
            body = self.body(request, "application/merge-patch+json")
            members(body, ("ascReqData",), (), "patch")
            row["ascReqData"].update(body["ascReqData"])
        else:
            need(method == "GET" and len(part) == 2, f"{method} {part}", "NOT_FOUND", 404)
        return self.json(200, {"ascReqData": row["ascReqData"]})

    # -- what the network does by itself: (URL, headers, body) of the notification --

    def event(self, kind, data, row):
        body = {"id": str(uuid.uuid4()), "source": self.url, "specversion": "1.0", "type": f"org.camaraproject.{kind}",
                "time": now(), "datacontenttype": "application/json", "data": data}
        headers = [("Content-Type", "application/cloudevents+json")]
        if "sinkCredential" in row:
            headers.append(("Authorization", "Bearer " + row["sinkCredential"]["accessToken"]))
        return row["sink"], headers, json.dumps(body).encode()

    def assignment_event(self, key, status, info=None, table=None):
        row = (self.assignments if table is None else table)[key]
        row["state"], row["info"] = status, info
        data = {"assignmentId": key, "status": status}
        if info:
            data["statusInfo"] = info
        return self.event("qos-provisioning.v0.status-changed", data, row)

    def session_event(self, key, status, info=None):
        """DURATION_EXPIRED and NETWORK_TERMINATED take the session away."""
        row = self.sessions[key]
        row["state"], row["info"] = status, info
        data = {"sessionId": key, "qosStatus": status}
        if info:
            data["statusInfo"] = info
        if status == "UNAVAILABLE":
            del self.sessions[key]
        return self.event("quality-on-demand.v1.qos-status-changed", data, row)

    def t8_event(self, key, event):
        row = self.subscriptions[key]
        body = {"transaction": row["self"], "eventReports": [{"event": event}]}
        if event == "SESSION_TERMINATION":
            del self.subscriptions[key]
        return row["notificationDestination"], [("Content-Type", "application/json")], json.dumps(body).encode()

    def n5_event(self, key, event):
        row = self.contexts[key]["ascReqData"]
        url = row.get("evSubsc", {}).get("notifUri", row["notifUri"]) + "/notify"
        body = {"evSubsUri": f"{self.url}{N5}/app-sessions/{key}/events-subscription", "evNotifs": [{"event": event}]}
        return url, [("Content-Type", "application/json")], json.dumps(body).encode()

    def n5_terminate(self, key, cause="PDU_SESSION_TERMINATION"):
        body = {"termCause": cause, "resUri": f"{self.url}{N5}/app-sessions/{key}"}
        url = self.contexts[key]["ascReqData"]["notifUri"] + "/terminate"
        return url, [("Content-Type", "application/json")], json.dumps(body).encode()


def without_doubles(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a member is there twice")
    return dict(pairs)
