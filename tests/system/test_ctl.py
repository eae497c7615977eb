# SPDX-License-Identifier: Apache-2.0
"""entitlementctl: every command against the real daemon and database, exit statuses, what it says when something is wrong."""
import json
import os
import re
import stat
import subprocess

import pytest

import client
import harness

POLICY = os.path.join(harness.ROOT, "conf", "policy.d")
KI, OP = "465b5ce8b199b49faa5f0a2ee238a6bc", "cdc202d5123e20f62b6d676ac72cb318"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"


@pytest.fixture
def run(ctl, daemon):
    """Function: a command against the shared daemon; expect is its exit status."""
    def call(*arguments, expect=0, **how):
        done = ctl(*arguments, conf=daemon.conf_path, check=False, **how)
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done
    return call


@pytest.fixture
def answer(run):
    """Function: the JSON of a command."""
    def call(*arguments, **how):
        return json.loads(run("--json", *arguments, **how).stdout)
    return call


def write(path, text):
    path.write_text(text)
    return str(path)


# ---- usage ----

def test_usage(run, build):
    assert "subscriber import" in run("--help").stdout
    assert "0.1" in run("--version").stdout
    for arguments in ([], ["plan"], ["plan", "lst"], ["plan", "show"], ["plan", "show", "a", "b"], ["status", "extra"],
                      ["plan", "list", "--nothing"], ["explain"], ["explain", "--imsi", "1", "--msisdn", "2"],
                      ["service", "set", "001010000000001", "vowifi", "--tc", "agreed"], ["subscriber", "show"],
                      ["notice", "add", "vowifi", "outage"], ["brand", "set", "x"], ["policy", "compare", POLICY]):
        assert run(*arguments, expect=2).stderr, arguments
    help_text = run("service", "set", "--help").stdout
    assert "--address-expiry" in help_text and "Exit status" in help_text
    table = open(os.path.join(harness.ROOT, "src", "tools", "ctl", "commands.def"), encoding="utf-8").read()
    for words in re.findall(r'^COMMAND\("([^"]+)"', table, re.M):
        assert "Usage: entitlementctl " + words in run(*words.split(), "--help").stdout


def test_an_absent_daemon_is_told_from_a_refusal(run, tmp_path):
    done = run("--socket", str(tmp_path / "none.sock"), "status", expect=3)
    assert "none.sock" in done.stderr and "entitlementd run" in done.stderr
    done = run("plan", "show", "no-such-plan", expect=1)
    assert "no such plan" in done.stderr


def test_a_broken_configuration_is_told_with_its_place(ctl, tmp_path):
    path = write(tmp_path / "bad.yaml", "server: { mode: lab }\ndatabse: {}\n")
    done = ctl("db", "status", conf=path, check=False)
    assert done.returncode == 1 and "bad.yaml:2:1" in done.stderr and "databse" in done.stderr
    done = ctl("db", "status", conf=str(tmp_path / "absent.yaml"), check=False)
    assert done.returncode == 1 and "absent.yaml" in done.stderr


def test_an_absent_database_gives_status_3(ctl, settings_for, tmp_path):
    where, settings = settings_for(database={"conninfo": f"host={tmp_path} dbname=none user=ecs password=geheim"})
    import yaml
    path = write(tmp_path / "c.yaml", yaml.safe_dump(settings))
    for words in (["db", "status"], ["db", "upgrade"], ["policy", "compare", POLICY, POLICY]):
        done = ctl(*words, conf=path, check=False)
        assert done.returncode == 3 and "not reachable" in done.stderr and "geheim" not in done.stderr


# ---- database ----

def test_schema(run, answer):
    assert run("db", "upgrade").stdout == "the schema is current: nothing to do\n"
    assert answer("db", "status")["state"] == "current"


def test_schema_of_an_empty_database(cluster, ctl, settings_for, tmp_path):
    import yaml
    cluster.sql("CREATE DATABASE empty")
    where, settings = settings_for(database={"conninfo": cluster.conninfo.replace("dbname=entitlements", "dbname=empty")})
    path = write(tmp_path / "c.yaml", yaml.safe_dump(settings))
    done = ctl("db", "status", conf=path, check=False)
    assert done.returncode == 1 and "db upgrade" in done.stderr
    done = ctl("subscriber", "import", write(tmp_path / "s.csv", "imsi,plan\n001010000000001,x\n"), conf=path, check=False)
    assert done.returncode == 1
    assert "applied" in ctl("db", "upgrade", conf=path).stdout
    assert ctl("db", "status", conf=path).returncode == 0
    cluster.sql("DROP DATABASE empty WITH (FORCE)")


# ---- import ----

def test_import_accepts_and_rejects_line_by_line(run, answer, tmp_path, cluster, lines):
    path = write(tmp_path / "s.csv", "imsi,msisdn,plan,ki,op\r\n"
                 f"001016100000001,4915161000001,full,{KI},{OP}\r\n"
                 f"001016100000002,12,full,{KI},{OP}\r\n"
                 f"001016100000003,4915161000003,nope,{KI},{OP}\r\n"
                 "\r\n"
                 '001016100000004,"4915161000004",full,,\r\n')
    rejected = tmp_path / "rejected.txt"
    done = run("subscriber", "import", path, "--rejected", str(rejected), expect=1)
    assert done.stdout.startswith("4 lines: 2 accepted, 2 rejected; 2 rows inserted"), done.stdout
    assert [row.split(":")[0] for row in rejected.read_text().splitlines()] == ["3", "4"]
    assert str(rejected) in done.stderr
    found = answer("subscriber", "import", path, expect=1)
    assert (found["accepted"], found["inserted"], found["updated"]) == (2, 0, 0)
    action, actor = cluster.sql("SELECT action, actor FROM audit ORDER BY id DESC LIMIT 1")[0]
    assert action == "subscriber.import" and actor.startswith("user:")
    wrapped = cluster.one("SELECT encode(ki_wrapped, 'hex') FROM auc WHERE imsi = '001016100000001'")
    assert KI not in wrapped


@pytest.mark.parametrize("algorithm,field,value", [("milenage", "op", OP), ("milenage", "opc", OPC)])
def test_an_imported_card_can_log_in(run, daemon, lines, tmp_path, algorithm, field, value):
    imsi = "00101620000000" + str(["op", "opc"].index(field) + 1)
    run("subscriber", "import", write(tmp_path / "s.csv", f"imsi,plan,algorithm,ki,{field}\n{imsi},full,{algorithm},{KI},{value}\n"))
    p = client.Phone(daemon.device, imsi, bytes.fromhex(KI), bytes.fromhex(OPC), lines.imei())
    assert p.login().status("ap2004") in (0, 1, 3)


def test_import_refuses_unknown_columns_and_reads_standard_input(run, tmp_path):
    done = run("subscriber", "import", write(tmp_path / "s.csv", "imsi,plan,shoe_size\n001016300000001,full,44\n"), expect=1)
    assert "header line: column 3" in done.stderr
    assert "1 accepted" in run("subscriber", "import", "-", input="imsi,plan\n001016300000001,full\n").stdout
    assert "No such file" in run("subscriber", "import", str(tmp_path / "absent.csv"), expect=1).stderr


def test_keys_are_not_imported_without_a_ring(ctl, daemon, settings_for, tmp_path):
    import yaml
    where, settings = settings_for(auth={"subscriber_keys": write(tmp_path / "bad.keys", "1 nothex\n")})
    path = write(tmp_path / "c.yaml", yaml.safe_dump(settings))
    done = ctl("subscriber", "import", write(tmp_path / "s.csv", f"imsi,plan,ki,opc\n001016400000001,full,{KI},{OPC}\n"),
               conf=path, check=False)
    assert done.returncode == 1 and "subscriber_keys" in done.stderr and "bad.keys:1" in done.stderr


def test_device_import(run, answer, tmp_path):
    run("device", "import", write(tmp_path / "t.csv", "tac,vendor,model,category,capabilities\n35888001,ACME,Three,phone,volte vowifi\n"))
    assert answer("device", "show", "35888001")["capabilities"] == ["volte", "vowifi"]


# ---- operator's objects ----

def test_plans_brands_subscribers_services(run, answer, lines, daemon):
    run("plan", "add", "silver", "--name", "Silver", "--feature", "volte", "--feature", "smsoip")
    assert answer("plan", "show", "silver")["features"] == ["volte", "smsoip"]
    assert re.search(r"^silver +Silver +volte, smsoip +-$", run("plan", "list").stdout, re.M)
    run("plan", "set", "silver", "--feature", "")
    assert answer("plan", "show", "silver")["features"] == []
    run("brand", "set", "argent", "--name", "Argent", "--language", "fr")
    imsi = "001016500000001"
    assert "--plan" in run("subscriber", "add", imsi, expect=2).stderr
    assert "there is no subscriber" in run("subscriber", "set", imsi, "--plan", "silver", expect=1).stderr
    run("subscriber", "add", imsi, "--plan", "silver", "--msisdn", "4915165000001", "--brand", "argent")
    run("subscriber", "set", imsi, "--line-state", "suspended", "--brand", "")
    for arguments in ([imsi], ["--msisdn", "4915165000001"]):
        found = answer("subscriber", "show", *arguments)
        assert (found["plan"], found["line_state"], found["brand"]) == ("silver", "suspended", None)
    assert "line_state" in run("subscriber", "set", imsi, "--line-state", "x", expect=1).stderr
    run("service", "set", imsi, "vowifi", "--tc", "accepted", "--tc-version", "2", "--address", "in-progress",
        "--provisioning", "not-tracked", "--override", "allow", "--portal-closed")
    row = answer("subscriber", "show", imsi)["services"][0]
    assert (row["tc_status"], row["tc_version"], row["addr_status"], row["prov_status"], row["override"]) == (1, 2, 3, 2, "allow")
    assert row["flow_closed_at"]
    assert "vowifi" in run("subscriber", "show", imsi).stdout
    run("service", "forget", imsi, "vowifi")
    assert answer("subscriber", "show", imsi)["services"] == []
    assert answer("token", "revoke", imsi, "--reason", "test")["token_generation"] == 1
    assert answer("subscriber", "revoke", imsi)["token_generation"] == 2


def test_devices_and_notices(run, answer, lines):
    imei = lines.imei()
    run("device", "mark", imei, "deny", "--reason", "grey import")
    done = run("device", "show", imei)
    assert "grey import" in done.stdout and "no device model" in done.stderr
    run("device", "mark", imei, "none")
    assert "no mark" in run("device", "mark", imei, "none", expect=1).stderr
    assert "state" in run("device", "mark", imei, "lost", expect=1).stderr
    found = answer("notice", "add", "smsoip", "maintenance", "--effect", "info", "--until", "2999-01-01", "--from", "2998-12-31")
    assert re.search(rf"^{found['id']} +smsoip +info +no ", run("notice", "list").stdout, re.M)
    run("notice", "remove", str(found["id"]))
    assert "no such notice" in run("notice", "remove", str(found["id"]), expect=1).stderr
    assert "message_key" in run("notice", "add", "vowifi", "nope", "--until", "2999-01-01", expect=1).stderr


def test_orders_and_audit(run, answer, phone):
    p = phone(ready=False)
    p.login()
    run("service", "set", p.imsi, "vowifi", "--tc", "accepted", "--address", "available")
    p.ask()
    def mine():
        return [row for row in answer("orders", "list", "--limit", "1000")["orders"] if row["imsi"] == p.imsi]
    order = harness.wait_for(mine, 5, "an order")[0]
    assert p.imsi in run("orders", "list", "--limit", "1000").stdout
    run("orders", "done", str(order["id"]), "--refused")
    assert p.line.value("prov_status", "line_service") == 0
    assert "no open order" in run("orders", "done", str(order["id"]), expect=1).stderr
    text = run("audit", "--limit", "2").stdout
    assert "order.done" in text.splitlines()[1] and "socket:admin" in text


# ---- explain ----

def test_explain_is_readable(run, answer, lines):
    line = lines.take(features=["volte"])
    text = run("explain", "--imsi", line.imsi, "--app", "ap2004", "--device", lines.imei()).stdout
    assert "ap2004 (vowifi): status 2, incompatible" in text
    assert "Why:   Wi-Fi calling is off" in text and "plan.features has not vowifi" in text and "Phone: The phone keeps" in text
    assert "[x] rule not-in-plan" in text and "line-not-active" not in text
    assert "[ ] rule line-not-active" in run("explain", "--imsi", line.imsi, "--app", "vowifi", "--rules").stdout
    by_number = run("explain", "--msisdn", line.value("msisdn"), "--app", "ap2004", "--at", "2030-01-01").stdout
    assert "2030-01-01T00:00:00Z" in by_number
    xml = run("explain", "--imsi", line.imsi, "--app", "ap2004", "--document", "xml").stdout
    assert client.read_xml(xml.strip())["ap2004"]["EntitlementStatus"] == "2"
    document = json.loads(run("explain", "--imsi", line.imsi, "--app", "ap2004", "--document", "json", "--language", "de").stdout)
    assert "Tarif" in document["ap2004"]["MessageForIncompatible"]
    assert answer("explain", "--imsi", line.imsi)["known"] is True
    assert "app" in run("explain", "--imsi", line.imsi, "--app", "ap1", expect=1).stderr


# ---- policy ----

def test_policy_check_and_test(ctl, run, tmp_path):
    assert "good" in run("policy", "check", POLICY).stdout
    assert "good" in run("policy", "check", "--messages", os.path.join(harness.ROOT, "conf", "messages")).stdout
    bad = tmp_path / "bad"
    bad.mkdir()
    for name in os.listdir(POLICY):
        if name.endswith(".yaml"):
            text = open(os.path.join(POLICY, name), encoding="utf-8").read()
            (bad / name).write_text(text.replace("plan.features has not vowifi", "plan.featurs has not vowifi"))
    done = run("policy", "check", str(bad), expect=1)
    assert re.search(r"vowifi\.yaml:\d+:\d+: .*plan\.featurs", done.stderr)
    cases = os.path.join(POLICY, "tests", "vowifi.yaml")
    done = run("policy", "test", cases)
    assert re.fullmatch(r"[1-9]\d* cases, 0 failed\n", done.stdout)
    broken = write(tmp_path / "case.yaml", "service: vowifi\ncases:\n  - name: wrong\n    facts: { sub.exists: yes, line.state: active }\n"
                   "    expect: { offer: provisioning }\n")
    done = run("policy", "test", cases, broken, "--policy", POLICY, expect=1)
    assert "case.yaml" in done.stderr and "1 failed" in done.stdout


def test_policy_compare_counts_by_rule_without_identities(run, answer, tmp_path, lines, cluster):
    new = tmp_path / "new"
    new.mkdir()
    for name in os.listdir(POLICY):
        if name.endswith(".yaml"):
            text = open(os.path.join(POLICY, name), encoding="utf-8").read()
            (new / name).write_text(text.replace("line.state is not active", "line.state in [barred, terminated]"))
    lines.take(line_state="suspended"), lines.take(line_state="suspended")
    suspended = cluster.one("SELECT count(*) FROM subscriber WHERE line_state = 'suspended'")
    total = cluster.one("SELECT count(*) FROM subscriber")
    found = answer("policy", "compare", POLICY, str(new))
    assert found["seen"] == total and found["changed"] == suspended
    change = [c for c in found["changes"] if (c["service"], c["decision"], c["old_rule"]) == ("vowifi", "offer", "line-not-active")]
    # Those whose plan has no Wi-Fi calling stay refused, by another rule.
    able = cluster.one("SELECT count(*) FROM subscriber JOIN plan USING (plan) "
                       "WHERE line_state = 'suspended' AND 'vowifi' = ANY(features)")
    assert 2 <= able == sum(c["count"] for c in change) and {c["old"] for c in change} == {"no"}
    done = run("policy", "compare", POLICY, str(new))
    assert f"{total} subscribers, {suspended} with other decisions" in done.stdout
    assert "line-not-active" in done.stdout and "00101" not in done.stdout
    assert answer("policy", "compare", POLICY, str(new), "--limit", "5")["seen"] == 5


# ---- keys ----

def test_key_rings_grow_line_by_line(run, tmp_path):
    path = tmp_path / "ring.keys"
    for count in (1, 2, 3):
        run("key", "new", str(path))
        rows = path.read_text().splitlines()
        assert [row.split()[0] for row in rows] == [str(i + 1) for i in range(count)]
        assert len({row.split()[1] for row in rows}) == count and all(len(row.split()[1]) == 64 for row in rows)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("7 " + "ab" * 32)
    run("key", "new", str(path))
    assert [row.split()[0] for row in path.read_text().splitlines()] == ["7", "8"]
    path.write_text("no ring\n")
    assert "no key ring" in run("key", "new", str(path), expect=1).stderr
    assert path.read_text() == "no ring\n"


def test_ticket_keys(run, tmp_path):
    path = tmp_path / "ticket.key"
    run("key", "new", "--ticket", str(path))
    first = path.read_bytes()
    assert len(first) == 64 and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "--force" in run("key", "new", "--ticket", str(path), expect=1).stderr
    assert path.read_bytes() == first
    run("key", "new", "--ticket", "--force", str(path))
    assert len(path.read_bytes()) == 64 and path.read_bytes() != first


# ---- process ----

def test_status_and_configuration(run, answer, daemon, tmp_path, ctl):
    assert answer("status")["database_up"] is True
    assert re.search(r"^database_up: +yes$", run("status").stdout, re.M)
    assert "listen:" in run("config", "show").stdout
    sample = ctl("config", "sample").stdout
    assert "# conninfo" in sample or "conninfo" in sample
    assert "| " in ctl("config", "manual").stdout


def test_reload_waits_for_the_outcome(make_daemon, ctl):
    own = make_daemon()
    done = ctl("reload", conf=own.conf_path)
    assert done.stdout.startswith("reloaded; policy ")
    with open(own.conf_path, "a", encoding="utf-8") as file:
        file.write("nonsense: 1\n")
    done = ctl("--socket", own.settings["admin"]["socket"], "reload", check=False)
    assert done.returncode == 1 and "former configuration stays" in done.stderr


def test_a_care_agent_needs_only_the_socket(make_daemon, ctl, area, lines):
    path = os.path.join(area, "care2.sock")
    make_daemon(admin={"care_socket": path})
    line = lines.take()
    done = ctl("--socket", path, "explain", "--imsi", line.imsi, "--app", "vowifi", conf="/nonexistent")
    assert "ap2004 (vowifi)" in done.stdout
    done = ctl("--socket", path, "plan", "add", "x", conf="/nonexistent", check=False)
    assert done.returncode == 1 and "role" in done.stderr and "--socket" in done.stderr


def test_output_that_cannot_be_written_is_a_failure(build, daemon):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([build.ctl, "-c", daemon.conf_path, "config", "sample"], stdout=full, stderr=subprocess.PIPE,
                              env=harness.environment(), text=True)
    assert done.returncode == 1 and "written" in done.stderr


# ---- manual pages ----

MANUALS = os.path.join(harness.ROOT, "docs", "man")


def page(name):
    with open(os.path.join(MANUALS, name), encoding="utf-8") as file:
        return file.read()


def test_the_manual_names_every_command_and_option(run):
    text = page("entitlementctl.1.scd")
    table = open(os.path.join(harness.ROOT, "src", "tools", "ctl", "commands.def"), encoding="utf-8").read()
    alias = {"plan set": "plan add"}
    for words in re.findall(r'^COMMAND\("([^"]+)"', table, re.M):
        assert f"*{alias.get(words, words)}*" in text, words
    options = open(os.path.join(harness.ROOT, "src", "tools", "ctl", "options.c"), encoding="utf-8").read()
    for name in set(re.findall(r'\{ ?"([a-z-]+)", CTL_', options)):
        assert f"*--{name}" in text or f"--{name}*" in text, name


def test_the_manual_of_the_configuration_is_in_step(ctl):
    done = subprocess.run(["/usr/bin/python3", os.path.join(harness.ROOT, "cmake", "man_settings.py"),
                           os.path.join(MANUALS, "entitlementd.yaml.5.scd"), "--check"],
                          input=ctl("config", "manual").stdout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["entitlementd.8", "entitlementd.yaml.5", "entitlementctl.1", "entitlement-devsim.1"])
def test_manual_pages_are_well_formed(name):
    done = subprocess.run(["scdoc"], input=page(name + ".scd"), capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count(".SH") >= 4, done.stderr


def test_the_manual_of_the_simulator_names_its_commands(build):
    text = page("entitlement-devsim.1.scd")
    done = subprocess.run([build.devsim], capture_output=True, text=True, env=harness.environment())
    commands = re.findall(r"^  ([a-z-]+) ", done.stderr, re.M)
    assert len(commands) >= 5
    for words in commands:
        assert f"*{words}*" in text, words
