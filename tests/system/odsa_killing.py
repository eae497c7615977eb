# SPDX-License-Identifier: Apache-2.0
"""How the durability tests end the daemon: a trigger in the private PostgreSQL stops the transaction that brings a journey into
a chosen state, tells the test, and goes on (the commit is done and the daemon never knew of it) or fails (the commit is lost)
when the daemon is dead. Nothing of it is in the daemon."""
import contextlib
import os
import signal
import threading
import time

import harness

SCRIPT = """#!/bin/sh
# asks the test whether this transition is meant; the lock keeps two transactions apart
cd {where} || exit 0
exec 9>lock
flock 9
[ -e armed ] || exit 0
echo "$1" >request
cat reply
"""
TRIGGER = """
CREATE TABLE IF NOT EXISTS kill_said (line text);
CREATE OR REPLACE FUNCTION kill_here() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE said text;
BEGIN
    DELETE FROM kill_said;
    EXECUTE format('COPY kill_said FROM PROGRAM %L', '{where}/ask ' || NEW.journey || ':' || coalesce(NEW.state_from, '-') || ':' ||
                   NEW.state_to);
    SELECT line INTO said FROM kill_said;
    DELETE FROM kill_said;
    IF said = 'lose' THEN RAISE EXCEPTION 'the commit is lost'; END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS kill_here ON journey_step;
CREATE TRIGGER kill_here AFTER INSERT ON journey_step FOR EACH ROW EXECUTE FUNCTION kill_here();
"""


class Trap:
    """Installed in a cluster's database. arm(lose, kill): at the first time of each transition that is not in spared, kill() runs
    in the middle of its transaction. transitions: what was seen, (from, to) in order."""

    def __init__(self, cluster, where):
        self.cluster, self.where = cluster, where
        os.makedirs(where, exist_ok=True)
        os.chmod(where, 0o777)
        for name in ("request", "reply"):
            path = os.path.join(where, name)
            os.mkfifo(path)
            os.chmod(path, 0o666)
        lock = os.path.join(where, "lock")
        with open(lock, "w", encoding="ascii"):
            pass
        os.chmod(lock, 0o666)
        ask = os.path.join(where, "ask")
        with open(ask, "w", encoding="ascii") as file:
            file.write(SCRIPT.format(where=where))
        os.chmod(ask, 0o755)
        self.transitions, self.killed, self.kill, self.lose, self.only = [], [], None, False, None
        self.stopping = False
        cluster.sql(TRIGGER.format(where=where))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def arm(self, kill, lose, only=None):
        """only: kills at most at these transitions."""
        self.transitions, self.killed, self.kill, self.lose, self.only = [], [], kill, lose, only
        with open(os.path.join(self.where, "armed"), "w", encoding="ascii"):
            pass

    def disarm(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.where, "armed"))
        self.kill = None

    def run(self):
        request, reply = (os.path.join(self.where, name) for name in ("request", "reply"))
        while True:
            with open(request, encoding="ascii") as file:
                line = file.readline().strip()
            if self.stopping:
                return
            answer = ""
            if line:
                _, state_from, state_to = line.split(":")
                step = (state_from, state_to)
                self.transitions.append(step)
                if self.kill and step not in self.killed and (self.only is None or step in self.only):
                    self.killed.append(step)
                    self.kill()
                    answer = "lose\n" if self.lose else "keep\n"
            with open(reply, "w", encoding="ascii") as file:
                file.write(answer)

    def close(self):
        self.disarm()
        self.cluster.sql("DROP TRIGGER IF EXISTS kill_here ON journey_step")
        self.stopping = True
        with open(os.path.join(self.where, "request"), "w", encoding="ascii") as file:
            file.write("\n")
        self.thread.join(5)


class Phoenix:
    """A daemon that is killed and started again. call(what) repeats what a device does until it gets an answer."""

    def __init__(self, world, daemon):
        self.world, self.daemon = world, daemon
        self.lock = threading.RLock()
        self.deaths = 0
        world.smdp.unreachable = self.again
        if world.bss:
            world.bss.unreachable = self.again

    def kill(self):
        """SIGKILL, from whatever thread; returns when it is dead. What it held is given up as if its leases had run out."""
        process = self.daemon.process
        if process and process.poll() is None:
            self.deaths += 1
            os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(Exception):
                process.wait(10)

    def revive(self):
        """Starts it again when it is dead. False: it lives."""
        with self.lock:
            time.sleep(0.02)  # a kill under way
            if self.daemon.alive():
                return False
            while True:
                self.daemon.check_sanitizers()
                self.daemon.kill()
                try:
                    self.daemon.start()
                    break
                except AssertionError:  # killed again before it was ready: it goes to work at once
                    if self.daemon.process.poll() != -signal.SIGKILL:
                        raise
            # time passes: leases run out, and what waits for its next attempt is due
            self.world.site.cluster.sql("UPDATE journey SET leased_until = now() - interval '1 s' WHERE leased_until > now()")
            return True

    def again(self):
        """A neighbour's message was not taken: it is sent once more."""
        if not self.revive():
            time.sleep(0.1)
        return True

    def call(self, what, *args, **named):
        for _ in range(12):
            try:
                return what(*args, **named)
            except OSError:
                if not self.revive():
                    time.sleep(0.1)
        raise AssertionError("no answer after twelve attempts")

    def until(self, what, seconds=60, text="the end"):
        """Looks again and again; a dead daemon is started."""
        def look():
            if not self.daemon.alive():
                self.revive()
            return what()
        return harness.wait_for(look, seconds, text, 0.1)
