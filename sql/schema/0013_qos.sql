-- SPDX-License-Identifier: Apache-2.0
-- Policy towards the network (PCRF, PCF, exposure gateway; pcrf.md). A request for quality of service is written here by
-- whoever wants it, in its own transaction, and is carried out by the nodes in the background.
--   qos_request       requests and what has become of them; the session's handle survives every node
--   qos_compensation  requests that were paid for and could not be fulfilled: what the BSS is to be told
--   plan_qos          which profile a plan gives to a service
--   line_address      newest address of a device in the operator's network

CREATE TABLE qos_request (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin          text COLLATE "C" NOT NULL CHECK (origin ~ '^[a-z][a-z0-9-]{0,31}$'),
    reference       text COLLATE "C" NOT NULL CHECK (octet_length(reference) BETWEEN 1 AND 128),
    imsi            text COLLATE "C" NOT NULL CHECK (imsi ~ '^[0-9]{6,15}$'),
    network         text COLLATE "C" NOT NULL CHECK (octet_length(network) BETWEEN 1 AND 63),
    profile         text COLLATE "C" NOT NULL CHECK (octet_length(profile) BETWEEN 1 AND 63),
    seconds         integer NOT NULL CHECK (seconds BETWEEN 0 AND 31622400),
    paid            boolean NOT NULL DEFAULT false,
    state           text COLLATE "C" NOT NULL DEFAULT 'wanted'
                    CHECK (state IN ('wanted', 'requested', 'active', 'releasing', 'ended', 'failed')),
    after           text COLLATE "C" CHECK (after IN ('wanted', 'ended', 'failed')),
    handle          text COLLATE "C" CHECK (octet_length(handle) BETWEEN 1 AND 512),
    host            text COLLATE "C" CHECK (octet_length(host) <= 255),
    handle_before   text COLLATE "C" CHECK (octet_length(handle_before) BETWEEN 1 AND 512),
    secret          text COLLATE "C" NOT NULL
                    DEFAULT replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
    ue_ipv4         text COLLATE "C",
    ue_ipv6         text COLLATE "C",
    waits           boolean NOT NULL DEFAULT false,
    tries           integer NOT NULL DEFAULT 0,
    renewals        integer NOT NULL DEFAULT 0,
    serial          integer NOT NULL DEFAULT 0,
    sent            boolean NOT NULL DEFAULT false,
    reason          text NOT NULL DEFAULT '' CHECK (octet_length(reason) <= 300),
    created_at      timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now(),
    tried_at        timestamptz,
    active_at       timestamptz,
    ends_at         timestamptz,
    network_ends_at timestamptz,
    due_at          timestamptz DEFAULT now(),
    leased_until    timestamptz,
    UNIQUE (origin, reference),
    CHECK ((state = 'releasing') = (after IS NOT NULL)),
    CHECK ((state IN ('ended', 'failed')) = (due_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX qos_request_due ON qos_request (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX qos_request_imsi ON qos_request (imsi, network);
CREATE INDEX qos_request_handle ON qos_request (handle) WHERE handle IS NOT NULL;
CREATE INDEX qos_request_over ON qos_request (changed_at) WHERE due_at IS NULL;
COMMENT ON TABLE qos_request IS 'Requests for quality of service towards the network. Rows that are over stay for odsa.keep_days; a foreign key to them needs ON DELETE SET NULL.';
COMMENT ON COLUMN qos_request.id IS 'handle for everybody else';
COMMENT ON COLUMN qos_request.origin IS 'who wants it: boost, admin ...';
COMMENT ON COLUMN qos_request.reference IS 'of the origin: the same one is one request';
COMMENT ON COLUMN qos_request.imsi IS 'line; no foreign key, since a session outlives a subscriber that is deleted until it is released';
COMMENT ON COLUMN qos_request.network IS 'name of an entry of section qos';
COMMENT ON COLUMN qos_request.profile IS 'name of an entry of section qos_profiles';
COMMENT ON COLUMN qos_request.seconds IS 'wanted duration from the moment it is in force; 0: until it is released';
COMMENT ON COLUMN qos_request.paid IS 'somebody has paid for it: a failure is compensated by the BSS';
COMMENT ON COLUMN qos_request.state IS 'wanted: to be asked for; requested: taken by the network; active: in force; releasing: to be taken back; ended; failed: given up';
COMMENT ON COLUMN qos_request.after IS 'releasing: the state behind it';
COMMENT ON COLUMN qos_request.handle IS 'id of the session at the network: assignmentId, sessionId, subscription, appSessionId, Session-Id';
COMMENT ON COLUMN qos_request.host IS 'Rx: Origin-Host of the PCRF that has the session';
COMMENT ON COLUMN qos_request.handle_before IS 'handle of the session that it had before: late news of that one say nothing about the next';
COMMENT ON COLUMN qos_request.secret IS 'part of the address that the network sends events to';
COMMENT ON COLUMN qos_request.ue_ipv4 IS 'address that the session was asked for with; NULL: none known';
COMMENT ON COLUMN qos_request.ue_ipv6 IS 'the same, IPv6';
COMMENT ON COLUMN qos_request.waits IS 'the device is not attached, or its address is not known: tried at once when it comes';
COMMENT ON COLUMN qos_request.tries IS 'attempts since the last change of state';
COMMENT ON COLUMN qos_request.renewals IS 'how often it was asked for again after the network had ended it';
COMMENT ON COLUMN qos_request.serial IS 'grows with every lease: who has lost the lease changes nothing';
COMMENT ON COLUMN qos_request.sent IS 'asked for at least once: looked for before it is asked for again';
COMMENT ON COLUMN qos_request.reason IS 'of the last failure; no identifiers';
COMMENT ON COLUMN qos_request.created_at IS 'when it was wanted first';
COMMENT ON COLUMN qos_request.changed_at IS 'last change of state';
COMMENT ON COLUMN qos_request.tried_at IS 'first attempt in this state: section qos give_up counts from here';
COMMENT ON COLUMN qos_request.active_at IS 'when it came into force first';
COMMENT ON COLUMN qos_request.ends_at IS 'end of what was wanted; NULL: not yet in force, or until released';
COMMENT ON COLUMN qos_request.network_ends_at IS 'end of the session as the network tells it; NULL: not told';
COMMENT ON COLUMN qos_request.due_at IS 'next attempt, query or end; NULL: over';
COMMENT ON COLUMN qos_request.leased_until IS 'a node is at it; after this time another one may';

CREATE TABLE qos_compensation (
    request      bigint PRIMARY KEY REFERENCES qos_request ON DELETE CASCADE,
    state        text COLLATE "C" NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'pending', 'done', 'refused')),
    key          text COLLATE "C" NOT NULL UNIQUE DEFAULT 'ecs-qos-' || gen_random_uuid(),
    reference    text COLLATE "C" CHECK (octet_length(reference) <= 255),
    tries        integer NOT NULL DEFAULT 0,
    serial       integer NOT NULL DEFAULT 0,
    reason       text NOT NULL DEFAULT '' CHECK (octet_length(reason) <= 300),
    created_at   timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    due_at       timestamptz DEFAULT now(),
    leased_until timestamptz,
    CHECK ((state IN ('done', 'refused')) = (due_at IS NULL))
);
CREATE INDEX qos_compensation_due ON qos_compensation (due_at) WHERE due_at IS NOT NULL;
COMMENT ON TABLE qos_compensation IS 'Paid requests that have failed: the order to the BSS to compensate them, sent until it is answered.';
COMMENT ON COLUMN qos_compensation.request IS 'the request that has failed';
COMMENT ON COLUMN qos_compensation.state IS 'due: to be ordered; pending: taken by the BSS; done; refused: somebody has to look at it';
COMMENT ON COLUMN qos_compensation.key IS 'of the order: the same one when it is repeated';
COMMENT ON COLUMN qos_compensation.reference IS 'id of the order at the BSS';
COMMENT ON COLUMN qos_compensation.tries IS 'attempts';
COMMENT ON COLUMN qos_compensation.serial IS 'grows with every lease';
COMMENT ON COLUMN qos_compensation.reason IS 'of the last failure; no identifiers';
COMMENT ON COLUMN qos_compensation.created_at IS 'when the request failed';
COMMENT ON COLUMN qos_compensation.done_at IS 'end; NULL: open';
COMMENT ON COLUMN qos_compensation.due_at IS 'next attempt; NULL: over';
COMMENT ON COLUMN qos_compensation.leased_until IS 'a node is at it; after this time another one may';

CREATE TABLE plan_qos (
    plan    text COLLATE "C" NOT NULL REFERENCES plan ON DELETE CASCADE,
    service text COLLATE "C" NOT NULL CHECK (service ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    network text COLLATE "C" NOT NULL CHECK (octet_length(network) BETWEEN 1 AND 63),
    profile text COLLATE "C" NOT NULL CHECK (octet_length(profile) BETWEEN 1 AND 63),
    seconds integer NOT NULL DEFAULT 0 CHECK (seconds BETWEEN 0 AND 31622400),
    PRIMARY KEY (plan, service)
);
COMMENT ON TABLE plan_qos IS 'Which quality of service a plan gives to a service or type of boost.';
COMMENT ON COLUMN plan_qos.plan IS 'plan';
COMMENT ON COLUMN plan_qos.service IS 'service or type of boost, lower case';
COMMENT ON COLUMN plan_qos.network IS 'name of an entry of section qos';
COMMENT ON COLUMN plan_qos.profile IS 'name of an entry of section qos_profiles';
COMMENT ON COLUMN plan_qos.seconds IS 'usual duration; 0: until released';

CREATE UNLOGGED TABLE line_address (
    imsi    text COLLATE "C" PRIMARY KEY REFERENCES subscriber ON DELETE CASCADE,
    ipv4    text COLLATE "C",
    ipv6    text COLLATE "C",
    seen_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX line_address_seen ON line_address (seen_at);
COMMENT ON TABLE line_address IS 'Addresses that devices have told (parameters ipv4_addr, ipv6_addr), kept only where section qos has ue_address: request, and deleted when they have not been told for two days.';
COMMENT ON COLUMN line_address.imsi IS 'line';
COMMENT ON COLUMN line_address.ipv4 IS 'IPv4 address; NULL: none';
COMMENT ON COLUMN line_address.ipv6 IS 'IPv6 address; NULL: none';
COMMENT ON COLUMN line_address.seen_at IS 'when it was told last, exact to five minutes';

-- Asking --------------------------------------------------------------------------------------------------------

-- A request, once for each origin and reference: its id, also when it was there already.
CREATE FUNCTION qos_request_add(p_imsi text, p_network text, p_profile text, p_seconds integer, p_origin text,
                                p_reference text, p_paid boolean) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO qos_request (imsi, network, profile, seconds, origin, reference, paid)
    VALUES (p_imsi, p_network, p_profile, p_seconds, p_origin, p_reference, p_paid)
    ON CONFLICT (origin, reference) DO UPDATE SET reference = excluded.reference
    RETURNING id $$;

-- The same with what the line's plan gives to a service. NULL: nothing.
CREATE FUNCTION qos_request_by_plan(p_imsi text, p_service text, p_origin text, p_reference text, p_paid boolean)
    RETURNS bigint LANGUAGE sql AS $$
    SELECT qos_request_add(s.imsi, q.network, q.profile, q.seconds, p_origin, p_reference, p_paid)
    FROM subscriber s JOIN plan_qos q ON q.plan = s.plan AND q.service = p_service WHERE s.imsi = p_imsi $$;

-- Nobody wants it any more. Its state from now on; NULL: there is none.
CREATE FUNCTION qos_release(p_id bigint, p_reason text) RETURNS text LANGUAGE sql AS $$
    UPDATE qos_request q SET
        state = CASE WHEN q.state IN ('ended', 'failed') THEN q.state WHEN q.sent THEN 'releasing' ELSE 'ended' END,
        after = CASE WHEN q.state IN ('ended', 'failed') THEN NULL WHEN NOT q.sent THEN NULL
                     WHEN q.after = 'failed' THEN 'failed' ELSE 'ended' END,
        due_at = CASE WHEN q.state IN ('ended', 'failed') OR NOT q.sent THEN NULL
                      WHEN q.state = 'releasing' THEN least(q.due_at, now()) ELSE now() END,
        tries = CASE WHEN q.state IN ('releasing', 'ended', 'failed') THEN q.tries ELSE 0 END,
        tried_at = CASE WHEN q.state IN ('releasing', 'ended', 'failed') THEN q.tried_at END,
        reason = CASE WHEN q.state IN ('releasing', 'ended', 'failed') THEN q.reason ELSE p_reason END,
        changed_at = CASE WHEN q.state IN ('releasing', 'ended', 'failed') THEN q.changed_at ELSE now() END
    WHERE q.id = p_id RETURNING q.state $$;

CREATE FUNCTION qos_subscriber_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM qos_release(id, 'the subscriber was deleted') FROM qos_request
    WHERE imsi = OLD.imsi AND state IN ('wanted', 'requested', 'active');
    RETURN NULL;
END $$;
CREATE TRIGGER subscriber_qos AFTER DELETE ON subscriber FOR EACH ROW EXECUTE FUNCTION qos_subscriber_gone();

CREATE FUNCTION qos_compensate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO qos_compensation (request) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER qos_request_failed AFTER UPDATE OF state ON qos_request FOR EACH ROW
    WHEN (NEW.paid AND NEW.state = 'failed' AND OLD.state <> 'failed') EXECUTE FUNCTION qos_compensate();

-- What becomes of it ---------------------------------------------------------------------------------------------

-- The session at the network is not in force any more, though it was wanted: what the request is then. It is asked for
-- again while there is time and while that has not happened too often.
CREATE FUNCTION qos_lost(q qos_request, p_renewals integer) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN q.ends_at <= now() + interval '5 seconds' THEN 'ended'
                WHEN q.renewals < p_renewals THEN 'wanted'
                ELSE 'failed' END $$;

-- A new state, by the node that has the row or by an event.
CREATE FUNCTION qos_put(p_id bigint, p_state text, p_after text, p_delay_s integer, p_reason text) RETURNS text
    LANGUAGE sql AS $$
    UPDATE qos_request q SET state = p_state, after = p_after, changed_at = now(), tries = 0, tried_at = NULL, waits = false,
        due_at = CASE WHEN p_state NOT IN ('ended', 'failed') THEN now() + p_delay_s * interval '1 second' END,
        handle = CASE WHEN p_state IN ('wanted', 'ended', 'failed') THEN NULL ELSE q.handle END,
        handle_before = CASE WHEN p_state = 'wanted' THEN coalesce(q.handle, q.handle_before) END,
        host = CASE WHEN p_state <> 'wanted' THEN q.host END,
        sent = q.sent AND p_state <> 'wanted',
        network_ends_at = CASE WHEN p_state <> 'wanted' THEN q.network_ends_at END,
        reason = left(coalesce(p_reason, q.reason), 200)
    WHERE q.id = p_id RETURNING q.state $$;

-- It is in force from now on, or still is: asked after again in p_check_s at the latest.
CREATE FUNCTION qos_in_force(p_id bigint, p_network_ends bigint, p_check_s integer) RETURNS text LANGUAGE sql AS $$
    UPDATE qos_request q SET state = 'active', after = NULL, tries = 0, tried_at = NULL, waits = false,
        reason = CASE WHEN q.state = 'active' THEN q.reason ELSE '' END,
        changed_at = CASE WHEN q.state = 'active' THEN q.changed_at ELSE now() END,
        active_at = coalesce(q.active_at, now()),
        network_ends_at = coalesce(to_timestamp(p_network_ends), q.network_ends_at),
        ends_at = coalesce(q.ends_at, CASE WHEN q.seconds > 0 THEN now() + q.seconds * interval '1 second' END),
        due_at = greatest(now() + interval '1 second', least(
            coalesce(q.ends_at, CASE WHEN q.seconds > 0 THEN now() + q.seconds * interval '1 second' END),
            coalesce(to_timestamp(p_network_ends), q.network_ends_at) + interval '2 seconds',
            now() + p_check_s * interval '1 second'))
    WHERE q.id = p_id RETURNING q.state $$;

-- The network has ended it, or never put it in force. p_release: there is something left to be taken back.
CREATE FUNCTION qos_lose(p_id bigint, p_release boolean, p_renewals integer, p_delay_s integer, p_reason text) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    q qos_request;
    then_state text;
BEGIN
    SELECT * INTO q FROM qos_request WHERE id = p_id;
    then_state := qos_lost(q, p_renewals);
    IF then_state = 'wanted' THEN
        UPDATE qos_request SET renewals = renewals + 1 WHERE id = p_id;
    END IF;
    IF p_release THEN
        RETURN qos_put(p_id, 'releasing', then_state, 0, p_reason);
    END IF;
    RETURN qos_put(p_id, then_state, NULL, p_delay_s, p_reason);
END $$;

-- The session's time at the network is over: more is asked for when more was wanted.
CREATE FUNCTION qos_expire(p_id bigint) RETURNS text LANGUAGE sql AS $$
    SELECT qos_put(p_id, CASE WHEN q.seconds = 0 OR q.ends_at > now() + interval '5 seconds' THEN 'wanted' ELSE 'ended' END,
                   NULL, 0, '') FROM qos_request q WHERE q.id = p_id $$;

-- What a call has come to. p_did: apply, query, release. p_result: active, requested, again, gone, refused (never),
-- nothing (again later, and the network has certainly made nothing of it), abandoned (no time is left, and nobody knows what the network has made of it), vacated (a handle that is of no use any more is given back), released. p_delay_s: until the next attempt. Returns the state from now on; NULL: the lease was lost, and only the
-- handle is kept.
CREATE FUNCTION qos_settle(p_id bigint, p_serial integer, p_did text, p_result text, p_handle text, p_network_ends bigint,
                           p_delay_s integer, p_check_s integer, p_renewals integer, p_waits boolean, p_reason text, p_host text)
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    q qos_request;
BEGIN
    SELECT * INTO q FROM qos_request WHERE id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF q.serial <> p_serial THEN
        UPDATE qos_request SET handle = coalesce(handle, p_handle) WHERE id = p_id AND due_at IS NOT NULL;
        RETURN NULL;
    END IF;
    -- While the call was under way an event has ended the session that it was about, and another one is wanted already. A
    -- take counts its try, so that no try was counted since.
    IF q.state = 'wanted' AND q.tries = 0
       AND (p_did <> 'apply' OR p_result NOT IN ('active', 'requested') OR p_handle IS NOT DISTINCT FROM q.handle_before) THEN
        UPDATE qos_request SET leased_until = NULL WHERE id = p_id;
        RETURN q.state;
    END IF;
    UPDATE qos_request SET leased_until = NULL, handle = coalesce(p_handle, handle), host = coalesce(p_host, host),
        sent = sent OR (p_did = 'apply' AND p_result IN ('active', 'requested')),
        network_ends_at = coalesce(to_timestamp(p_network_ends), network_ends_at)
    WHERE id = p_id RETURNING * INTO q;
    CASE
    -- by an event, or because nobody wants it any more
    WHEN p_did <> 'release' AND q.state = 'releasing' THEN
        UPDATE qos_request SET due_at = now() WHERE id = p_id;
        RETURN q.state;
    WHEN p_did = 'apply' AND q.state IN ('ended', 'failed') AND p_result IN ('active', 'requested') THEN
        RETURN qos_put(p_id, 'releasing', q.state, 0, NULL);
    WHEN p_did <> 'release' AND q.state IN ('ended', 'failed') THEN
        RETURN q.state;
    WHEN p_did = 'release' AND q.state <> 'releasing' THEN
        RETURN q.state;
    WHEN p_did = 'release' AND p_result IN ('released', 'gone') THEN
        RETURN qos_put(p_id, q.after, NULL, p_delay_s, NULL);
    WHEN p_did = 'release' AND p_result = 'refused' THEN
        RETURN qos_put(p_id, CASE q.after WHEN 'wanted' THEN 'failed' ELSE q.after END, NULL, 0, p_reason);
    WHEN p_did <> 'release' AND p_result = 'active' THEN
        RETURN qos_in_force(p_id, p_network_ends, p_check_s);
    WHEN p_did <> 'release' AND p_result = 'requested' AND q.state = 'wanted' THEN
        RETURN qos_put(p_id, 'requested', NULL, p_check_s, '');
    WHEN p_did <> 'release' AND p_result = 'requested' THEN -- an event was faster, or it is still so
        UPDATE qos_request SET due_at = least(now() + p_check_s * interval '1 second', ends_at) WHERE id = p_id;
        RETURN q.state;
    WHEN p_did = 'apply' AND q.state = 'wanted' AND p_result IN ('refused', 'gone') THEN
        RETURN qos_put(p_id, CASE WHEN q.ends_at <= now() + interval '5 seconds' THEN 'ended' ELSE 'failed' END, NULL, 0,
                       p_reason);
    WHEN p_did = 'apply' AND q.state = 'wanted' AND p_result = 'vacated' THEN
        RETURN qos_put(p_id, 'wanted', NULL, 0, '');
    WHEN p_did = 'apply' AND q.state = 'wanted' AND p_result = 'abandoned' THEN -- the network may have it
        RETURN qos_put(p_id, 'releasing', 'failed', 0, p_reason);
    WHEN p_did = 'query' AND p_result IN ('refused', 'gone')
         AND q.network_ends_at <= now() + interval '10 seconds' THEN
        RETURN qos_expire(p_id);
    WHEN p_did = 'query' AND p_result IN ('refused', 'gone') THEN
        RETURN qos_lose(p_id, p_result = 'refused', p_renewals, p_delay_s, p_reason);
    ELSE
        UPDATE qos_request SET waits = p_waits, sent = sent AND (p_result <> 'nothing' OR state <> 'wanted'), due_at = least(now() + p_delay_s * interval '1 second',
                                                               CASE WHEN state <> 'releasing' THEN ends_at END), reason = left(p_reason, 200)
        WHERE id = p_id;
        RETURN q.state;
    END CASE;
END $$;

-- What the network tells by itself. p_what: active, lost (not in force, still to be taken back), expired (its time is
-- over), deleted (taken back). Returns the state from now on, 'duplicate': it says nothing new, 'unknown': not of the
-- session that this request has; NULL: there is no such request.
CREATE FUNCTION qos_told(p_id bigint, p_handle text, p_what text, p_network_ends bigint, p_check_s integer,
                         p_renewals integer, p_delay_s integer, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    q qos_request;
BEGIN
    SELECT * INTO q FROM qos_request WHERE id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF q.handle <> p_handle OR NOT q.sent THEN
        RETURN 'unknown';
    ELSIF q.state IN ('ended', 'failed') OR (q.handle IS NULL AND p_handle = q.handle_before) THEN
        RETURN 'duplicate';
    END IF;
    IF q.handle IS NULL THEN -- before the answer to our call
        UPDATE qos_request SET handle = p_handle WHERE id = p_id;
    END IF;
    IF q.state = 'releasing' THEN
        IF p_what NOT IN ('deleted', 'expired') THEN
            RETURN 'duplicate';
        END IF;
        RETURN qos_put(p_id, q.after, NULL, p_delay_s, NULL);
    ELSIF p_what = 'active' AND q.state = 'active' THEN
        RETURN 'duplicate';
    ELSIF p_what = 'active' THEN
        RETURN qos_in_force(p_id, p_network_ends, p_check_s);
    ELSIF p_what = 'expired' THEN
        RETURN qos_expire(p_id);
    END IF;
    RETURN qos_lose(p_id, p_what = 'lost', p_renewals, p_delay_s, p_reason);
END $$;

-- Compensations are orders of the local BSS, too.
ALTER TABLE local_order DROP CONSTRAINT local_order_action_check;
ALTER TABLE local_order ADD CONSTRAINT local_order_action_check CHECK (action IN ('subscribe', 'transfer', 'recover', 'end',
    'end-old', 'confirm', 'service-on', 'service-off', 'compensate'));
COMMENT ON COLUMN local_order.action IS 'subscribe, transfer, recover, end, end-old, confirm, service-on, service-off, compensate';
