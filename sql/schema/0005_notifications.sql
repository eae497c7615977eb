-- SPDX-License-Identifier: Apache-2.0
-- Notifications (TS.43 2.6): who can be called, what is to be told, and the triggers that write a notification in the
-- same transaction as the change it tells of: a phone that is called finds the new state.
--   push_registration  tokens that devices have registered
--   notification       the outbox: at most one row per token, or per line when it goes by SMS
--   notify_campaign    changes of many lines: walked page by page and turned into rows of the outbox at a set pace
--   notify_control     what the triggers have to know of the nodes' settings

CREATE TABLE push_registration (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    imsi            text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    terminal_id     text COLLATE "C" NOT NULL CHECK (terminal_id = lower(terminal_id) AND length(terminal_id) BETWEEN 1 AND 63),
    app_name        text COLLATE "C" NOT NULL DEFAULT '' CHECK (octet_length(app_name) <= 256),
    channel         smallint NOT NULL CHECK (channel BETWEEN 1 AND 4),
    token           text COLLATE "C" NOT NULL CHECK (octet_length(token) BETWEEN 1 AND 4096),
    token_digest    bytea NOT NULL CHECK (octet_length(token_digest) = 16),
    apps            text[] NOT NULL CHECK (cardinality(apps) BETWEEN 1 AND 32),
    registered_at   timestamptz NOT NULL DEFAULT now(),
    last_success_at timestamptz,
    failures        integer NOT NULL DEFAULT 0,
    last_timestamp  bigint NOT NULL DEFAULT 0,
    UNIQUE (imsi, terminal_id, app_name, token_digest)
) WITH (fillfactor = 85);
CREATE INDEX push_registration_terminal ON push_registration (terminal_id);
CREATE INDEX push_registration_token ON push_registration (token_digest);
COMMENT ON TABLE push_registration IS 'Push tokens that authenticated devices have registered (TS.43 2.9.5, notif_action and notif_token).';
COMMENT ON COLUMN push_registration.id IS 'names the registration in the outbox';
COMMENT ON COLUMN push_registration.imsi IS 'subscriber who was proven in the request';
COMMENT ON COLUMN push_registration.terminal_id IS 'device, lower case';
COMMENT ON COLUMN push_registration.app_name IS 'application on the device, lower case; empty when it gave none';
COMMENT ON COLUMN push_registration.channel IS 'notif_action: 1 GCM, 2 FCM, 3 WNS, 4 APNS';
COMMENT ON COLUMN push_registration.token IS 'of the push provider; for WNS a URL';
COMMENT ON COLUMN push_registration.token_digest IS 'first 16 bytes of the SHA-256 of the token';
COMMENT ON COLUMN push_registration.apps IS 'AppIDs that this token was registered for';
COMMENT ON COLUMN push_registration.registered_at IS 'last registration; a provider''s "dead since" counts only for older ones';
COMMENT ON COLUMN push_registration.last_success_at IS 'last push that the provider took';
COMMENT ON COLUMN push_registration.failures IS 'failed attempts since then';
COMMENT ON COLUMN push_registration.last_timestamp IS 'newest timestamp sent, Unix seconds: they only grow on a device';

CREATE TABLE notify_control (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    enabled         boolean NOT NULL DEFAULT false,
    sms             text NOT NULL DEFAULT 'off' CHECK (sms IN ('off', 'fallback', 'unregistered', 'instead')),
    with_vowifi     boolean NOT NULL DEFAULT true,
    on_policy       boolean NOT NULL DEFAULT true,
    policy_delay_s  integer NOT NULL DEFAULT 30 CHECK (policy_delay_s >= 0),
    bulk_rows       integer NOT NULL DEFAULT 1000 CHECK (bulk_rows > 0),
    campaign_rate   integer NOT NULL DEFAULT 50 CHECK (campaign_rate > 0),
    ttl_s           integer NOT NULL DEFAULT 86400 CHECK (ttl_s > 0),
    hook_apps       text[] NOT NULL DEFAULT '{}'
);
INSERT INTO notify_control DEFAULT VALUES;
COMMENT ON TABLE notify_control IS 'Section notify of the nodes'' configuration, as far as triggers need it; one row, written when a node starts or reloads.';
COMMENT ON COLUMN notify_control.one IS 'always true';
COMMENT ON COLUMN notify_control.enabled IS 'some channel is configured and notify.enabled is on; else nothing is written';
COMMENT ON COLUMN notify_control.sms IS 'off; fallback: when push fails; unregistered: also lines without a registration; instead: SMS only';
COMMENT ON COLUMN notify_control.with_vowifi IS 'ap2004 is named whenever an IMS application changed';
COMMENT ON COLUMN notify_control.on_policy IS 'a new policy is told to all devices';
COMMENT ON COLUMN notify_control.policy_delay_s IS 'time for all nodes to load that policy, seconds';
COMMENT ON COLUMN notify_control.bulk_rows IS 'a statement that changes more lines makes a campaign';
COMMENT ON COLUMN notify_control.campaign_rate IS 'notifications per second that a campaign without a spread makes';
COMMENT ON COLUMN notify_control.ttl_s IS 'a notification is given up after so many seconds';
COMMENT ON COLUMN notify_control.hook_apps IS 'AppIDs whose changes are told to the web hook, too; none: no hook';

CREATE TABLE notification (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    imsi         text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    registration bigint REFERENCES push_registration ON DELETE CASCADE,
    channel      smallint NOT NULL CHECK (channel BETWEEN 1 AND 6),
    hook         boolean NOT NULL GENERATED ALWAYS AS (channel = 6) STORED,
    apps         text[] NOT NULL CHECK (cardinality(apps) > 0),
    reason       text NOT NULL,
    serial       bigint NOT NULL DEFAULT 1,
    attempts     integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    not_before   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    leased_until timestamptz,
    UNIQUE NULLS NOT DISTINCT (imsi, registration, hook),
    CHECK ((registration IS NULL) = (channel >= 5))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX notification_due ON notification (channel, not_before);
CREATE INDEX notification_registration ON notification (registration);
CREATE INDEX notification_expires ON notification (expires_at);
COMMENT ON TABLE notification IS 'Outbox: devices that are to be told to ask again. Changes that come before a row was sent join it.';
COMMENT ON COLUMN notification.id IS 'handle';
COMMENT ON COLUMN notification.imsi IS 'line that changed';
COMMENT ON COLUMN notification.registration IS 'token to send to; NULL: by SMS to the line''s number, or to the web hook';
COMMENT ON COLUMN notification.channel IS 'that of the registration; 5 SMS; 6 web hook';
COMMENT ON COLUMN notification.hook IS 'for the web hook';
COMMENT ON COLUMN notification.apps IS 'AppIDs that changed';
COMMENT ON COLUMN notification.reason IS 'what changed, for the operator: subscriber, line_service, plan, brand, notice, policy, device, operator ...';
COMMENT ON COLUMN notification.serial IS 'grows when a further change joins: what was sent meanwhile does not count for it';
COMMENT ON COLUMN notification.attempts IS 'sends begun';
COMMENT ON COLUMN notification.created_at IS 'first change in this row';
COMMENT ON COLUMN notification.not_before IS 'when it is due';
COMMENT ON COLUMN notification.expires_at IS 'given up from then on';
COMMENT ON COLUMN notification.leased_until IS 'a node is sending it; after this time another one may';

CREATE TABLE notify_campaign (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope      text NOT NULL CHECK (scope IN ('all', 'plan', 'brand', 'lines', 'services')),
    value      text COLLATE "C",
    changed_at timestamptz,
    apps       text[],
    reason     text NOT NULL,
    notice     bigint,
    spread_s   integer CHECK (spread_s BETWEEN 0 AND 2592000),
    starts_at  timestamptz NOT NULL DEFAULT now(),
    next_at    timestamptz NOT NULL DEFAULT now(),
    cursor     text COLLATE "C" NOT NULL DEFAULT '',
    total      bigint,
    walked     bigint NOT NULL DEFAULT 0,
    queued     bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz
);
CREATE INDEX notify_campaign_open ON notify_campaign (next_at) WHERE done_at IS NULL;
COMMENT ON TABLE notify_campaign IS 'Changes of many lines, told page by page.';
COMMENT ON COLUMN notify_campaign.id IS 'handle for cancelling';
COMMENT ON COLUMN notify_campaign.scope IS 'all; plan, brand: the lines that have it; lines, services: rows that one statement changed';
COMMENT ON COLUMN notify_campaign.value IS 'plan, brand or service';
COMMENT ON COLUMN notify_campaign.changed_at IS 'lines, services: time of the transaction, which is notify_at of the rows it changed';
COMMENT ON COLUMN notify_campaign.apps IS 'AppIDs that changed; NULL: all that a device has registered for';
COMMENT ON COLUMN notify_campaign.reason IS 'as in notification';
COMMENT ON COLUMN notify_campaign.notice IS 'service notice whose begin or end it tells';
COMMENT ON COLUMN notify_campaign.spread_s IS 'seconds over which it is to be spread; NULL: notify_control.campaign_rate';
COMMENT ON COLUMN notify_campaign.starts_at IS 'not before';
COMMENT ON COLUMN notify_campaign.next_at IS 'when the next page is due';
COMMENT ON COLUMN notify_campaign.cursor IS 'IMSI up to which it has come';
COMMENT ON COLUMN notify_campaign.total IS 'rows to walk, an estimate when they are many; NULL: not begun';
COMMENT ON COLUMN notify_campaign.walked IS 'lines looked at';
COMMENT ON COLUMN notify_campaign.queued IS 'notifications made';
COMMENT ON COLUMN notify_campaign.created_at IS 'time of the change';
COMMENT ON COLUMN notify_campaign.done_at IS 'end or cancelling; NULL: open';

-- Address expiry: each passing is told once. The mark is a change of the row, so that VERS.version grows with it.
ALTER TABLE line_service ADD COLUMN addr_expiry_told timestamptz;
COMMENT ON COLUMN line_service.addr_expiry_told IS 'addr_expiry whose passing was told to the devices';
UPDATE line_service SET addr_expiry_told = addr_expiry WHERE addr_expiry <= now();
CREATE INDEX line_service_expiring ON line_service (addr_expiry)
    WHERE addr_expiry IS NOT NULL AND addr_expiry_told IS DISTINCT FROM addr_expiry;

-- When what documents show of the row changed last: campaigns find their lines by it, whatever else is written meanwhile.
ALTER TABLE subscriber ADD COLUMN notify_at timestamptz;
COMMENT ON COLUMN subscriber.notify_at IS 'last change of plan, state or brand: how a campaign finds its lines';
ALTER TABLE line_service ADD COLUMN notify_at timestamptz DEFAULT now();
COMMENT ON COLUMN line_service.notify_at IS 'last change that devices are told of: how a campaign finds its lines';

-- Registration --------------------------------------------------------------------------------------------------

CREATE FUNCTION words_union(a text[], b text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT ARRAY(SELECT DISTINCT w FROM unnest(a || b) w ORDER BY w) $$;

-- 0: registered; 2: the token belongs to another device or subscription (TS.43 Table 12). A SIM that was moved: the same
-- device gives the same token for another subscription; it is told 2 once, and the former binding ends, unless that is so
-- fresh that both cards seem to be in use.
CREATE FUNCTION push_register(p_imsi text, p_terminal text, p_name text, p_channel smallint, p_token text, p_digest bytea,
                              p_apps text[]) RETURNS smallint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(p_digest, 'hex'), 4301));
    IF EXISTS (SELECT FROM push_registration r WHERE r.token_digest = p_digest
                      AND (r.imsi <> p_imsi OR r.terminal_id <> p_terminal)) THEN
        DELETE FROM push_registration r WHERE r.token_digest = p_digest AND r.terminal_id = p_terminal AND r.imsi <> p_imsi
               AND r.registered_at < now() - interval '1 hour';
        RETURN 2;
    END IF;
    DELETE FROM push_registration r WHERE r.imsi = p_imsi AND r.terminal_id = p_terminal AND r.app_name = p_name
           AND r.token_digest <> p_digest AND r.apps <@ p_apps;
    UPDATE push_registration r SET apps = ARRAY(SELECT a FROM unnest(r.apps) a WHERE a <> ALL (p_apps))
        WHERE r.imsi = p_imsi AND r.terminal_id = p_terminal AND r.app_name = p_name
              AND r.token_digest <> p_digest AND r.apps && p_apps;
    INSERT INTO push_registration AS r (imsi, terminal_id, app_name, channel, token, token_digest, apps)
    VALUES (p_imsi, p_terminal, p_name, p_channel, p_token, p_digest, words_union(p_apps, '{}'))
    ON CONFLICT (imsi, terminal_id, app_name, token_digest) DO UPDATE SET
        apps = words_union(r.apps, excluded.apps), channel = excluded.channel, registered_at = now(), failures = 0;
    -- Bounded per line, whatever terminal identities a client invents.
    DELETE FROM push_registration r WHERE r.id IN (
        SELECT o.id FROM push_registration o WHERE o.imsi = p_imsi ORDER BY o.registered_at DESC, o.id DESC OFFSET 32);
    RETURN 0;
END $$;

-- Outbox --------------------------------------------------------------------------------------------------------

CREATE FUNCTION notify_apps(p_service text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_service WHEN 'volte' THEN '{ap2003}'::text[] WHEN 'vonr' THEN '{ap2003}' WHEN 'vowifi' THEN '{ap2004}'
                          WHEN 'smsoip' THEN '{ap2005}' ELSE '{}' END $$;

-- One line's rows by SMS.
CREATE FUNCTION notify_by_sms(p_imsis text[], p_apps text[], p_reason text, p_delay_s double precision, p_unregistered boolean)
    RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    INSERT INTO notification AS n (imsi, channel, apps, reason, not_before, expires_at)
    SELECT s.imsi, 5, p_apps, p_reason, now() + make_interval(secs => random() * p_delay_s),
           now() + make_interval(secs => c.ttl_s + p_delay_s)
    FROM notify_control c, (SELECT DISTINCT i FROM unnest(p_imsis) i) w JOIN subscriber s ON s.imsi = w.i
    WHERE s.msisdn IS NOT NULL
          AND NOT (p_unregistered AND EXISTS (SELECT FROM push_registration r WHERE r.imsi = s.imsi))
    ORDER BY s.imsi
    ON CONFLICT (imsi, registration, hook) DO UPDATE SET
        apps = words_union(n.apps, excluded.apps), reason = excluded.reason, serial = n.serial + 1,
        not_before = CASE WHEN n.attempts > 0 THEN n.not_before ELSE least(n.not_before, excluded.not_before) END,
        expires_at = excluded.expires_at;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- Lines whose applications changed (NULL: all): a row for each token that is registered for one of them, spread over the
-- delay. A row that waits after a failed attempt keeps its time. Returns how many rows wait because of it.
CREATE FUNCTION notify_enqueue(p_imsis text[], p_apps text[], p_reason text, p_delay_s double precision DEFAULT 0)
    RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    c notify_control;
    ims constant text[] := '{ap2003,ap2004,ap2005}';
    wanted text[] := p_apps;
    pushed integer := 0;
    hooked integer := 0;
BEGIN
    SELECT * INTO c FROM notify_control;
    IF NOT c.enabled OR coalesce(cardinality(p_imsis), 0) = 0 OR cardinality(p_apps) = 0 THEN
        RETURN 0;
    END IF;
    IF c.with_vowifi AND p_apps && ims THEN
        wanted := words_union(p_apps, '{ap2004}');
    END IF;
    IF p_apps && c.hook_apps THEN -- named changes only: what concerns all is not for one partner
        INSERT INTO notification AS n (imsi, channel, apps, reason, not_before, expires_at)
        SELECT s.imsi, 6, ARRAY(SELECT a FROM unnest(p_apps) a WHERE a = ANY (c.hook_apps) ORDER BY a), p_reason, now(),
               now() + make_interval(secs => c.ttl_s)
        FROM (SELECT DISTINCT i FROM unnest(p_imsis) i) w JOIN subscriber s ON s.imsi = w.i
        ORDER BY s.imsi
        ON CONFLICT (imsi, registration, hook) DO UPDATE SET
            apps = words_union(n.apps, excluded.apps), reason = excluded.reason, serial = n.serial + 1,
            expires_at = excluded.expires_at;
        GET DIAGNOSTICS hooked = ROW_COUNT;
    END IF;
    IF c.sms = 'instead' THEN
        RETURN hooked + notify_by_sms(p_imsis, coalesce(wanted, ims), p_reason, p_delay_s, false);
    END IF;
    INSERT INTO notification AS n (imsi, registration, channel, apps, reason, not_before, expires_at)
    SELECT r.imsi, r.id, r.channel, m.apps, p_reason, now() + make_interval(secs => random() * p_delay_s),
           now() + make_interval(secs => c.ttl_s + p_delay_s)
    FROM (SELECT DISTINCT i FROM unnest(p_imsis) i) w JOIN push_registration r ON r.imsi = w.i
    CROSS JOIN LATERAL (SELECT array_agg(a ORDER BY a) AS apps FROM unnest(r.apps) a
                        WHERE wanted IS NULL OR a = ANY (wanted)) m
    WHERE m.apps IS NOT NULL
    ORDER BY r.imsi, r.id
    FOR KEY SHARE OF r -- one that is replaced right now is not told, instead of failing the change
    ON CONFLICT (imsi, registration, hook) DO UPDATE SET
        apps = words_union(n.apps, excluded.apps), reason = excluded.reason, serial = n.serial + 1,
        channel = excluded.channel,
        not_before = CASE WHEN n.attempts > 0 THEN n.not_before ELSE least(n.not_before, excluded.not_before) END,
        expires_at = excluded.expires_at;
    GET DIAGNOSTICS pushed = ROW_COUNT;
    IF c.sms = 'unregistered' THEN
        pushed := pushed + notify_by_sms(p_imsis, coalesce(wanted, ims), p_reason, p_delay_s, true);
    END IF;
    RETURN hooked + pushed;
END $$;

-- What a node found out about a row that it had leased. p_class: 0 sent, 1 token dead (since p_dead_since, Unix seconds,
-- 0: any time), 2 later, 3 channel stopped, 4 cannot be sent. p_sms: what push could not do goes by SMS.
CREATE FUNCTION notify_finish(p_id bigint, p_serial bigint, p_class integer, p_delay_s double precision, p_dead_since bigint,
                              p_sms boolean) RETURNS text LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
    n notification;
    gone boolean := true;
BEGIN
    -- Registration first, as everybody else does.
    SELECT * INTO n FROM notification WHERE id = p_id;
    IF p_class = 1 THEN
        PERFORM FROM push_registration WHERE id = n.registration FOR UPDATE;
    ELSE
        PERFORM FROM push_registration WHERE id = n.registration FOR NO KEY UPDATE;
    END IF;
    SELECT * INTO n FROM notification WHERE id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    IF p_class = 0 THEN
        UPDATE push_registration SET last_success_at = now(), failures = 0 WHERE id = n.registration;
        IF n.serial = p_serial THEN
            DELETE FROM notification WHERE id = p_id;
            RETURN 'sent';
        END IF;
        UPDATE notification SET leased_until = NULL, attempts = 0, not_before = now() WHERE id = p_id;
        RETURN 'again';
    ELSIF p_class = 3 THEN
        UPDATE notification SET leased_until = NULL, attempts = greatest(attempts - 1, 0) WHERE id = p_id;
        RETURN 'held';
    END IF;
    UPDATE push_registration SET failures = failures + 1 WHERE id = n.registration;
    IF p_class = 1 AND n.registration IS NOT NULL THEN
        DELETE FROM push_registration WHERE id = n.registration
               AND (p_dead_since = 0 OR registered_at < to_timestamp(p_dead_since));
        gone := FOUND;
    END IF;
    IF ((p_class = 2 AND NOT (p_sms AND n.registration IS NOT NULL)) OR (p_class = 1 AND NOT gone))
       AND now() + make_interval(secs => p_delay_s) < n.expires_at THEN
        UPDATE notification SET leased_until = NULL, not_before = now() + make_interval(secs => p_delay_s) WHERE id = p_id;
        RETURN 'later';
    END IF;
    DELETE FROM notification WHERE id = p_id;
    IF p_sms AND n.registration IS NOT NULL AND notify_by_sms(ARRAY[n.imsi], n.apps, n.reason, 0, false) > 0 THEN
        RETURN 'sms';
    END IF;
    RETURN CASE p_class WHEN 1 THEN 'dead' WHEN 2 THEN 'expired' ELSE 'dropped' END;
END $$;

-- Campaigns -----------------------------------------------------------------------------------------------------

-- NULL: notifications are switched off. An open campaign for the same begins anew instead of a second one.
CREATE FUNCTION notify_campaign_add(p_scope text, p_value text, p_changed_at timestamptz, p_apps text[], p_reason text,
                                    p_notice bigint, p_spread_s integer, p_starts_at timestamptz)
    RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found_id bigint;
BEGIN
    IF NOT (SELECT enabled FROM notify_control) THEN
        RETURN NULL;
    END IF;
    UPDATE notify_campaign k SET cursor = '', total = NULL, walked = 0,
           starts_at = greatest(k.starts_at, p_starts_at), next_at = greatest(k.starts_at, p_starts_at)
    WHERE k.done_at IS NULL AND p_notice IS NULL AND k.notice IS NULL AND p_scope IN ('all', 'plan', 'brand')
          AND (k.scope, k.value, k.apps, k.reason, k.spread_s)
              IS NOT DISTINCT FROM (p_scope, p_value COLLATE "C", p_apps, p_reason, p_spread_s)
    RETURNING k.id INTO found_id;
    IF found_id IS NOT NULL THEN
        RETURN found_id;
    END IF;
    -- Several statements of one transaction: it has not begun, and finds the rows of all of them.
    SELECT k.id INTO found_id FROM notify_campaign k
    WHERE k.done_at IS NULL AND p_scope IN ('lines', 'services') AND k.changed_at = p_changed_at
          AND k.total IS NULL
          AND (k.scope, k.value, k.apps, k.reason) IS NOT DISTINCT FROM (p_scope, p_value COLLATE "C", p_apps, p_reason);
    IF found_id IS NOT NULL THEN
        RETURN found_id;
    END IF;
    DELETE FROM notify_campaign WHERE done_at < now() - interval '30 days';
    INSERT INTO notify_campaign (scope, value, changed_at, apps, reason, notice, spread_s, starts_at, next_at)
    VALUES (p_scope, p_value, p_changed_at, p_apps, p_reason, p_notice, p_spread_s, p_starts_at, p_starts_at)
    RETURNING id INTO found_id;
    RETURN found_id;
END $$;

CREATE FUNCTION notify_campaign_size(p_lines boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    SELECT reltuples::bigint INTO n FROM pg_class
        WHERE oid = CASE WHEN p_lines THEN 'subscriber'::regclass ELSE 'push_registration'::regclass END;
    IF n >= 100000 THEN
        RETURN n; -- an estimate is good enough, and a count would take long
    END IF;
    IF p_lines THEN
        SELECT count(*) INTO n FROM subscriber;
    ELSE
        SELECT count(DISTINCT imsi) INTO n FROM push_registration;
    END IF;
    RETURN n;
END $$;

-- One page of the campaign that is due. Returns the rows it put into the outbox, -1: no campaign is due.
CREATE FUNCTION notify_campaign_step(p_page integer) RETURNS integer LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    c notify_control;
    k notify_campaign;
    by_lines boolean;
    page integer := p_page;
    rate double precision;
    walk text[];
    chosen text[];
    put integer;
    pace double precision;
BEGIN
    SELECT * INTO k FROM notify_campaign WHERE done_at IS NULL AND next_at <= now() ORDER BY next_at LIMIT 1
        FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;
    SELECT * INTO c FROM notify_control;
    by_lines := c.sms IN ('unregistered', 'instead') OR coalesce(k.apps && c.hook_apps, false);
    k.total := coalesce(k.total, notify_campaign_size(by_lines));
    rate := c.campaign_rate;
    IF k.spread_s > 0 THEN
        rate := greatest(k.total, 1)::double precision / k.spread_s;
        page := greatest(1, least(p_page, ceil(rate)::integer));
    END IF;
    IF by_lines THEN
        SELECT array_agg(i ORDER BY i) INTO walk FROM
            (SELECT s.imsi AS i FROM subscriber s WHERE s.imsi > k.cursor ORDER BY s.imsi LIMIT page) w;
    ELSE
        SELECT array_agg(i ORDER BY i) INTO walk FROM
            (SELECT DISTINCT r.imsi AS i FROM push_registration r WHERE r.imsi > k.cursor ORDER BY r.imsi LIMIT page) w;
    END IF;
    SELECT array_agg(s.imsi) INTO chosen FROM unnest(walk) w JOIN subscriber s ON s.imsi = w JOIN plan p ON p.plan = s.plan
    WHERE CASE k.scope
          WHEN 'all' THEN true
          WHEN 'plan' THEN s.plan = k.value
          WHEN 'brand' THEN coalesce(s.brand, p.brand) = k.value
          WHEN 'lines' THEN s.notify_at = k.changed_at
          ELSE EXISTS (SELECT FROM line_service l WHERE l.imsi = s.imsi AND l.service = k.value AND l.notify_at = k.changed_at)
          END;
    -- By spread the whole walk has its time, else each notification has its share of a second.
    pace := CASE WHEN k.spread_s IS NULL THEN coalesce(cardinality(chosen), 0) WHEN k.spread_s > 0 THEN coalesce(cardinality(walk), 0)
                 ELSE 0 END / rate;
    BEGIN
        put := notify_enqueue(chosen, k.apps, k.reason, pace);
    EXCEPTION WHEN lock_not_available THEN -- somebody's open transaction holds a line of this page
        UPDATE notify_campaign SET next_at = now() + interval '2 seconds', total = k.total WHERE id = k.id;
        RETURN 0;
    END;
    UPDATE notify_campaign SET
        cursor = coalesce(walk[cardinality(walk)], k.cursor), total = k.total, queued = k.queued + put,
        walked = k.walked + coalesce(cardinality(walk), 0),
        next_at = greatest(k.next_at, now() - interval '10 seconds') + make_interval(secs => pace),
        done_at = CASE WHEN coalesce(cardinality(walk), 0) < page THEN now() END
    WHERE id = k.id;
    RETURN put;
END $$;

-- Addresses that have expired; what is told is the change of the row (notify_line_service).
CREATE FUNCTION notify_addresses(p_most integer) RETURNS integer LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    n integer;
BEGIN
    UPDATE line_service l SET addr_expiry_told = l.addr_expiry
    FROM (SELECT e.imsi, e.service FROM line_service e
          WHERE e.addr_expiry <= now() - interval '1 second' AND e.addr_expiry IS NOT NULL
                AND e.addr_expiry_told IS DISTINCT FROM e.addr_expiry
          ORDER BY e.addr_expiry LIMIT p_most FOR UPDATE SKIP LOCKED) d
    WHERE l.imsi = d.imsi AND l.service = d.service;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- Triggers ------------------------------------------------------------------------------------------------------
-- Statement level with transition tables, so that a mass change is seen as one. The nodes' sessions plan without hash
-- joins; here they are wanted, and no others: the plan is kept with the number of rows that the session's first statement
-- had, and a loop over two tables of many rows never ends. Look-ups by key are sub-queries, which are no joins.

CREATE FUNCTION notify_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.notify_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER notify_mark BEFORE UPDATE ON subscriber FOR EACH ROW
    WHEN ((OLD.plan, OLD.line_state, OLD.brand) IS DISTINCT FROM (NEW.plan, NEW.line_state, NEW.brand))
    EXECUTE FUNCTION notify_mark();

CREATE FUNCTION notify_subscriber() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
DECLARE
    c notify_control;
    imsis text[];
BEGIN
    SELECT * INTO c FROM notify_control;
    IF NOT c.enabled THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(n.imsi) INTO imsis FROM
        (SELECT n.imsi FROM new_rows n JOIN old_rows o ON o.imsi = n.imsi
         WHERE (n.plan, n.line_state, n.brand) IS DISTINCT FROM (o.plan, o.line_state, o.brand) LIMIT c.bulk_rows + 1) n;
    IF cardinality(imsis) > c.bulk_rows THEN
        PERFORM notify_campaign_add('lines', NULL, now(), NULL, 'subscriber', NULL, NULL, now());
    ELSIF cardinality(imsis) > 0 THEN
        PERFORM notify_enqueue(imsis, NULL, 'subscriber');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_subscriber AFTER UPDATE ON subscriber REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_subscriber();

-- What documents show of a line's service. In progress and not provisioned are the same to a device, so the order that an
-- answer itself wrote calls nobody; a row that says nothing is as none.
CREATE FUNCTION notify_line_key(p_service text, l line_service) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|', coalesce(l.tc_status, 0), coalesce(l.tc_version, 0), coalesce(l.addr_status, 0),
                     extract(epoch FROM l.addr_expiry), extract(epoch FROM l.addr_expiry_told), l.addr_identifier,
                     CASE coalesce(l.prov_status, CASE p_service WHEN 'vowifi' THEN 0 ELSE 1 END) WHEN 3 THEN 0 WHEN 0 THEN 0
                          WHEN 1 THEN 1 ELSE 2 END, coalesce(l.override, 'none')) $$;

CREATE TRIGGER notify_mark BEFORE UPDATE ON line_service FOR EACH ROW
    WHEN (notify_line_key(OLD.service, OLD) <> notify_line_key(NEW.service, NEW)) EXECUTE FUNCTION notify_mark();

CREATE FUNCTION notify_line_services(p_changed line_service[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c notify_control;
    s text;
    imsis text[];
BEGIN
    SELECT * INTO c FROM notify_control;
    FOR s, imsis IN SELECT l.service, array_agg(l.imsi) FROM unnest(p_changed) l GROUP BY l.service ORDER BY l.service LOOP
        PERFORM notify_enqueue(imsis, notify_apps(s), 'line_service');
    END LOOP;
END $$;

CREATE FUNCTION notify_line_service() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
DECLARE
    c notify_control;
    changed line_service[];
    s text;
BEGIN
    SELECT * INTO c FROM notify_control;
    IF NOT c.enabled THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(x.l) INTO changed FROM
            (SELECT n AS l FROM new_rows n JOIN old_rows o ON o.imsi = n.imsi AND o.service = n.service
             WHERE notify_line_key(n.service, n) <> notify_line_key(o.service, o) LIMIT c.bulk_rows + 1) x;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(x.l) INTO changed FROM
            (SELECT n AS l FROM new_rows n WHERE notify_line_key(n.service, n) <> notify_line_key(n.service, NULL)
             LIMIT c.bulk_rows + 1) x;
    ELSE
        SELECT array_agg(x.l) INTO changed FROM
            (SELECT o AS l FROM old_rows o
             WHERE (SELECT s.imsi FROM subscriber s WHERE s.imsi = o.imsi) IS NOT NULL -- else the whole line is deleted
                   AND notify_line_key(o.service, o) <> notify_line_key(o.service, NULL) LIMIT c.bulk_rows + 1) x;
    END IF;
    IF coalesce(cardinality(changed), 0) <= c.bulk_rows THEN
        PERFORM notify_line_services(changed);
        RETURN NULL;
    END IF;
    -- Rows that are gone can no longer be told by their time: then everybody is asked.
    IF TG_OP = 'DELETE' THEN
        FOR s IN SELECT DISTINCT service FROM old_rows LOOP
            PERFORM notify_campaign_add('all', NULL, NULL, notify_apps(s), 'line_service', NULL, NULL, now());
        END LOOP;
    ELSE
        FOR s IN SELECT DISTINCT service FROM new_rows LOOP
            PERFORM notify_campaign_add('services', s, now(), notify_apps(s), 'line_service', NULL, NULL, now());
        END LOOP;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_line_service_new AFTER INSERT ON line_service REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_line_service();
CREATE TRIGGER notify_line_service_set AFTER UPDATE ON line_service REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_line_service();
CREATE TRIGGER notify_line_service_gone AFTER DELETE ON line_service REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_line_service();

-- Feature words tell the application; a word that is not known here concerns all.
CREATE FUNCTION notify_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c notify_control;
    apps text[];
    imsis text[];
BEGIN
    SELECT * INTO c FROM notify_control;
    IF NOT c.enabled THEN
        RETURN NULL;
    END IF;
    IF NEW.brand IS NOT DISTINCT FROM OLD.brand THEN
        SELECT CASE WHEN bool_or(a IS NULL) THEN NULL ELSE array_agg(DISTINCT a ORDER BY a) END INTO apps FROM
            (SELECT CASE WHEN w ~ '^(volte|vonr|eps-fallback)' THEN 'ap2003' WHEN w ~ '^vowifi' THEN 'ap2004'
                         WHEN w ~ '^smsoip' THEN 'ap2005' END AS a
             FROM ((SELECT unnest(OLD.features) EXCEPT SELECT unnest(NEW.features)) UNION
                   (SELECT unnest(NEW.features) EXCEPT SELECT unnest(OLD.features))) d(w)) x;
        IF NOT EXISTS (SELECT unnest(OLD.features) EXCEPT SELECT unnest(NEW.features))
           AND NOT EXISTS (SELECT unnest(NEW.features) EXCEPT SELECT unnest(OLD.features)) THEN
            RETURN NULL; -- only the order or a repetition changed
        END IF;
    END IF;
    SELECT array_agg(s.imsi) INTO imsis FROM
        (SELECT imsi FROM subscriber WHERE subscriber.plan = NEW.plan LIMIT c.bulk_rows + 1) s;
    IF cardinality(imsis) > c.bulk_rows THEN
        PERFORM notify_campaign_add('plan', NEW.plan, NULL, apps, 'plan', NULL, NULL, now());
    ELSE
        PERFORM notify_enqueue(imsis, apps, 'plan');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_plan AFTER UPDATE ON plan FOR EACH ROW
    WHEN (OLD.features IS DISTINCT FROM NEW.features OR OLD.brand IS DISTINCT FROM NEW.brand) EXECUTE FUNCTION notify_plan();

CREATE FUNCTION notify_brand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_campaign_add('brand', NEW.brand, NULL, NULL, 'brand', NULL, NULL, now());
    RETURN NULL;
END $$;
CREATE TRIGGER notify_brand AFTER UPDATE ON brand FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION notify_brand();

-- A notice is told when it begins and when it ends, also when it ends because it is removed.
CREATE FUNCTION notify_notice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    n service_notice;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE notify_campaign SET done_at = now() WHERE notice = OLD.id AND done_at IS NULL;
        IF OLD.starts_at <= now() AND OLD.ends_at > now() THEN
            PERFORM notify_campaign_add(CASE WHEN OLD.brand IS NULL THEN 'all' ELSE 'brand' END, OLD.brand, NULL,
                                        notify_apps(OLD.service), 'notice', OLD.id, NULL, now());
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN NULL;
        END IF;
    END IF;
    n := NEW;
    IF n.ends_at > now() THEN
        PERFORM notify_campaign_add(CASE WHEN n.brand IS NULL THEN 'all' ELSE 'brand' END, n.brand, NULL,
                                    notify_apps(n.service), 'notice', n.id, NULL, greatest(n.starts_at, now()));
        PERFORM notify_campaign_add(CASE WHEN n.brand IS NULL THEN 'all' ELSE 'brand' END, n.brand, NULL,
                                    notify_apps(n.service), 'notice', n.id, NULL, n.ends_at + interval '1 second');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_notice AFTER INSERT OR UPDATE OR DELETE ON service_notice FOR EACH ROW EXECUTE FUNCTION notify_notice();

-- Lists of devices come by the thousand: told at the pace of campaigns.
CREATE FUNCTION notify_device() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
DECLARE
    c notify_control;
    devices text[];
    imsis text[];
BEGIN
    SELECT * INTO c FROM notify_control;
    IF NOT c.enabled THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(n.terminal_id) INTO devices FROM new_rows n JOIN old_rows o ON o.terminal_id = n.terminal_id
            WHERE n.state <> o.state;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(terminal_id) INTO devices FROM new_rows;
    ELSE
        SELECT array_agg(terminal_id) INTO devices FROM old_rows;
    END IF;
    SELECT array_agg(DISTINCT r.imsi) INTO imsis FROM unnest(devices) d
        CROSS JOIN LATERAL (SELECT q.imsi FROM push_registration q WHERE q.terminal_id = d OFFSET 0) r;
    PERFORM notify_enqueue(imsis, NULL, 'device', CASE WHEN cardinality(imsis) > c.bulk_rows
                                                       THEN cardinality(imsis)::double precision / c.campaign_rate ELSE 0 END);
    RETURN NULL;
END $$;
CREATE TRIGGER notify_device_new AFTER INSERT ON device_identity REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_device();
CREATE TRIGGER notify_device_set AFTER UPDATE ON device_identity REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_device();
CREATE TRIGGER notify_device_gone AFTER DELETE ON device_identity REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_device();

-- The first policy that a database hears of changes nothing for anybody.
CREATE FUNCTION notify_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT on_policy FROM notify_control) THEN
        PERFORM notify_campaign_add('all', NULL, NULL, NULL, 'policy', NULL, NULL,
                                    now() + make_interval(secs => (SELECT policy_delay_s FROM notify_control)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_policy AFTER UPDATE ON content_base FOR EACH ROW
    WHEN (OLD.policy_checksum <> '' AND OLD.policy_checksum <> NEW.policy_checksum) EXECUTE FUNCTION notify_policy();
