import odsa, pytest, json
from odsa_documents import *
@pytest.fixture(scope="module")
def world(tmp_path_factory, make_module_daemon, odsa_site):
    made = odsa.World(str(tmp_path_factory.mktemp("o")), odsa_site, bss={})
    made.daemon = make_module_daemon(**made.settings())
    yield made
    made.close()
def test_x(world):
    h = world.handset()
    h.install(world.smdp, h.manage(0).download); h.manage(4); world.wait_state(h.phone.imsi, "done")
    side = {"target_terminal_id": world.lines.imei(), "target_terminal_eid": odsa.eid()}
    a = h.manage(3, terminal_eid=None, terminal_iccid=None, old_terminal_id=h.imei, old_terminal_iccid=h.iccid, **side)
    odsa.take(world.smdp, a.download, side["target_terminal_eid"])
    world.wait_state(h.phone.imsi, "done")
    for o in world.bss.orders: print(o.actions, o.specifications, json.dumps(o.body))
    r = world.handset(); r.install(world.smdp, r.manage(0).download); r.manage(4); world.wait_state(r.phone.imsi, "done")
    print(r.manage(6)); print(r.manage(1)); world.wait_state(r.phone.imsi, "ended"); print(r.manage(1))
    for o in world.bss.orders[-2:]: print(o.actions, o.specifications, json.dumps(o.body))
    print(world.steps(world.journeys(h.phone.imsi)[-1]["id"]))
    assert 0
