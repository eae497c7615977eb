# SPDX-License-Identifier: Apache-2.0
"""An SM-DP+ for tests, written from the digest smdp.md and not from our adapter: ES2+ over mutual TLS (SGP.22 5.3, 6.5), strict
in what it takes, with the states of SGP.22 3.1.6, stock by profile type, duplicates known by (requester, call id), a ledger, and
the device's side: download() walks a profile through its states and notifies the operator. Faults: neighbour_double.Fault."""
import base64
import datetime
import http.client
import json
import re
import ssl
import threading

from neighbour_double import Answer, Double, good_eid, good_iccid, luhn, nulls, plain_iccid, read_json

PATH = "/gsma/rsp2/es2plus/"
AVAILABLE, ALLOCATED, LINKED, CONFIRMED, RELEASED, DOWNLOADED, INSTALLED, ERROR, UNAVAILABLE = STATES = (
    "Available", "Allocated", "Linked", "Confirmed", "Released", "Downloaded", "Installed", "Error", "Unavailable")
MATCHING_ID = re.compile(r"[A-Z0-9-]*\Z")
FQDN = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}\Z")
CALL_ID = re.compile(r"[\x21-\x7e]{1,64}\Z")
# What each function may hold: (mandatory, optional)
MEMBERS = {
    "downloadOrder": (set(), {"eid", "iccid", "profileType"}),
    "confirmOrder": ({"iccid", "releaseFlag"}, {"eid", "matchingId", "confirmationCode", "smdsAddress"}),
    "cancelOrder": ({"iccid", "finalProfileStatusIndicator"}, {"eid", "matchingId"}),
    "releaseProfile": ({"iccid"}, set()),
    "getProfileStatus": ({"iccidList"}, set()),
}


class Refused(Exception):
    def __init__(self, subject, reason, message=""):
        super().__init__(message)
        self.subject, self.reason, self.message = subject, reason, message


class Profile:
    def __init__(self, iccid, kind):
        self.iccid, self.kind, self.state = iccid, kind, AVAILABLE
        self.eid = self.matching_id = self.code = self.smds = None
        self.orders = 0  # how often it was taken from the stock

    def free(self, state=AVAILABLE):
        self.state, self.eid, self.matching_id, self.code, self.smds = state, None, None, None, None


class Smdp(Double):
    """stock: profile type -> how many; requester: the OID that the operator must use; clients: subjects that may call (None:
    whoever the authority vouches for). forgetful: repeated calls are not known (smdp.md 7: do not rely on it). pad: 19 digits are
    answered with F. operator: (host, port, ca, certificate, key) of the callback listener."""
    kind = "SM-DP+"

    def __init__(self, certificate, key, client_ca, requester, stock=None, address="smdp.example.com", clients=None, pad=True,
                 forgetful=False, operator=None, prefix=None):
        self.requester, self.address, self.clients, self.pad, self.forgetful = requester, address, clients, pad, forgetful
        self.operator, self.protocol = operator, "gsma/rsp/v2.5.0"
        self.profiles, self.types, self.answers = {}, set(), {}
        self.notifications, self.notify_id = [], 0
        self.unreachable = None  # called when the operator cannot be reached; the notification is sent again afterwards
        self.serial = 0
        self.prefix = prefix or "8949090"
        for kind, count in (stock or {}).items():
            self.add(kind, count)
        super().__init__(certificate, key, client_ca)

    # ---- stock ----

    def add(self, kind, count=1):
        """More profiles of a type; the last one's ICCID."""
        self.types.add(kind)
        iccid = None
        for _ in range(count):
            self.serial += 1
            body = f"{self.prefix}{self.serial:0{18 - len(self.prefix)}d}"
            iccid = body + luhn(body)
            self.profiles[iccid] = Profile(iccid, kind)
        return iccid

    def in_state(self, *states):
        with self.lock:
            return [p for p in self.profiles.values() if p.state in states]

    def state(self, iccid):
        return self.profiles[plain_iccid(iccid)].state

    def held(self, eid=None):
        """Profiles that are taken (for this eUICC): neither in the stock nor given up."""
        found = self.in_state(ALLOCATED, LINKED, CONFIRMED, RELEASED, DOWNLOADED, INSTALLED)
        return [p for p in found if eid is None or p.eid == eid]

    def done(self, function, iccid=None):
        """Calls that have changed something: succeeded, and no repetition of one before."""
        return [e for e in self.entries(function, result="Executed-Success", repeated=False)
                if iccid is None or e["iccid"] == plain_iccid(iccid)]

    def check_once(self, orders=1, confirms=1, cancels=0):
        """So many profiles were ordered and confirmed, however often the calls came."""
        found = tuple(len(self.done(f)) for f in ("downloadOrder", "confirmOrder", "cancelOrder"))
        assert found == (orders, confirms, cancels), f"orders, confirmations, cancellations: {found}; {self.ledger}"

    # ---- HTTP ----

    def function_of(self, request):
        return request.path[len(PATH):] if request.path.startswith(PATH) else request.path

    def process(self, request):
        function = self.function_of(request)
        if function not in MEMBERS or not request.path.startswith(PATH):
            self.violation(f"unknown path {request.path}")
            return Answer(404)
        if request.method != "POST":
            self.violation(f"{function} by {request.method}")
            return Answer(405, headers={"Allow": "POST"})
        if "?" in request.target:
            self.violation(f"{function} with a query")
        if self.clients is not None and request.peer not in self.clients:
            self.violation(f"{function} by the certificate of {request.peer!r}")
            return Answer(403)
        try:
            body = self.read(function, request)
        except Refused as refused:
            self.violation(f"{function}: {refused.message}")
            self.record(function, call_id=None, body=None, result="Failed", repeated=False, iccid=None,
                        why=(refused.subject, refused.reason))
            return self.failed(refused)
        return self.perform(function, body)

    def read(self, function, request):
        """The body, when the form is right."""
        if request.media_type != "application/json":
            raise Refused("1.2.1", "2.1", f"Content-Type {request.headers.get('Content-Type')!r}")
        protocol = request.headers.get_all("X-Admin-Protocol") or []
        if len(protocol) != 1 or not re.match(r"gsma/rsp/v[0-9]+\.[0-9]+\.[0-9]+\Z", protocol[0]):
            raise Refused("1.2.2", "2.1", f"X-Admin-Protocol {protocol}")
        try:
            body = read_json(request.body)
        except ValueError as fault:
            raise Refused("1.6", "2.1", f"no JSON: {fault}") from None
        if not isinstance(body, dict):
            raise Refused("1.6", "2.1", "no object")
        if nulls(body):
            raise Refused("1.6", "2.1", f"null at {nulls(body)}")
        header = body.get("header")
        if not isinstance(header, dict) or set(header) != {"functionRequesterIdentifier", "functionCallIdentifier"}:
            raise Refused("1.6", "2.2", f"header {header!r}")
        if header["functionRequesterIdentifier"] != self.requester:
            raise Refused("1.1", "1.1", f"requester {header['functionRequesterIdentifier']!r}")
        if not isinstance(header["functionCallIdentifier"], str) or not CALL_ID.match(header["functionCallIdentifier"]):
            raise Refused("1.6", "2.1", f"call id {header['functionCallIdentifier']!r}")
        must, may = MEMBERS[function]
        names = set(body) - {"header"}
        if not must <= names:
            raise Refused("1.6", "2.2", f"without {sorted(must - names)}")
        if not names <= must | may:
            self.violation(f"{function}: members that it does not have: {sorted(names - must - may)}")
        self.types_of(body)
        return body

    def types_of(self, body):
        """The form of each member that is there."""
        checks = {
            "iccid": good_iccid, "eid": good_eid,
            "profileType": lambda v: isinstance(v, str) and 0 < len(v) <= 255,
            "releaseFlag": lambda v: v is True or v is False,
            "matchingId": lambda v: isinstance(v, str) and MATCHING_ID.match(v) and len(v) <= 128,
            "confirmationCode": lambda v: isinstance(v, str) and v != "",
            "smdsAddress": lambda v: isinstance(v, str) and FQDN.match(v),
            "finalProfileStatusIndicator": lambda v: v in (AVAILABLE, UNAVAILABLE),
            "iccidList": lambda v: isinstance(v, list) and v and all(isinstance(i, dict) and set(i) == {"iccid"} and
                                                                      good_iccid(i["iccid"]) for i in v),
        }
        for name, value in body.items():
            if name in checks and not checks[name](value):
                raise Refused("8.1.1" if name == "eid" else "8.2.1" if name == "iccid" else "1.6", "2.1", f"{name} {value!r}")

    def perform(self, function, body):
        call = body["header"]["functionCallIdentifier"]
        what = {name: value for name, value in body.items() if name != "header"}
        before = self.answers.get(call)
        if before and (before[0], before[1]) != (function, what):
            self.violation(f"call id {call} was used for {before[0]} {before[1]} and now for {function} {what}")
        if before and before[:2] == (function, what) and not self.forgetful:
            self.record(function, call_id=call, body=what, result=before[3], repeated=True, iccid=before[4], why=None)
            return before[2]
        iccid = plain_iccid(what["iccid"]) if "iccid" in what else None
        try:
            value, iccid = getattr(self, "do_" + function)(what, iccid)
            answer, result, why = self.succeeded(value), "Executed-Success", None
            self.answers[call] = (function, what, answer, result, iccid)
        except Refused as refused:
            answer, result, why = self.failed(refused), "Failed", (refused.subject, refused.reason)
        self.record(function, call_id=call, body=what, result=result, repeated=False, iccid=iccid, why=why)
        return answer

    def succeeded(self, value, status="Executed-Success"):
        return Answer(200, {"header": {"functionExecutionStatus": {"status": status}}, **value},
                      {"X-Admin-Protocol": self.protocol})

    def failed(self, refused):
        code = {"subjectCode": refused.subject, "reasonCode": refused.reason}
        if refused.message:
            code["message"] = refused.message
        return Answer(200, {"header": {"functionExecutionStatus": {"status": "Failed", "statusCodeData": code}}},
                      {"X-Admin-Protocol": self.protocol})

    def refusal(self, request, what):
        """what: (subject, reason), or "Failed", "Expired", ... without statusCodeData."""
        call = None
        try:
            call = read_json(request.body)["header"]["functionCallIdentifier"]
        except (ValueError, KeyError, TypeError):
            pass
        self.record(self.function_of(request), call_id=call, body=None, result="Failed", repeated=False, iccid=None, why=what)
        if isinstance(what, str):
            return Answer(200, {"header": {"functionExecutionStatus": {"status": what}}}, {"X-Admin-Protocol": self.protocol})
        return self.failed(Refused(*what))

    # ---- functions ----

    def profile(self, iccid):
        if iccid not in self.profiles:
            raise Refused("8.2.1", "3.9", "unknown ICCID")
        return self.profiles[iccid]

    def shown(self, iccid):
        return iccid + "F" if self.pad and len(iccid) == 19 else iccid

    def do_downloadOrder(self, what, iccid):
        kind, eid = what.get("profileType"), what.get("eid")
        if iccid is None and kind is None:
            self.violation("downloadOrder names neither an ICCID nor a profile type")
            raise Refused("1.6", "2.3", "iccid or profileType")
        if iccid is not None:
            profile = self.profile(iccid)
            if kind is not None and profile.kind != kind:
                raise Refused("8.2.5", "3.8", "another profile type")
            if profile.state != AVAILABLE:
                raise Refused("8.2.1", "3.3", f"the profile is {profile.state}")
        else:
            if kind not in self.types:
                raise Refused("8.2.5", "3.9", "unknown profile type")
            stock = [p for p in self.profiles.values() if p.kind == kind and p.state == AVAILABLE and not p.orders]
            stock = stock or [p for p in self.profiles.values() if p.kind == kind and p.state == AVAILABLE]
            if not stock:
                raise Refused("8.2.5", "3.7", "none left")
            profile = stock[0]
        profile.state, profile.eid = LINKED if eid else ALLOCATED, eid
        profile.orders += 1
        return {"iccid": self.shown(profile.iccid)}, profile.iccid

    def do_confirmOrder(self, what, iccid):
        profile = self.profile(iccid)
        eid, matching = what.get("eid"), what.get("matchingId")
        if profile.state not in (ALLOCATED, LINKED):
            raise Refused("8.2.1", "3.3", f"the profile is {profile.state}")
        if eid and profile.eid and eid != profile.eid:
            raise Refused("8.1.1", "3.10", "linked to another EID")
        if (matching == "" or what.get("smdsAddress")) and not (eid or profile.eid):
            raise Refused("8.1.1", "2.2", "default SM-DP+ and SM-DS need an EID")
        if matching is None:
            matching = f"DP-{len(self.ledger):06d}"
        if matching and any(p is not profile and p.matching_id == matching for p in self.profiles.values()):
            raise Refused("8.2.6", "3.8", "used by another profile")
        profile.eid, profile.matching_id = eid or profile.eid, matching
        profile.code, profile.smds = what.get("confirmationCode"), what.get("smdsAddress")
        profile.state = RELEASED if what["releaseFlag"] else CONFIRMED
        answer = {"matchingId": matching, "smdpAddress": self.address}
        if profile.eid:
            answer["eid"] = profile.eid
        return answer, iccid

    def do_releaseProfile(self, what, iccid):
        profile = self.profile(iccid)
        if profile.state != CONFIRMED:
            raise Refused("8.2.1", "3.3", f"the profile is {profile.state}")
        profile.state = RELEASED
        return {}, iccid

    def do_cancelOrder(self, what, iccid):
        profile = self.profile(iccid)
        if profile.state not in (ALLOCATED, LINKED, CONFIRMED, RELEASED):
            raise Refused("8.2.1", "3.3", f"the profile is {profile.state}")
        if what.get("eid", profile.eid) != profile.eid:
            raise Refused("8.1.1", "3.10", "linked to another EID")
        if profile.eid and "eid" not in what:
            self.violation("cancelOrder without the EID that was given in the order")
        if profile.matching_id and what.get("matchingId") != profile.matching_id:
            if "matchingId" not in what:
                self.violation("cancelOrder without the matching id that was given in the order")
            raise Refused("8.2.6", "3.10", "another matching id")
        profile.free(what["finalProfileStatusIndicator"])
        return {}, iccid

    def do_getProfileStatus(self, what, _):
        found = []
        for item in what["iccidList"]:
            profile = self.profiles.get(plain_iccid(item["iccid"]))
            if profile:
                found.append({"iccid": self.shown(profile.iccid), "eid": profile.eid or "", "state": profile.state,
                              "acToken": profile.matching_id or "", "lockFlag": False})
        return {"profileStatusList": found, "completionTimestamp": now()}, None

    # ---- the eUICC's side ----

    def download(self, code=None, eid=None, address=None, stop=None, notify=True, confirmation=None):
        """As a device with this eUICC does (ES9+ in short): by activation code ("1$..."), or with the empty matching id at
        address. stop: "checked", "downloaded": no further. The profile. AssertionError: a real SM-DP+ would not give it."""
        matching, confirmed = "", False
        if code is not None:
            parts = code.split("$")
            assert len(code) <= 255 and parts[0] == "1" and len(parts) >= 3, f"no activation code: {code!r}"
            address, matching, confirmed = parts[1], parts[2], len(parts) > 4 and parts[4] == "1"
        assert address in (self.address, "127.0.0.1", "localhost") and FQDN.match(address), f"no address of this SM-DP+: {address!r}"
        assert MATCHING_ID.match(matching), f"matching id {matching!r}"
        assert matching or eid, "nothing that tells which profile"
        with self.lock:
            found = [p for p in self.profiles.values() if p.matching_id == matching and (matching or p.eid == eid)
                     and p.state in (CONFIRMED, RELEASED, DOWNLOADED, INSTALLED)]
            assert len(found) == 1, f"{len(found)} profiles for matching id {matching!r}, EID {eid}"
            profile = found[0]
            released, right = profile.state == RELEASED, profile.eid in (None, eid)
        if not released or not right:
            if notify:
                self.notify(profile, 1, ("8.1.1", "3.8") if not right else ("8.2", "1.2"), eid=eid)
            raise AssertionError(f"the download is refused: {profile.state}, EID {'right' if right else 'wrong'}")
        if profile.code is not None:
            assert confirmed, "the activation code does not ask for a confirmation code"
            if confirmation != profile.code:
                self.notify(profile, 2, ("8.2.7", "3.8"), eid=eid)
                raise AssertionError("the confirmation code is wrong")
        with self.lock:
            profile.eid = profile.eid or eid
        if notify:
            self.notify(profile, 1)
        if stop == "checked":
            return profile
        self.go(profile, DOWNLOADED)
        if notify:
            self.notify(profile, 3)
        if stop == "downloaded":
            return profile
        self.go(profile, INSTALLED)
        if notify:
            self.notify(profile, 4)
        return profile

    def go(self, profile, state):
        with self.lock:
            profile.state = state
            self.changed.notify_all()

    def delete(self, iccid, notify=True):
        """The user deletes the profile: it may be ordered again."""
        with self.lock:
            profile = self.profiles[plain_iccid(iccid)]
            assert profile.state == INSTALLED, profile.state
            eid = profile.eid
            profile.free()
        if notify:
            self.notify(profile, 5, eid=eid)
        return profile

    def put(self, kind, state=INSTALLED, eid=None, iccid=None):
        """A profile that came to its device another way. Its ICCID."""
        with self.lock:
            if iccid is None:
                iccid = self.add(kind)
            elif iccid not in self.profiles:
                self.profiles[iccid] = Profile(iccid, kind)
            profile = self.profiles[iccid]
            profile.state, profile.eid, profile.orders = state, eid, 1
            return iccid

    def notification(self, profile, point, failure=None, eid=None, **change):
        self.notify_id += 1
        status = {"status": "Executed-Success"}
        if failure:
            status = {"status": "Failed", "statusCodeData": {"subjectCode": failure[0], "reasonCode": failure[1]}}
        body = {"header": {"functionRequesterIdentifier": "2.25.1", "functionCallIdentifier": f"dp-{id(self):x}-{self.notify_id}"},
                "iccid": self.shown(profile.iccid), "profileType": profile.kind, "timestamp": now(),
                "notificationPointId": point, "notificationPointStatus": status}
        if eid or profile.eid:
            body["eid"] = eid or profile.eid
        if point == 4:
            body["resultData"] = base64.b64encode(b"\xbf\x37\x05\x80\x03abc").decode()
        body.update(change)
        return {name: value for name, value in body.items() if value is not None}

    def notify(self, profile, point, failure=None, eid=None, copies=1, **change):
        """handleDownloadProgressInfo to the operator, strictly looked at what it answers."""
        body = self.notification(profile, point, failure, eid, **change)
        return [self.send(body) for _ in range(copies)][-1]

    def send(self, body, function="handleDownloadProgressInfo", identity=None, content_type="application/json", good=(204,)):
        """identity: (certificate, key) instead of ours; (): none."""
        for left in range(30, -1, -1):
            try:
                return self.send_once(body, function, identity, content_type, good)
            except (OSError, http.client.HTTPException):
                if not left or not self.unreachable or not self.unreachable():
                    raise

    def send_once(self, body, function, identity, content_type, good):
        assert self.operator, "no callback listener was named"
        host, port, ca, certificate, key = self.operator
        context = ssl.create_default_context(cafile=ca)
        context.check_hostname = False
        if identity is None:
            context.load_cert_chain(certificate, key)
        elif identity:
            context.load_cert_chain(*identity)
        connection = http.client.HTTPSConnection(host, port, context=context, timeout=20)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("POST", PATH + function, data, {"Content-Type": content_type, "X-Admin-Protocol": self.protocol})
            reply = connection.getresponse()
            rest = reply.read()
        finally:
            connection.close()
        with self.lock:
            self.notifications.append((body, reply.status))
        if reply.status not in good:
            self.violation(f"the operator answered {reply.status} to {function}: {rest[:200]!r}")
        if reply.status == 204 and (rest or not (reply.headers.get("X-Admin-Protocol") or "").startswith("gsma/rsp/v")):
            self.violation(f"204 to {function} with {len(rest)} bytes, X-Admin-Protocol {reply.headers.get('X-Admin-Protocol')!r}")
        return reply.status

    def later(self, seconds, what, *args, **kwargs):
        timer = threading.Timer(seconds, what, args, kwargs)
        timer.daemon = True
        timer.start()
        return timer


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
