# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at every transition of every kind of journey and around every call of a neighbour: the daemon is started again, the
device repeats what got no answer, and the procedure ends right, with one order at the SM-DP+ and one at the BSS."""
import types

import pytest

import client
import harness
import odsa
import partner
from odsa_documents import ACTIVATED, DEACTIVATED, DELAYED, DISMISS, DOWNLOAD, FINISHED, NO_REUSE, SUCCESS, USER_INPUT, WEBSHEET
from odsa_killing import Phoenix, Trap

MDM, SECRET = "8f0c2c1e-6a36-4f7a-9f2b-3d6c0a4a51aa", "mdm-7-secret-0123456789abcdef-0123456789"
CALLERS = {"oauth": {"enabled": True, "failures_per_minute": 10000},
           "server_callers": [{"client_id": "mdm-7", "requestor_ids": [MDM], "applications": ["ap2011"],
                               "operations": ["CheckEligibility", "AcquirePlan", "AcquireConfiguration", "ManageSubscription"],
                               "scopes": ["odsa"], "client_secret": SECRET, "authentication": ["client_secret_basic"],
                               "enterprise_ids": ["ENT-1"]}]}
GOOD = {SUCCESS}


@pytest.fixture(scope="module")
def world(tmp_path_factory, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("k")), odsa_site, bss={})
    odsa_site.cluster.sql("INSERT INTO enterprise (enterprise_id, name) VALUES ('ent-1', 'One') ON CONFLICT DO NOTHING")
    yield made
    made.close()


@pytest.fixture(scope="module")
def phoenix(world, make_module_daemon):
    world.daemon = make_module_daemon(**world.settings(**CALLERS))
    made = Phoenix(world, world.daemon)
    yield made
    made.revive()


@pytest.fixture(scope="module")
def trap(world, odsa_site, tmp_path_factory):
    where = odsa_site.cluster.dir + "-trap"
    made = Trap(odsa_site.cluster, where)
    yield made
    made.close()


# ---- what is done: prepare(world) makes devices before the killing begins, run(...) is the procedure, check(...) its outcome ----

class Procedure:
    """orders: (downloadOrder, confirmOrder, cancelOrder) that have changed something at the SM-DP+ during run; bss: how many
    orders of each operation there are at the BSS; end: final state of the newest journey of kind."""
    kind, orders, end, bss = None, (1, 1, 0), "done", {"subscribe": 1, "confirm": 1}

    def __init__(self, world, phoenix):
        self.world, self.phoenix, self.call = world, phoenix, phoenix.call

    def imsi(self):
        return self.device.phone.imsi

    def download(self, answer, device=None, **extra):
        """The download of a ManageSubscription answer, or later of the configuration."""
        device = device or self.device
        if answer.subscription == DOWNLOAD:
            return answer.download
        assert answer.subscription == DELAYED, answer

        def look():
            found = [c.download for c in self.call(device.configuration, **extra).configurations if c.download]
            return found[0] if found else None
        return self.phoenix.until(look, text=lambda: f"a download; {self.journeys()}")

    def journeys(self):
        return [(j["kind"], j["state"], j["reason"], j["attempts"]) for j in self.world.journeys(self.imsi())]

    def check(self):
        def ended():
            found = self.world.journeys(self.imsi())
            return found and found[-1]["ended_at"] is not None and found[-1]
        journey = self.phoenix.until(ended, text=lambda: f"the end; {self.journeys()}")
        assert (journey["kind"], journey["state"]) == (self.kind, self.end), self.journeys()
        self.world.check()
        self.world.bss.check_once()
        self.world.smdp.check_once(*self.orders)
        found = {}
        for order in self.world.bss.orders:
            name = order.values()["operation"]
            found[name] = found.get(name, 0) + 1
        assert found == self.bss, [(o.key, o.actions, o.state, o.values()) for o in self.world.bss.orders]


class Companion(Procedure):
    kind = "companion"

    def prepare(self):
        self.device = self.world.watch()

    def run(self):
        download = self.download(self.call(self.device.subscribe))
        self.device.install(self.world.smdp, download)
        assert self.call(self.device.manage, 4).subscription == FINISHED

    def check(self):
        super().check()
        assert self.call(self.device.configuration).only.status == ACTIVATED


class Primary(Companion):
    kind = "primary"

    def prepare(self):
        self.device = self.world.handset()

    def run(self):
        download = self.download(self.call(self.device.manage, 0))
        self.device.install(self.world.smdp, download)
        assert self.call(self.device.manage, 4).subscription == FINISHED


class Delayed(Companion):
    """The BSS tells later."""

    def run(self):
        self.world.bss.behave("acknowledged", event="completed", after=0.5)
        super().run()


class Asked(Primary):
    """A question comes first."""

    def prepare(self):
        self.device = self.world.handset(features=["t-ask"])

    def run(self):
        assert self.call(self.device.manage, 0).subscription == USER_INPUT
        download = self.download(self.call(self.device.manage, 0, MSG_btn="1", MSG_response="123456"))
        self.device.install(self.world.smdp, download)


class Refused(Companion):
    """The BSS refuses: the profile is given back."""
    orders, end, bss = (1, 0, 1), "failed", {"subscribe": 1}

    def run(self):
        self.world.bss.behave("rejected", error=("17", "no"))
        answer = self.call(self.device.subscribe)
        assert answer.subscription in (DELAYED, DISMISS)

    def check(self):
        Procedure.check(self)
        assert not self.world.smdp.held(self.device.eid)
        assert [c.status for c in self.call(self.device.configuration).configurations] in ([], [NO_REUSE])


class Enterprise(Procedure):
    kind = "enterprise"

    def prepare(self):
        self.device = odsa.Mdm(client.Phone(self.world.daemon.device, "001010000000001", b"0" * 16, b"0" * 16, "0"), MDM)
        token = partner.Endpoint(self.world.daemon).by_basic("mdm-7", SECRET).token
        assert self.device.enter(token, "ENT-1").eligibility == 1
        self.target = types.SimpleNamespace(imei=self.world.lines.imei(), eid=odsa.eid())

    def run(self):
        names = {"enterprise_terminal_id": self.target.imei, "enterprise_terminal_eid": self.target.eid}
        answer = self.call(self.device.manage, 0, **names)
        odsa.take(self.world.smdp, self.download(answer, enterprise_terminal_id=self.target.imei), self.target.eid)

    def journeys(self):
        return [(j["kind"], j["state"], j["reason"], j["attempts"]) for j in self.found()]

    def found(self):
        return self.world.rows("SELECT * FROM journey WHERE target_id = %s ORDER BY id", self.target.imei)

    def check(self):
        self.world.journeys = lambda _: self.found()
        try:
            super().check()
        finally:
            del self.world.journeys


class Installed(Procedure):
    """Something is done to a profile that is in service."""

    def prepare(self):
        self.device = self.world.handset()
        self.device.install(self.world.smdp, self.download(self.device.manage(0)))
        self.world.wait_state(self.imsi(), "done")


class Transfer(Installed):
    kind, bss = "transfer", {"transfer": 1, "confirm": 1, "end-old": 1}

    def run(self):
        target = types.SimpleNamespace(imei=self.world.lines.imei(), eid=odsa.eid())
        side = {"target_terminal_id": target.imei, "target_terminal_eid": target.eid}
        answer = self.call(self.device.manage, 3, terminal_eid=None, terminal_iccid=None, old_terminal_id=self.device.imei,
                           old_terminal_iccid=self.device.iccid, **side)
        self.new = odsa.take(self.world.smdp, self.download(answer, **side), target.eid).iccid

    def check(self):
        super().check()
        states = {p["iccid"]: p["status"] for p in self.world.profiles(self.imsi())}
        assert states == {self.device.iccid: NO_REUSE, self.new: ACTIVATED}


class OldFirst(Transfer):
    def prepare(self):
        super().prepare()
        self.device.phone.line.features(odsa.FEATURES + ["t-old-first"])


class Move(Procedure):
    kind, bss = "move", {"transfer": 1, "confirm": 1, "end-old": 1}

    def prepare(self):
        self.old = self.world.watch()
        self.old.install(self.world.smdp, self.download(self.old.subscribe(), self.old))
        self.world.wait_state(self.old.phone.imsi, "done")
        self.device = self.world.watch(self.old.phone)

    def run(self):
        answer = self.call(self.device.manage, 3, old_companion_terminal_iccid=self.old.iccid, old_companion_terminal_id=self.old.imei)
        self.device.install(self.world.smdp, self.download(answer))

    def check(self):
        super().check()
        states = {p["iccid"]: p["status"] for p in self.world.profiles(self.imsi())}
        assert states == {self.old.iccid: NO_REUSE, self.device.iccid: ACTIVATED}


class Recovery(Installed):
    kind, bss = "recovery", {"recover": 1, "confirm": 1}

    def prepare(self):
        super().prepare()
        self.former = self.device.iccid
        self.world.smdp.delete(self.former)

    def run(self):
        answer = self.call(self.device.manage, 7)
        self.device.install(self.world.smdp, self.download(answer, terminal_iccid=None))

    def check(self):
        super().check()
        states = {p["iccid"]: p["status"] for p in self.world.profiles(self.imsi())}
        assert states[self.device.iccid] == ACTIVATED and states[self.former] == NO_REUSE


class End(Installed):
    kind, orders, end, bss = "end", (0, 0, 0), "ended", {"end": 1}

    def run(self):
        assert self.call(self.device.manage, 1).subscription in (FINISHED, DELAYED)

    def check(self):
        super().check()
        assert {p["iccid"]: p["status"] for p in self.world.profiles(self.imsi())} == {self.device.iccid: NO_REUSE}


class Switch(Installed):
    kind, orders, bss = "switch", (0, 0, 0), {"service-off": 1}

    def run(self):
        assert self.call(self.device.manage, 6).subscription in (FINISHED, DELAYED)

    def check(self):
        super().check()
        assert self.call(self.device.configuration).only.status == DEACTIVATED


class Waiting(Procedure):
    kind, orders, bss = "waiting", (0, 0, 0), {"confirm": 1}

    def prepare(self):
        self.device = self.world.handset()
        iccid = self.world.smdp.put("primary", "Confirmed", self.device.eid)
        self.world.smdp.profiles[iccid].matching_id = ""
        self.world.site.cluster.sql(
            "INSERT INTO profile (imsi, app, iccid, eid, terminal_id, smdp, address, origin, status, waiting) "
            "VALUES (%s, 2009, %s, %s, %s, 'main', %s, 'import', 3, true)", self.imsi(), iccid, self.device.eid, self.device.imei,
            odsa.ADDRESS)
        self.device.iccid = iccid

    def run(self):
        self.device.install(self.world.smdp, self.download(self.call(self.device.manage, 0)))

    def check(self):
        super().check()
        assert len(self.world.smdp.done("releaseProfile")) == 1


class Manage(Installed):
    """Type 2: the user goes to the portal; nothing else is to be lost."""
    kind, orders, bss = "manage", (0, 0, 0), {}

    def prepare(self):
        super().prepare()
        self.device.phone.line.features(odsa.FEATURES + ["t-portal"])

    def run(self):
        assert self.call(self.device.manage, 2).subscription == WEBSHEET
        assert self.call(self.device.manage, 2).subscription == WEBSHEET

    def check(self):
        self.phoenix.until(self.phoenix.daemon.alive, text="the daemon")
        assert [j[:2] for j in self.journeys() if j[0] == "manage"] in ([], [("manage", "choosing")]), self.journeys()
        self.world.smdp.check_once(*self.orders)


PROCEDURES = [Companion, Primary, Delayed, Asked, Refused, Enterprise, Transfer, OldFirst, Move, Recovery, End, Switch, Waiting, Manage]


@pytest.fixture(params=PROCEDURES, ids=lambda p: p.__name__.lower())
def procedure(request, world, phoenix):
    phoenix.revive()
    made = request.param(world, phoenix)
    made.prepare()
    world.reset()
    phoenix.deaths = 0
    yield made
    world.smdp.clear_faults()
    world.bss.clear_faults()
    phoenix.revive()


@pytest.mark.parametrize("lose", [False, True], ids=["commit-done", "commit-lost"])
def test_killed_at_every_transition(procedure, trap, phoenix, lose):
    trap.arm(phoenix.kill, lose)
    try:
        procedure.run()
        procedure.check()
    finally:
        trap.disarm()
    steps = {step for step in trap.transitions if step[1] != step[0]}
    assert steps <= set(trap.killed), (steps, trap.killed)
    assert 1 <= phoenix.deaths <= len(trap.killed), "some kills may have met it dead"


@pytest.mark.parametrize("at", ["before", "after", "answered"])
def test_killed_around_every_call_of_a_neighbour(procedure, world, phoenix, at):
    for function in ("downloadOrder", "confirmOrder", "releaseProfile", "cancelOrder"):
        world.smdp.fault(function, call=phoenix.kill, at=at)
    for skip in range(3):
        world.bss.fault("serviceOrder", call=phoenix.kill, at=at, skip=skip)
    procedure.run()
    procedure.check()
    assert phoenix.deaths >= (0 if isinstance(procedure, Manage) else 1)


def test_killed_while_nobody_asks(world, phoenix, trap):
    """The device asks once and never again: the procedure goes on by itself behind a restart."""
    phoenix.revive()
    procedure = Companion(world, phoenix)
    procedure.prepare()
    world.reset()
    world.smdp.fault("confirmOrder", call=phoenix.kill, at="after")
    try:
        procedure.device.subscribe()
    except OSError:
        pass
    phoenix.until(lambda: phoenix.deaths and phoenix.daemon.alive() and
                  world.journeys(procedure.imsi())[-1]["state"] == "ready", text=procedure.journeys)
    world.smdp.check_once()


def test_another_node_takes_over(world, phoenix, make_daemon):
    """The leases of a dead node run out, and the runner of another one goes on."""
    phoenix.revive()
    other = make_daemon(**world.settings(**CALLERS, callback=None))
    procedure = Companion(world, phoenix)
    procedure.prepare()
    world.reset()
    world.smdp.fault("downloadOrder", call=phoenix.kill, at="after")
    procedure.device.target = world.daemon.device
    try:
        procedure.device.subscribe()
    except OSError:
        pass
    harness.wait_for(lambda: not phoenix.daemon.alive(), 10, "the end of the daemon")
    world.site.cluster.sql("UPDATE journey SET leased_until = now() - interval '1 s' WHERE leased_until > now()")
    world.wait_state(procedure.imsi(), "ready", seconds=30)
    procedure.device.target = other.device
    assert procedure.device.configuration().only.status == ACTIVATED
    world.smdp.check_once()
    phoenix.revive()
