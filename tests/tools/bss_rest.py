# SPDX-License-Identifier: Apache-2.0
"""A BSS with one address per question (docs/bss.md 4), beside the TM Forum double and with its tokens, ledger and faults."""
import re

from bss_double import Bss, Refused
from neighbour_double import Answer

REST_QUESTIONS = {"/users/validate": {}, "/eligibility": {}, "/entitlements/status": {}, "/plans": {}, "/plans/by-id": {},
                  "/transfers/primary/check": {}, "/transfers/shared-number/check": {}, "/transfers/stand-alone/check": {}}
REST_ORDERS = {"/activations": "subscribe", "/recoveries": "recover", "/transfers/primary": "transfer",
               "/transfers/shared-number": "transfer", "/transfers/stand-alone": "transfer", "/deactivations": "end",
               "/deactivations/old": "end-old", "/confirmations": "confirm", "/services/activate": "service-on",
               "/services/deactivate": "service-off"}
REST_MEMBERS = {"key", "reference", "operation", "app", "line", "enterprise", "device", "target", "service", "planId", "old"}


class RestOrder:
    def __init__(self, number, path, body):
        self.id, self.path, self.body, self.key, self.operation = f"A-{number}", path, body, body["key"], body["operation"]
        self.result, self.more, self.cancelled = "ok", {}, False

    def shown(self):
        return {"result": self.result, "reference": self.id, **self.more}


class RestBss(Bss):
    """The contract of one address per question. answers: path -> what a question is answered with; results: path -> (result,
    members) of the next orders there."""
    kind = "REST BSS"

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.answers = {"/eligibility": {"result": "ok", "eligible": True, "services": ["SharedNumber"]},
                        "/entitlements/status": {"result": "ok", "profiles": []}, "/plans": {"result": "ok", "plans": []}}
        self.results = {}
        for path in [*REST_QUESTIONS, *REST_ORDERS, "/orders/status", "/orders/cancel"]:
            self.handlers[path] = self.ask

    def function_of(self, request):
        return request.path.rstrip("/") if request.path.rstrip("/") in self.handlers else super().function_of(request)

    def ask(self, request, body):
        path = request.path.rstrip("/")
        if request.method != "POST" or body is None:
            raise Refused(405, "61", "POST with a JSON object")
        if not set(body) <= REST_MEMBERS:
            self.violation(f"{path}: unknown members {sorted(set(body) - REST_MEMBERS)}")
        if "" in str_values(body):
            self.violation(f"{path}: empty values in {body}")
        if path in REST_QUESTIONS:
            self.record(path, key=None, result="asked", repeated=False, body=body)
            return Answer(200, self.answers.get(path, {"result": "ok"}))
        key = body.get("key")
        if not isinstance(key, str) or not re.match(r"[\x21-\x7e]{1,64}\Z", key):
            raise Refused(400, "28", f"key {key!r}")
        before = [o for o in self.orders if o.key == key]
        if path == "/orders/status":
            self.record(path, key=key, result=len(before), repeated=False)
            return Answer(200, before[0].shown() if before else {"result": "unknown"})
        if path == "/orders/cancel":
            done = bool(before) and before[0].result == "pending"
            if done:
                before[0].result, before[0].cancelled = "refused", True
            self.record(path, key=key, result=done, repeated=False)
            return Answer(200, {"result": "ok" if done or not before else "refused"})
        return self.rest_order(path, request, body, key, before)

    def rest_order(self, path, request, body, key, before):
        if request.headers.get("Idempotency-Key") != key or body.get("operation") != REST_ORDERS[path]:
            raise Refused(400, "28", f"Idempotency-Key {request.headers.get('Idempotency-Key')!r}, operation {body.get('operation')!r}")
        if before and (before[0].path, before[0].body) != (path, body):
            self.violation(f"the key {key} was used for another order")
            raise Refused(409, "64", "the key is used")
        if before and not self.forgetful:
            self.record(path, key=key, result=before[0].result, repeated=True)
            return Answer(200, before[0].shown())
        order = RestOrder(len(self.orders) + 1, path, body)
        order.result, order.more = self.results.get(path, ("ok", {}))
        if order.result == "ok":
            order.more = {**self.provide(order), **order.more}
        self.orders.append(order)
        self.record(path, key=key, result=order.result, repeated=False)
        return Answer(200, order.shown())


def str_values(value):
    if isinstance(value, dict):
        return [found for part in value.values() for found in str_values(part)]
    if isinstance(value, list):
        return [found for part in value for found in str_values(part)]
    return [value] if isinstance(value, str) else []
