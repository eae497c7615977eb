# SPDX-License-Identifier: Apache-2.0
"""A BSS for tests, written from the digest bss.md and not from our adapter: TM Forum 637, 638, 639, 620 (read), 641, 622, 640
(orders), hub and events out, an OAuth 2.0 token endpoint. bss_rest.py has
the other dialect. Strict in what it takes; a ledger by externalId shows what was ordered how often. Faults: neighbour_double.Fault."""
import base64
import copy
import datetime
import http.client
import json
import re
import ssl
import threading
import time
import urllib.parse
import uuid

from neighbour_double import Answer, Double, nulls, read_json

INVENTORIES = {  # collection path -> list of the double
    "/tmf-api/serviceInventory/v4/service": "services",
    "/tmf-api/productInventory/v4/product": "products",
    "/tmf-api/resourceInventoryManagement/v4/resource": "resources",
    "/tmf-api/resourceInventoryManagement/v4/logicalResource": "resources",
    "/tmf-api/resourceInventoryManagement/v4/physicalResource": "resources",
    "/tmf-api/productCatalogManagement/v4/productOffering": "offerings",
}
ORDERS = {  # collection path -> (function, member of an item, name of its specification, of its characteristics, event)
    "/tmf-api/serviceOrdering/v4/serviceOrder": ("serviceOrder", "service", "serviceSpecification", "serviceCharacteristic"),
    "/tmf-api/productOrderingManagement/v4/productOrder": ("productOrder", "product", "productSpecification",
                                                           "productCharacteristic"),
}
CANCELS = {"/tmf-api/serviceOrdering/v4/cancelServiceOrder": "serviceOrder",
           "/tmf-api/productOrderingManagement/v4/cancelProductOrder": "productOrder"}
OPEN = ("acknowledged", "pending", "held", "inProgress", "assessingCancellation", "pendingCancellation")
FINAL = ("completed", "partial", "failed", "rejected", "cancelled")
ACTIONS = ("add", "modify", "delete", "noChange")
SERVICE_STATES = ("feasibilityChecked", "designed", "reserved", "inactive", "active", "terminated", "suspended")


class Refused(Exception):
    def __init__(self, status, code, reason):
        super().__init__(reason)
        self.status, self.code, self.reason = status, code, reason


class Order:
    def __init__(self, number, function, body, item_name, characteristics):
        self.id, self.function, self.body = f"so-{number}", function, body
        self.key = body.get("externalId") or body["externalReference"][0]["id"]
        self.state, self.error, self.result = "acknowledged", None, {}
        self.items = body[f"{function}Item"]
        self.item_name, self.characteristics = item_name, characteristics

    def values(self):
        """name -> value of the characteristics of all items."""
        return {c["name"]: c["value"] for item in self.items for c in item.get(self.item_name, {}).get(self.characteristics, [])}

    @property
    def actions(self):
        return [item["action"] for item in self.items]

    @property
    def specifications(self):
        found = [item.get(self.item_name, {}).get(self.item_name + "Specification", {}) for item in self.items]
        return [s.get("id") or s.get("name") for s in found]

    def shown(self):
        found = {"id": self.id, "href": f"/{self.function}/{self.id}", "state": self.state, **copy.deepcopy(self.body)}
        for item in found[f"{self.function}Item"]:
            item["state"] = self.state
            if self.state == "completed" and self.result:
                part = item.setdefault(self.item_name, {})
                part["id"] = part.get("id", f"svc-{self.id}")
                part.setdefault(self.characteristics, []).extend({"name": n, "value": v} for n, v in self.result.items())
        if self.error:
            found["errorMessage"] = [{"code": self.error[0], "reason": self.error[1]}]
        return found


class Bss(Double):
    """clients: OAuth client id -> secret; empty: no token is asked for. behave(mode, ...) says what becomes of orders. provide: a
    function(order) -> characteristics of the result of a completed order (iccid, activationCode, smdpAddress, msisdn, imsi).
    operator: (host, port, ca, certificate, key) of the listener of events. forgetful: the same externalId makes a second order."""
    kind = "BSS"

    def __init__(self, certificate=None, key=None, client_ca=None, clients=None, scope=None, provide=None, operator=None,
                 forgetful=False, listener="/bss/listener/"):
        self.clients, self.scope, self.token_life = clients or {}, scope, 3600
        self.provide, self.operator, self.forgetful, self.listener = provide or (lambda order: {}), operator, forgetful, listener
        self.tokens, self.orders, self.hubs, self.events = {}, [], {}, []
        self.services, self.products, self.resources, self.offerings = [], [], [], []
        self.modes, self.default = [], {"state": "completed"}
        self.unreachable = None  # called when the operator cannot be reached; the event is sent again afterwards
        self.handlers = {}  # path -> function(request, body) of other dialects
        super().__init__(certificate, key, client_ca)

    # ---- what the test says ----

    def behave(self, state="completed", times=1, when=None, error=None, event=None, after=0, result=None, early=False):
        """What becomes of the next orders (when(order) true; times None: all). state: of the answer; event: the final state
        that is told later, after so many seconds (early: before the answer is sent); result: characteristics; error: (code,
        reason)."""
        with self.lock:
            self.modes.append({"state": state, "times": times, "when": when, "error": error, "event": event, "after": after,
                               "result": result, "early": early, "hits": 0})

    def placed(self, function=None, **values):
        """Orders that exist (not cancelled or rejected), with these characteristics."""
        with self.lock:
            return [o for o in self.orders if (function is None or o.function == function) and
                    all(str(o.values().get(k)) == str(v) for k, v in values.items())]

    def order(self, key):
        found = [o for o in self.orders if key in (o.key, o.id)]
        assert found, f"no order {key}"
        return found[-1]

    def check_once(self):
        """No key made two orders."""
        with self.lock:
            keys = [o.key for o in self.orders]
            assert len(set(keys)) == len(keys), f"ordered twice: {[k for k in keys if keys.count(k) > 1]}"

    def finish(self, order, state="completed", result=None, error=None, tell=True, **how):
        """An open order ends; the operator is told."""
        with self.lock:
            order = self.order(order) if isinstance(order, str) else order
            if order.state in OPEN:
                order.state, order.error = state, error
                order.result = dict(self.provide(order) if state == "completed" else {}, **(result or {}))
            self.changed.notify_all()
        return self.tell(order, **how) if tell else None

    def tell(self, order, **how):
        name = order.function[0].upper() + order.function[1:] + "StateChangeEvent"
        return self.event(name, {order.function: order.shown()}, **how)

    # ---- events out ----

    def event(self, name, resource, event_id=None, at=None, copies=1, spelling="timeOcurred", good=(200, 201, 202, 204)):
        stamp = at or now()
        body = {"eventId": event_id or str(uuid.uuid4()), "eventTime": stamp, "eventType": name, spelling: stamp,
                "domain": "Commercial", "event": resource}
        return [self.post(self.listener + name[0].lower() + name[1:], body, good) for _ in range(copies)][-1]

    def post(self, path, body, good=(200, 201, 202, 204), identity=None):
        for left in range(30, -1, -1):
            try:
                return self.post_once(path, body, good, identity)
            except (OSError, http.client.HTTPException):
                if not left or not self.unreachable or not self.unreachable():
                    raise

    def post_once(self, path, body, good, identity):
        assert self.operator, "no listener of events was named"
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
            connection.request("POST", path, data, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            rest = reply.read()
        finally:
            connection.close()
        with self.lock:
            self.events.append((path, body, reply.status))
        if reply.status not in good:
            self.violation(f"the operator answered {reply.status} to {path}: {rest[:200]!r}")
        return reply.status

    # ---- HTTP ----

    def function_of(self, request):
        part = request.path.rstrip("/")
        if part in self.handlers:
            return part.rsplit("/", 1)[-1]
        for path, (name, *_) in ORDERS.items():
            if part == path:
                return name if request.method == "POST" else f"find {name}"
            if part.startswith(path + "/"):
                return f"get {name}"
        if part in CANCELS:
            return "cancel " + CANCELS[part]
        if part in INVENTORIES:
            return INVENTORIES[part]
        if part.endswith("/oauth/token") or part == "/token":
            return "token"
        if part.endswith("/hub") or "/hub/" in part:
            return "hub"
        return part

    def process(self, request):
        function = self.function_of(request)
        try:
            if function == "token":
                return self.token(request)
            self.authorize(request)
            handler = self.handlers.get(request.path.rstrip("/"))
            if handler:
                return handler(request, self.body(request) if request.body else None)
            if function in ("serviceOrder", "productOrder"):
                return self.place(request, function)
            if function.startswith(("find ", "get ")):
                return self.look(request, function)
            if function.startswith("cancel "):
                return self.cancel(request, function)
            if function == "hub":
                return self.hub(request)
            if function in INVENTORIES.values() or any(request.path.startswith(p + "/") for p in INVENTORIES):
                return self.inventory(request)
            self.violation(f"unknown path {request.method} {request.target}")
            return self.refusal(request, (404, "60", "no such resource"))
        except Refused as refused:
            if refused.status == 400 or refused.status == 415:
                self.violation(f"{function}: {refused.reason}")
            self.record(function, key=None, result=refused.status, repeated=False)
            return self.refusal(request, (refused.status, refused.code, refused.reason))

    def refusal(self, request, what):
        """what: (status, code, reason) in the error form of TMF 630."""
        return Answer(what[0], {"code": what[1], "reason": what[2], "status": str(what[0])})

    def token(self, request):
        if request.method != "POST" or request.media_type != "application/x-www-form-urlencoded":
            raise Refused(400, "token", f"{request.method} {request.media_type}")
        form = dict(urllib.parse.parse_qsl(request.body.decode("ascii"), strict_parsing=True))
        if form.get("grant_type") != "client_credentials" or (self.scope and form.get("scope") != self.scope):
            self.violation(f"token request {form}")
            return Answer(400, {"error": "invalid_request"})
        user, secret = form.get("client_id"), form.get("client_secret")
        basic = request.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            user, secret = map(urllib.parse.unquote_plus, base64.b64decode(basic[6:], validate=True).decode().split(":", 1))
        if user not in self.clients or self.clients[user] != secret:
            self.record("token", key=None, result=401, repeated=False)
            return Answer(401, {"error": "invalid_client"})
        made = uuid.uuid4().hex
        self.tokens[made] = time.time() + self.token_life
        self.record("token", key=None, result=200, repeated=False)
        return Answer(200, {"access_token": made, "token_type": "Bearer", "expires_in": self.token_life})

    def authorize(self, request):
        if not self.clients:
            return
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or self.tokens.get(token, 0) < time.time():
            raise Refused(401, "40", "no valid token")

    def revoke_tokens(self):
        with self.lock:
            self.tokens.clear()

    def body(self, request, kinds=("application/json",)):
        if request.media_type not in kinds:
            raise Refused(415, "27", f"Content-Type {request.media_type!r}")
        try:
            value = read_json(request.body)
        except ValueError as fault:
            raise Refused(400, "27", f"no JSON: {fault}") from None
        if not isinstance(value, dict) or nulls(value):
            raise Refused(400, "27", f"no object, or null at {nulls(value)}")
        return value

    # ---- orders ----

    def check_order(self, body, function):
        _, item_name, specification, characteristics = next(v for v in ORDERS.values() if v[0] == function)
        key = body.get("externalId")
        if key is None:
            references = body.get("externalReference")
            key = references[0].get("id") if isinstance(references, list) and references else None
        if not isinstance(key, str) or not re.match(r"[\x21-\x7e]{1,64}\Z", key):
            raise Refused(400, "28", f"externalId {key!r}")
        items = body.get(f"{function}Item")
        if not isinstance(items, list) or not items:
            raise Refused(400, "28", f"{function}Item {items!r}")
        if len({item.get("id") for item in items}) != len(items):
            raise Refused(400, "28", "item ids are not unique")
        for item in items:
            part = item.get(item_name)
            if not isinstance(item.get("id"), str) or item.get("action") not in ACTIONS or not isinstance(part, dict):
                raise Refused(400, "28", f"item {item!r}")
            if item["action"] == "add" and not (part.get(specification) or item.get("productOffering")):
                raise Refused(400, "28", f"add without {specification}")
            if specification in part and not isinstance(part[specification].get("id", part[specification].get("name")), str):
                raise Refused(400, "28", f"{specification} {part[specification]!r}")
            for one in part.get(characteristics, []):
                if not isinstance(one.get("name"), str) or "value" not in one or one["value"] == "":
                    raise Refused(400, "28", f"characteristic {one!r}")
            names = [one["name"] for one in part.get(characteristics, [])]
            if len(set(names)) != len(names):
                raise Refused(400, "28", f"characteristics twice: {names}")
            if part.get("state") is not None and part["state"] not in SERVICE_STATES:
                raise Refused(400, "28", f"state {part['state']!r}")
        for party in body.get("relatedParty", []):
            if not party.get("id") or "@referredType" not in party:
                raise Refused(400, "28", f"relatedParty {party!r}")
        return key, item_name, characteristics

    def place(self, request, function):
        body = self.body(request)
        key, item_name, characteristics = self.check_order(body, function)
        header = request.headers.get("Idempotency-Key")
        if header is not None and header != key:
            raise Refused(400, "28", f"Idempotency-Key {header!r} and externalId {key!r}")
        before = [o for o in self.orders if o.key == key]
        if before and before[0].body != body:
            self.violation(f"the key {key} was used for another order")
            raise Refused(409, "64", "the key is used")
        if before and not self.forgetful:
            self.record(function, key=key, result=before[0].state, repeated=True, order=before[0])
            return Answer(201, before[0].shown())
        order = Order(len(self.orders) + 1, function, body, item_name, characteristics)
        self.orders.append(order)
        mode = self.mode_of(order)
        order.state, order.error = mode["state"], mode.get("error")
        if order.state == "completed":
            order.result = dict(self.provide(order), **(mode.get("result") or {}))
        self.record(function, key=key, result=order.state, repeated=False, order=order)
        answer = Answer(201, order.shown(), {"Location": f"{request.path}/{order.id}"})
        if mode.get("event"):
            self.plan_event(order, mode)
        return answer

    def mode_of(self, order):
        for mode in self.modes:
            if (mode["times"] is None or mode["hits"] < mode["times"]) and (not mode["when"] or mode["when"](order)):
                mode["hits"] += 1
                return mode
        return self.default

    def plan_event(self, order, mode):
        def run():
            self.finish(order, mode["event"], mode.get("result"), mode.get("error"))
        if mode["early"]:
            self.lock.release()  # the operator may ask us meanwhile
            try:
                run()
            finally:
                self.lock.acquire()
        else:
            timer = threading.Timer(mode["after"], run)
            timer.daemon = True
            timer.start()

    def look(self, request, function):
        kind, name = function.split(" ")
        orders = [o for o in self.orders if o.function == name]
        if kind == "get":
            found = [o for o in orders if o.id == request.path.rsplit("/", 1)[1]]
            self.record(function, key=None, result=200 if found else 404, repeated=False)
            return Answer(200, found[0].shown()) if found else self.refusal(request, (404, "60", "no such order"))
        filters = {n: v for n, v in request.query.items() if n not in ("fields", "offset", "limit")}
        if not filters:
            raise Refused(400, "21", "all orders were asked for")
        found = [o for o in orders if matches(o.shown(), filters)]
        self.record(function, key=None, result=len(found), repeated=False)
        return Answer(200, [o.shown() for o in found], {"X-Total-Count": len(found), "X-Result-Count": len(found)})

    def cancel(self, request, function):
        body = self.body(request)
        name = CANCELS[request.path.rstrip("/")]
        target = body.get(name)
        if not isinstance(target, dict) or not isinstance(target.get("id"), str):
            raise Refused(400, "28", f"{name} {target!r}")
        found = [o for o in self.orders if o.id == target["id"]]
        if not found:
            raise Refused(404, "60", "no such order")
        done = found[0].state in OPEN or found[0].state == "cancelled"
        if done:
            found[0].state = "cancelled"
        self.record(function, key=found[0].key, result="done" if done else "terminatedWithError", repeated=False, order=found[0])
        return Answer(201, {"id": f"c-{found[0].id}", "state": "done" if done else "terminatedWithError",
                            name: {"id": found[0].id}, "cancellationReason": body.get("cancellationReason", "")})

    # ---- inventories and hub ----

    def inventory(self, request):
        if request.method != "GET":
            raise Refused(405, "61", "read only")
        path = request.path.rstrip("/")
        if path in INVENTORIES:
            items = getattr(self, INVENTORIES[path])
            filters = {n: v for n, v in request.query.items() if n not in ("fields", "offset", "limit", "sort")}
            found = [item for item in items if matches(item, filters)]
            at, most = (int(request.query.get(n, [d])[0]) for n, d in (("offset", 0), ("limit", 100)))
            self.record(INVENTORIES[path], key=None, result=len(found), repeated=False, query=request.query)
            page = found[at:at + most]
            return Answer(206 if len(page) < len(found) else 200, page,
                          {"X-Total-Count": len(found), "X-Result-Count": len(page)})
        base, number = path.rsplit("/", 1)
        found = [i for i in getattr(self, INVENTORIES.get(base, "services")) if i["id"] == urllib.parse.unquote(number)]
        self.record("get " + INVENTORIES.get(base, path), key=None, result=200 if found else 404, repeated=False)
        return Answer(200, found[0]) if found else self.refusal(request, (404, "60", "no such resource"))

    def hub(self, request):
        if request.method == "DELETE":
            gone = self.hubs.pop(request.path.rsplit("/", 1)[1], None)
            return Answer(204) if gone else self.refusal(request, (404, "60", "no such listener"))
        body = self.body(request)
        callback = body.get("callback")
        if not isinstance(callback, str) or not re.match(r"https?://[^\s]+\Z", callback):
            raise Refused(400, "28", f"callback {callback!r}")
        if callback in (h["callback"] for h in self.hubs.values()):
            raise Refused(409, "64", "the listener exists")
        made = {"id": f"hub-{len(self.hubs) + 1}", **body}
        self.hubs[made["id"]] = made
        self.record("hub", key=None, result=201, repeated=False)
        return Answer(201, made)


def matches(item, filters):
    """Do all of these attribute filters hold? Those of one list (x.name, x.value) hold for the same element."""
    groups = {}
    for path, values in filters.items():
        head, _, rest = path.rpartition(".")
        groups.setdefault(head, {})[rest] = set(part for value in values for part in value.split(","))
    for head, wanted in groups.items():
        if not any(all(str(plain(part.get(name))) in values for name, values in wanted.items()) for part in parts(item, head)):
            return False
    return True


def parts(item, path):
    """The objects at a dotted path; lists are entered."""
    found = [item]
    for name in filter(None, path.split(".")):
        below = [part.get(name) for part in found if isinstance(part, dict)]
        found = [one for part in below for one in (part if isinstance(part, list) else [part]) if isinstance(one, dict)]
    return found


def plain(value):
    return plain(value.get("value")) if isinstance(value, dict) else value


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
