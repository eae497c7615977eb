-- SPDX-License-Identifier: Apache-2.0
-- Boosts that the business support system charges (websheet.boost_order), and what partners report of boosts and carrier
-- billing. An order is written here before it is made, so that whatever becomes of user, page and node afterwards, either the
-- line has its boost or the order is taken back.
--
-- Order of locks in all that follows: portal_flow, subscriber, then the rows of the line.

CREATE TABLE boost_order (
    imsi         text COLLATE "C" NOT NULL CHECK (imsi ~ '^[0-9]{6,15}$'),
    key          text COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 59),
    boost_type   smallint NOT NULL CHECK (boost_type BETWEEN 1 AND 255),
    state        text COLLATE "C" NOT NULL DEFAULT 'asked'
                 CHECK (state IN ('asked', 'pending', 'cancel', 'compensate', 'done', 'over', 'refused')),
    reference    text COLLATE "C" CHECK (octet_length(reference) <= 255),
    tries        integer NOT NULL DEFAULT 0,
    serial       integer NOT NULL DEFAULT 0,
    reason       text NOT NULL DEFAULT '' CHECK (octet_length(reason) <= 300),
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz,
    leased_until timestamptz,
    PRIMARY KEY (imsi, key),
    CHECK ((state IN ('done', 'over', 'refused')) = (due_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX boost_order_due ON boost_order (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX boost_order_key ON boost_order (key) WHERE due_at IS NOT NULL;
CREATE INDEX boost_order_over ON boost_order (changed_at) WHERE due_at IS NULL;
COMMENT ON TABLE boost_order IS 'Boosts ordered at the BSS before they count as bought. Rows that are over stay for 30 days.';
COMMENT ON COLUMN boost_order.imsi IS 'line; no foreign key, since an order of a subscriber that is deleted is taken back, too';
COMMENT ON COLUMN boost_order.key IS 'of the purchase and of the order';
COMMENT ON COLUMN boost_order.boost_type IS 'as in plan_boost';
COMMENT ON COLUMN boost_order.state IS 'asked: nobody knows yet what becomes of it; pending: bought, the BSS works on it; cancel: to be taken back; compensate: too late for that; done; over: refused or taken back; refused: the BSS does neither, somebody has to look at it';
COMMENT ON COLUMN boost_order.reference IS 'id of the order at the BSS';
COMMENT ON COLUMN boost_order.tries IS 'calls of the BSS in this state';
COMMENT ON COLUMN boost_order.serial IS 'grows with every lease: who has lost the lease changes nothing';
COMMENT ON COLUMN boost_order.reason IS 'of the last failure; no identifiers';
COMMENT ON COLUMN boost_order.created_at IS 'first order';
COMMENT ON COLUMN boost_order.changed_at IS 'last change of state';
COMMENT ON COLUMN boost_order.due_at IS 'when the background looks at it; NULL: over';
COMMENT ON COLUMN boost_order.leased_until IS 'somebody is at it; after this time another one may';

-- Before the order. verdict: order; again (it was sent before); busy (it is being ordered); held (the line has this boost:
-- nothing is to be ordered); refused (not sold); over (taken back); gone. p_lease: seconds that the order may take; p_wait:
-- seconds behind it, in which the user may press again.
CREATE FUNCTION boost_order_begin(p_imsi text, p_type smallint, p_key text, p_lease integer, p_wait integer) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    o boost_order;
BEGIN
    PERFORM FROM subscriber s WHERE s.imsi = p_imsi FOR NO KEY UPDATE; -- one purchase of a line at a time
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    SELECT * INTO o FROM boost_order b WHERE b.imsi = p_imsi AND b.key = p_key FOR UPDATE;
    IF FOUND AND o.state <> 'asked' THEN
        RETURN CASE WHEN o.state IN ('pending', 'done') THEN 'held' ELSE 'over' END;
    ELSIF o.leased_until > now() OR EXISTS (SELECT FROM boost_order b WHERE b.imsi = p_imsi AND b.boost_type = p_type
                                            AND b.due_at IS NOT NULL AND b.state = 'asked' AND b.leased_until > now()) THEN
        RETURN 'busy';
    ELSIF EXISTS (SELECT FROM data_boost d WHERE d.imsi = p_imsi AND (d.key = p_key OR (d.boost_type = p_type
                  AND d.ended_at IS NULL AND (d.shown = 'pending' OR d.ends_at > now())))) THEN
        RETURN 'held';
    ELSIF NOT EXISTS (SELECT FROM subscriber s JOIN plan_boost w ON w.plan = s.plan AND w.boost_type = p_type
                      WHERE s.imsi = p_imsi AND s.line_state = 'active' AND w.offer = 'offered') THEN
        RETURN 'refused';
    END IF;
    -- Of another hand-over of the same user, who has given it up.
    UPDATE boost_order b SET state = 'cancel', changed_at = now(), tries = 0, due_at = now(), leased_until = NULL
    WHERE b.imsi = p_imsi AND b.boost_type = p_type AND b.state = 'asked' AND b.key <> p_key;
    INSERT INTO boost_order AS b (imsi, key, boost_type, due_at, leased_until)
    VALUES (p_imsi, p_key, p_type, now() + make_interval(secs => p_lease + p_wait), now() + make_interval(secs => p_lease))
    ON CONFLICT (imsi, key) DO UPDATE SET due_at = excluded.due_at, leased_until = excluded.leased_until;
    RETURN CASE WHEN o.key IS NULL THEN 'order' ELSE 'again' END;
END $$;

-- The BSS has not taken it. p_refused: for good; else nobody knows, and the user may press again.
CREATE FUNCTION boost_order_leave(p_imsi text, p_key text, p_refused boolean, p_reason text) RETURNS void LANGUAGE sql AS $$
    UPDATE boost_order b SET leased_until = NULL, reason = left(p_reason, 200),
        state = CASE WHEN p_refused THEN 'over' ELSE b.state END,
        changed_at = CASE WHEN p_refused THEN now() ELSE b.changed_at END,
        due_at = CASE WHEN NOT p_refused THEN b.due_at END
    WHERE b.imsi = p_imsi AND b.key = p_key AND b.state = 'asked' $$;

-- The BSS has taken it: the purchase, or, when that cannot be, the end of the order. Answers as boost_buy.
CREATE FUNCTION boost_order_buy(p_imsi text, p_type smallint, p_key text, p_pending boolean, p_reference text, p_actor text,
                                p_subject text, OUT verdict text, OUT state text, OUT ends_at timestamptz, OUT seconds integer)
    LANGUAGE plpgsql AS $$
DECLARE
    o boost_order;
    is_own boolean;
    state_now text;
BEGIN
    PERFORM FROM subscriber s WHERE s.imsi = p_imsi FOR NO KEY UPDATE;
    SELECT * INTO o FROM boost_order b WHERE b.imsi = p_imsi AND b.key = p_key FOR UPDATE;
    IF o.state = 'asked' THEN
        SELECT x.verdict, x.state, x.ends_at, x.seconds INTO verdict, state, ends_at, seconds
            FROM boost_buy(p_imsi, p_type, p_key, NULL, p_actor, p_subject) x;
        is_own := EXISTS (SELECT FROM data_boost d WHERE d.imsi = p_imsi AND d.key = p_key);
        state_now := CASE WHEN NOT is_own THEN 'cancel' WHEN p_pending THEN 'pending' ELSE 'done' END;
        UPDATE boost_order b SET state = state_now, changed_at = now(), tries = 0, leased_until = NULL,
            reference = CASE WHEN octet_length(p_reference) <= 255 THEN p_reference END,
            due_at = CASE state_now WHEN 'cancel' THEN now() WHEN 'pending' THEN now() + interval '15 seconds' END
        WHERE b.imsi = p_imsi AND b.key = p_key;
        RETURN;
    END IF;
    verdict := 'refused';
    IF o.state IS NULL OR o.state IN ('pending', 'done') THEN -- the one that the line has
        SELECT 'repeated', d.shown, d.ends_at, d.seconds INTO verdict, state, ends_at, seconds FROM data_boost d
            WHERE d.imsi = p_imsi AND (d.key = p_key OR (d.boost_type = p_type AND d.ended_at IS NULL))
            ORDER BY d.key = p_key DESC, d.id DESC LIMIT 1;
        verdict := coalesce(verdict, 'refused');
    END IF;
END $$;

-- What a call of the background has come to. A boost whose order was refused afterwards ends. False: the lease was lost.
CREATE FUNCTION boost_order_settle(p_imsi text, p_key text, p_serial integer, p_state text, p_delay integer, p_reason text,
                                   p_subject text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    o boost_order;
    d data_boost;
BEGIN
    -- First, as the runner of these requests locks them before it comes to the boost.
    PERFORM FROM qos_request q WHERE q.id = (SELECT x.qos FROM data_boost x WHERE x.imsi = p_imsi AND x.key = p_key) FOR UPDATE;
    SELECT * INTO o FROM boost_order b WHERE b.imsi = p_imsi AND b.key = p_key FOR UPDATE;
    IF o.serial IS DISTINCT FROM p_serial OR o.due_at IS NULL THEN
        RETURN false;
    END IF;
    IF o.state = 'pending' AND p_state = 'over' THEN
        SELECT * INTO d FROM data_boost b WHERE b.imsi = p_imsi AND b.key = p_key AND b.ended_at IS NULL;
        IF d.qos IS NOT NULL THEN
            PERFORM qos_release(d.qos, 'the BSS has refused the order');
        END IF;
        UPDATE data_boost b SET ended_at = now(), shown = 'none' WHERE b.id = d.id AND b.ended_at IS NULL;
        IF d.id IS NOT NULL THEN
            INSERT INTO audit (actor, role, action, subject_masked, detail)
            VALUES ('bss', 'system', 'boost.end', p_subject, jsonb_build_object('boost_type', d.boost_type));
        END IF;
    END IF;
    UPDATE boost_order b SET state = p_state, leased_until = NULL, reason = left(p_reason, 200),
        tries = CASE WHEN b.state = p_state THEN b.tries ELSE 0 END,
        changed_at = CASE WHEN b.state = p_state THEN b.changed_at ELSE now() END,
        due_at = CASE WHEN p_state NOT IN ('done', 'over', 'refused') THEN now() + make_interval(secs => p_delay) END
    WHERE b.imsi = p_imsi AND b.key = p_key;
    RETURN true;
END $$;

-- Reports of partners: as portal_report, together with what the user bought or accepted, or not at all. verdict 'unexpected':
-- the plan does not sell the boost, the account is blocked; nothing was written. p_result: purchased, accepted, activated.
CREATE FUNCTION portal_report_result(p_partner text, p_event text, p_reference bytea, p_request bytea, p_imsi text,
    p_outcome text, p_expires timestamptz, p_subject text, p_detail text, p_actor text, p_result text, p_type smallint,
    p_key text, p_seconds integer, p_account bytea, OUT verdict text, OUT revision integer, OUT outcome text)
    LANGUAGE plpgsql AS $$
DECLARE
    service constant text := CASE WHEN p_result = 'purchased' THEN 'dataplan' ELSE 'billing' END;
    flow portal_flow;
    did text := 'done';
    is_new boolean := false;
BEGIN
    BEGIN
        IF p_outcome <> 'late' THEN
            INSERT INTO portal_flow (reference, partner, expires_at) VALUES (p_reference, p_partner, p_expires)
                ON CONFLICT DO NOTHING;
            SELECT * INTO STRICT flow FROM portal_flow f WHERE f.reference = p_reference FOR UPDATE;
            is_new := flow.closed_at IS NULL AND flow.partner = p_partner
                AND NOT EXISTS (SELECT FROM portal_event e WHERE e.partner = p_partner AND e.event_id = p_event);
        END IF;
        IF is_new AND p_result = 'purchased' THEN
            did := (boost_buy(p_imsi, p_type, p_key, p_seconds, p_actor, p_subject)).verdict;
        ELSIF is_new THEN
            INSERT INTO billing_account (imsi, account) SELECT s.imsi, p_account FROM subscriber s WHERE s.imsi = p_imsi
                ON CONFLICT DO NOTHING;
            PERFORM FROM billing_account a WHERE a.imsi = p_imsi AND a.account = p_account FOR UPDATE;
            did := billing_set(p_imsi, p_account, NULL, 1::smallint,
                               CASE p_result WHEN 'activated' THEN 'active' ELSE 'wanted' END,
                               p_result = 'activated' AND NOT EXISTS (SELECT FROM billing_account a
                                   WHERE a.imsi = p_imsi AND a.account = p_account AND a.state = 'blocked'),
                               p_actor, p_subject);
        END IF;
        IF did = 'refused' THEN
            verdict := 'unexpected';
        ELSE
            SELECT r.verdict, r.revision, r.outcome INTO verdict, revision, outcome
                FROM portal_report(p_partner, p_event, p_reference, p_request, p_imsi, service, NULL, NULL, NULL, NULL, NULL,
                                   NULL, p_outcome, p_expires, p_subject, p_detail) r;
        END IF;
        IF is_new AND verdict <> 'done' THEN
            RAISE EXCEPTION USING ERRCODE = 'EC001', MESSAGE = 'nothing of it is written';
        END IF;
    EXCEPTION WHEN SQLSTATE 'EC001' THEN
        NULL; -- verdict says why
    END;
END $$;
