-- SPDX-License-Identifier: Apache-2.0
-- eSIM profiles and the procedures (journeys) that make, move and end them (TS.43 6 to 8, 10).
--   journey        one procedure: kind, state, data; who works on it holds a lease
--   journey_step   what happened to it
--   profile        one eSIM of a line or an enterprise
-- A change of a journey is one call of journey_move: row, profiles, notification, timeline, card of the line, or nothing.
-- Rows come in as text[], in the order of the columns that src/store/store_odsa.c lists.

CREATE TABLE enterprise (
    enterprise_id text COLLATE "C" PRIMARY KEY CHECK (enterprise_id ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    name          text NOT NULL DEFAULT '',
    state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
    max_devices   integer CHECK (max_devices >= 0),
    brand         text COLLATE "C" REFERENCES brand,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX enterprise_brand ON enterprise (brand) WHERE brand IS NOT NULL;
COMMENT ON TABLE enterprise IS 'A customer whose server orders eSIMs for its devices (TS.43 10, ap2011).';
COMMENT ON COLUMN enterprise.enterprise_id IS 'TS.43 enterprise_id in lower case';
COMMENT ON COLUMN enterprise.name IS 'name for people';
COMMENT ON COLUMN enterprise.state IS 'active; suspended: nothing new for it';
COMMENT ON COLUMN enterprise.max_devices IS 'most profiles in service at a time; NULL: no limit';
COMMENT ON COLUMN enterprise.brand IS 'brand that sells to it, NULL: none';
COMMENT ON COLUMN enterprise.created_at IS 'time of the row';
COMMENT ON COLUMN enterprise.updated_at IS 'last change of the row';

CREATE TABLE line_relation (
    imsi       text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    other_imsi text COLLATE "C" NOT NULL CHECK (other_imsi ~ '^[0-9]{6,15}$' AND other_imsi <> imsi),
    role       text COLLATE "C" NOT NULL DEFAULT 'family' CHECK (role IN ('family')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (imsi, role, other_imsi)
);
CREATE INDEX line_relation_other ON line_relation (other_imsi);
COMMENT ON TABLE line_relation IS 'Lines that may get something on behalf of another one.';
COMMENT ON COLUMN line_relation.imsi IS 'line that asks';
COMMENT ON COLUMN line_relation.other_imsi IS 'line whose number a companion of the first may carry; it need not be in the table of subscribers';
COMMENT ON COLUMN line_relation.role IS 'family: FamilyNumber';
COMMENT ON COLUMN line_relation.created_at IS 'time of the row';

-- What of its target a journey occupies while it is open: a device gets one profile at a time, but removed ones are brought
-- back side by side, and what concerns one profile disturbs no other.
CREATE FUNCTION journey_slot(p_kind text, p_iccid text, p_old_iccid text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_kind IN ('switch', 'end', 'waiting') THEN p_kind || ' ' || coalesce(p_iccid, '')
                WHEN p_kind = 'recovery' THEN p_kind || ' ' || coalesce(p_old_iccid, '')
                WHEN p_kind = 'manage' THEN p_kind
                ELSE 'new' END $$;

CREATE TABLE journey (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version        bigint NOT NULL DEFAULT 1,
    kind           text COLLATE "C" NOT NULL CHECK (kind IN ('companion', 'primary', 'enterprise', 'waiting', 'transfer', 'move',
                                                             'recovery', 'end', 'switch', 'manage')),
    state          text COLLATE "C" NOT NULL CHECK (state ~ '^[a-z][a-z-]{0,30}$'),
    key            uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    imsi           text COLLATE "C" REFERENCES subscriber ON DELETE CASCADE,
    enterprise     text COLLATE "C" REFERENCES enterprise ON DELETE CASCADE,
    requestor      text COLLATE "C",
    app            integer NOT NULL CHECK (app IN (2006, 2009, 2011)),
    operation_type smallint NOT NULL,
    terminal_id    text COLLATE "C" CHECK (terminal_id = lower(terminal_id) AND length(terminal_id) <= 63),
    target_id      text COLLATE "C" CHECK (target_id = lower(target_id) AND length(target_id) <= 63),
    eid            text COLLATE "C" CHECK (eid ~ '^[0-9]{32}$'),
    old_id         text COLLATE "C" CHECK (old_id = lower(old_id) AND length(old_id) <= 63),
    old_iccid      text COLLATE "C" CHECK (old_iccid ~ '^[0-9]{18,22}$'),
    iccid          text COLLATE "C" CHECK (iccid ~ '^[0-9]{18,22}$'),
    slot           text COLLATE "C" NOT NULL GENERATED ALWAYS AS (journey_slot(kind, iccid, old_iccid)) STORED,
    service        text,
    plan           text,
    profile_type   text,
    name           text,
    vendor         text,
    model          text,
    sw_version     text,
    smdp           text COLLATE "C",
    address        text COLLATE "C",
    code           bytea CHECK (octet_length(code) <= 4096),
    matching_id    bytea CHECK (octet_length(matching_id) <= 4096),
    bss_reference  text COLLATE "C" CHECK (length(bss_reference) <= 256),
    line_imsi      text COLLATE "C" CHECK (line_imsi ~ '^[0-9]{6,15}$'),
    msisdn         text COLLATE "C" CHECK (msisdn ~ '^[0-9]{5,15}$'),
    reason         text NOT NULL DEFAULT '',
    profile        bigint,
    old_profile    bigint,
    flags          integer NOT NULL DEFAULT 0 CHECK (flags >= 0),
    polls          integer NOT NULL DEFAULT 0 CHECK (polls >= 0),
    attempts       integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    calls          integer NOT NULL DEFAULT 0 CHECK (calls >= 0),
    steps          integer NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL DEFAULT now(),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    due_at         timestamptz,
    deadline_at    timestamptz,
    ended_at       timestamptz,
    leased_until   timestamptz,
    CHECK (num_nonnulls(imsi, enterprise) = 1)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- Indexes of all open ones, or all ended ones, say "id > 0": who means a few rows and not everybody's does not say it, and
-- is found by imsi, id or iccid even when the plan was made while the table was empty.
CREATE UNIQUE INDEX journey_open ON journey (imsi, enterprise, app, target_id, slot) NULLS NOT DISTINCT
    WHERE ended_at IS NULL AND id > 0;
CREATE UNIQUE INDEX journey_open_old ON journey (old_iccid)
    WHERE ended_at IS NULL AND old_iccid IS NOT NULL AND kind IN ('transfer', 'move', 'recovery');
CREATE INDEX journey_due ON journey (least(due_at, deadline_at)) WHERE ended_at IS NULL AND id > 0;
CREATE INDEX journey_imsi ON journey (imsi, app, ended_at) WHERE imsi IS NOT NULL;
CREATE INDEX journey_enterprise ON journey (enterprise, app, target_id, ended_at) WHERE enterprise IS NOT NULL;
CREATE INDEX journey_iccid ON journey (iccid) WHERE iccid IS NOT NULL;
CREATE INDEX journey_old_iccid ON journey (old_iccid) WHERE old_iccid IS NOT NULL;
CREATE INDEX journey_eid ON journey (eid) WHERE eid IS NOT NULL;
CREATE INDEX journey_reference ON journey (bss_reference) WHERE bss_reference IS NOT NULL;
CREATE INDEX journey_ended ON journey (ended_at) WHERE ended_at IS NOT NULL AND id > 0;
COMMENT ON TABLE journey IS 'Procedures of on-device service activation, open and ended ones. Logged: what was ordered must not be ordered again after a crash.';
COMMENT ON COLUMN journey.id IS 'handle';
COMMENT ON COLUMN journey.version IS 'grows with every change and every lease, so that the slower of two writers notices; polls do not count';
COMMENT ON COLUMN journey.kind IS 'which state table it follows';
COMMENT ON COLUMN journey.state IS 'of that table';
COMMENT ON COLUMN journey.key IS 'calls to SM-DP+ and BSS are named after it';
COMMENT ON COLUMN journey.imsi IS 'subscription by whose credential it was asked for; NULL: an enterprise''s';
COMMENT ON COLUMN journey.enterprise IS 'enterprise that asked for it; NULL: a subscriber''s';
COMMENT ON COLUMN journey.requestor IS 'requestor_id of the server that asked';
COMMENT ON COLUMN journey.app IS 'number of the application: 2006, 2009, 2011';
COMMENT ON COLUMN journey.operation_type IS 'TS.43 operation_type that began it';
COMMENT ON COLUMN journey.terminal_id IS 'device that asked first, lower case';
COMMENT ON COLUMN journey.target_id IS 'device that gets the profile, lower case';
COMMENT ON COLUMN journey.eid IS 'eUICC of that device';
COMMENT ON COLUMN journey.old_id IS 'device that gives the subscription away, lower case';
COMMENT ON COLUMN journey.old_iccid IS 'profile that is moved or brought back';
COMMENT ON COLUMN journey.iccid IS 'new profile, as soon as it is known; switch, end, waiting: the one meant';
COMMENT ON COLUMN journey.slot IS 'what of the target it occupies while it is open';
COMMENT ON COLUMN journey.service IS 'SharedNumber, DiffNumber, FamilyNumber';
COMMENT ON COLUMN journey.plan IS 'plan_id, or the plan that was chosen on the portal';
COMMENT ON COLUMN journey.profile_type IS 'profile type ordered at the SM-DP+';
COMMENT ON COLUMN journey.name IS 'friendly name of the companion';
COMMENT ON COLUMN journey.vendor IS 'maker of the companion';
COMMENT ON COLUMN journey.model IS 'model of the companion';
COMMENT ON COLUMN journey.sw_version IS 'software of the companion';
COMMENT ON COLUMN journey.smdp IS 'source of the profile: name in the configuration';
COMMENT ON COLUMN journey.address IS 'SM-DP+ to download from';
COMMENT ON COLUMN journey.code IS 'activation code, sealed by a key outside the database';
COMMENT ON COLUMN journey.matching_id IS 'matching id until the code is made, sealed likewise';
COMMENT ON COLUMN journey.bss_reference IS 'number of the order at the BSS';
COMMENT ON COLUMN journey.line_imsi IS 'IMSI of the new profile, when it is told';
COMMENT ON COLUMN journey.msisdn IS 'number of the new profile, when it is told';
COMMENT ON COLUMN journey.reason IS 'why it stands or has ended so, for care; no identifiers';
COMMENT ON COLUMN journey.profile IS 'row of profile that it made or is about; may be gone';
COMMENT ON COLUMN journey.old_profile IS 'row of profile that is moved or brought back; may be gone';
COMMENT ON COLUMN journey.flags IS 'bits of ECS_JOURNEY_F_...';
COMMENT ON COLUMN journey.polls IS 'requests for the configuration since the last change of state';
COMMENT ON COLUMN journey.attempts IS 'of the present state''s work';
COMMENT ON COLUMN journey.calls IS 'logical calls so far: part of their names';
COMMENT ON COLUMN journey.steps IS 'rows of its timeline: past a limit only changes of state are written';
COMMENT ON COLUMN journey.created_at IS 'begin';
COMMENT ON COLUMN journey.changed_at IS 'last change';
COMMENT ON COLUMN journey.due_at IS 'when there is work; NULL: somebody outside is waited for';
COMMENT ON COLUMN journey.deadline_at IS 'when that wait is over';
COMMENT ON COLUMN journey.ended_at IS 'end; NULL: open';
COMMENT ON COLUMN journey.leased_until IS 'a node works on it; after this time another one may';

CREATE TABLE journey_step (
    journey    bigint NOT NULL REFERENCES journey ON DELETE CASCADE,
    id         bigint GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    event      text NOT NULL,
    state_from text,
    state_to   text NOT NULL,
    neighbour  text,
    call       text,
    detail     text NOT NULL DEFAULT '',
    us         bigint CHECK (us >= 0),
    PRIMARY KEY (journey, id)
);
COMMENT ON TABLE journey_step IS 'Timeline of a journey, for people. No identifiers of persons, no secrets.';
COMMENT ON COLUMN journey_step.journey IS 'journey';
COMMENT ON COLUMN journey_step.id IS 'order of entry';
COMMENT ON COLUMN journey_step.at IS 'time';
COMMENT ON COLUMN journey_step.event IS 'what happened';
COMMENT ON COLUMN journey_step.state_from IS 'state before it; NULL: it began';
COMMENT ON COLUMN journey_step.state_to IS 'state after it';
COMMENT ON COLUMN journey_step.neighbour IS 'who was called or told it; NULL: nobody';
COMMENT ON COLUMN journey_step.call IS 'name of the call';
COMMENT ON COLUMN journey_step.detail IS 'outcome in words';
COMMENT ON COLUMN journey_step.us IS 'duration of the call in microseconds; NULL: no call';

CREATE TABLE profile (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journey      bigint,
    imsi         text COLLATE "C" REFERENCES subscriber ON DELETE CASCADE,
    enterprise   text COLLATE "C" REFERENCES enterprise ON DELETE CASCADE,
    app          integer NOT NULL CHECK (app IN (2006, 2009, 2011)),
    iccid        text COLLATE "C" NOT NULL CHECK (iccid ~ '^[0-9]{18,22}$'),
    eid          text COLLATE "C" CHECK (eid ~ '^[0-9]{32}$'),
    terminal_id  text COLLATE "C" CHECK (terminal_id = lower(terminal_id) AND length(terminal_id) <= 63),
    service      text,
    plan         text,
    smdp         text COLLATE "C",
    address      text COLLATE "C",
    code         bytea CHECK (octet_length(code) <= 4096),
    name         text,
    vendor       text,
    model        text,
    sw_version   text,
    line_imsi    text COLLATE "C" CHECK (line_imsi ~ '^[0-9]{6,15}$'),
    msisdn       text COLLATE "C" CHECK (msisdn ~ '^[0-9]{5,15}$'),
    origin       text COLLATE "C" NOT NULL DEFAULT 'ecs' CHECK (origin IN ('ecs', 'bss', 'import')),
    status       smallint NOT NULL DEFAULT 2 CHECK (status BETWEEN 1 AND 4),
    secondary    boolean NOT NULL DEFAULT false,
    waiting      boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    installed_at timestamptz,
    deleted_at   timestamptz,
    ended_at     timestamptz,
    CHECK (num_nonnulls(imsi, enterprise) = 1),
    CHECK ((status = 4) = (ended_at IS NOT NULL))
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX profile_living ON profile (iccid) WHERE status <> 4;
CREATE INDEX profile_iccid ON profile (iccid);
CREATE INDEX profile_imsi ON profile (imsi, app, ended_at) WHERE imsi IS NOT NULL;
CREATE INDEX profile_enterprise ON profile (enterprise, app, terminal_id) INCLUDE (status) WHERE enterprise IS NOT NULL;
CREATE INDEX profile_eid ON profile (eid) WHERE eid IS NOT NULL;
CREATE INDEX profile_ended ON profile (ended_at) WHERE ended_at IS NOT NULL AND id > 0; -- as journey_ended
COMMENT ON TABLE profile IS 'eSIM profiles that this server knows: ordered by it, told by the BSS, imported. An ICCID may come again after its end; a living one stands once.';
COMMENT ON COLUMN profile.id IS 'handle';
COMMENT ON COLUMN profile.journey IS 'journey that made it; NULL: none; may be gone';
COMMENT ON COLUMN profile.imsi IS 'subscription that has it; NULL: an enterprise''s';
COMMENT ON COLUMN profile.enterprise IS 'enterprise that has it; NULL: a subscriber''s';
COMMENT ON COLUMN profile.app IS 'application that lists it: 2006 companion, 2009 primary, 2011 enterprise';
COMMENT ON COLUMN profile.iccid IS 'digits without filler';
COMMENT ON COLUMN profile.eid IS 'eUICC it is meant for';
COMMENT ON COLUMN profile.terminal_id IS 'device it is meant for, lower case';
COMMENT ON COLUMN profile.service IS 'SharedNumber, DiffNumber, FamilyNumber';
COMMENT ON COLUMN profile.plan IS 'plan it was sold with';
COMMENT ON COLUMN profile.smdp IS 'source: name in the configuration';
COMMENT ON COLUMN profile.address IS 'SM-DP+ to download from';
COMMENT ON COLUMN profile.code IS 'activation code, sealed by a key outside the database; NULL: nothing to download any more, or by address';
COMMENT ON COLUMN profile.name IS 'friendly name of the companion';
COMMENT ON COLUMN profile.vendor IS 'maker of the companion';
COMMENT ON COLUMN profile.model IS 'model of the companion';
COMMENT ON COLUMN profile.sw_version IS 'software of the companion';
COMMENT ON COLUMN profile.line_imsi IS 'IMSI of the profile, when it has another one than its subscription';
COMMENT ON COLUMN profile.msisdn IS 'number of the profile, when it is told';
COMMENT ON COLUMN profile.origin IS 'ecs: ordered here; bss: told by the BSS; import';
COMMENT ON COLUMN profile.status IS 'TS.43 ServiceStatus: 1 activated, 2 activating, 3 deactivated, 4 ended';
COMMENT ON COLUMN profile.secondary IS 'not the line''s first profile (SecondaryICCID)';
COMMENT ON COLUMN profile.waiting IS 'it waits at the default SM-DP+ until its user is verified (TS.43 8.12)';
COMMENT ON COLUMN profile.created_at IS 'time of the row';
COMMENT ON COLUMN profile.changed_at IS 'last change of the row';
COMMENT ON COLUMN profile.delivered_at IS 'first answer that carried the present download data';
COMMENT ON COLUMN profile.installed_at IS 'told by the device or the SM-DP+';
COMMENT ON COLUMN profile.deleted_at IS 'removed from its device, as told; it may be downloaded again';
COMMENT ON COLUMN profile.ended_at IS 'when the status became 4';

-- Whose is an ICCID that a device names?
CREATE INDEX subscriber_iccid ON subscriber (rtrim(iccid, 'Ff')) WHERE iccid IS NOT NULL;

CREATE TABLE odsa_event_seen (
    sender   text COLLATE "C" NOT NULL CHECK (length(sender) BETWEEN 1 AND 128),
    event_id text COLLATE "C" NOT NULL CHECK (length(event_id) BETWEEN 1 AND 256),
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sender, event_id)
);
CREATE INDEX odsa_event_seen_at ON odsa_event_seen (at);
COMMENT ON TABLE odsa_event_seen IS 'Events of BSS and SM-DP+ that were taken, so that repetitions change nothing. Kept 30 days.';
COMMENT ON COLUMN odsa_event_seen.sender IS 'name of the neighbour';
COMMENT ON COLUMN odsa_event_seen.event_id IS 'its number of the event';
COMMENT ON COLUMN odsa_event_seen.at IS 'first receipt';

-- Only without living profiles and open journeys; the lock comes first, so that what begins right now is seen or waits.
CREATE FUNCTION enterprise_remove(p_enterprise text, OUT r_gone boolean, OUT r_known boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM enterprise e WHERE e.enterprise_id = lower(p_enterprise) FOR UPDATE;
    r_known := FOUND;
    DELETE FROM enterprise e WHERE e.enterprise_id = lower(p_enterprise)
        AND NOT EXISTS (SELECT FROM profile p WHERE p.enterprise = e.enterprise_id AND p.status <> 4)
        AND NOT EXISTS (SELECT FROM journey j WHERE j.enterprise = e.enterprise_id AND j.ended_at IS NULL);
    r_gone := FOUND;
END $$;

-- Values of rows that come as text ------------------------------------------------------------------------------

CREATE FUNCTION unix_time(p text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT to_timestamp(nullif(p, '0')::bigint::double precision) $$;
-- In changes of a profile NULL leaves a value alone and an empty text clears it.
CREATE FUNCTION told_or(p_told text, p_had text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN p_told IS NULL THEN p_had ELSE nullif(p_told, '') END $$;
CREATE FUNCTION bare_iccid(p text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT nullif(rtrim(p, 'Ff'), '') $$;

-- A profile's change; p as in profile_put_new, whose 28 to 30 say: drop the code, take over secondary, take over waiting.
CREATE FUNCTION profile_put_old(p_id bigint, p text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    UPDATE profile o SET
        journey = coalesce(nullif(p[2], '0')::bigint, o.journey),
        iccid = coalesce(bare_iccid(p[6]), o.iccid), eid = told_or(p[7], o.eid), terminal_id = lower(told_or(p[8], o.terminal_id)),
        service = told_or(p[9], o.service), plan = told_or(p[10], o.plan), smdp = told_or(p[11], o.smdp),
        address = told_or(p[12], o.address),
        code = CASE WHEN p[28] = '1' OR p[21] = '4' THEN NULL WHEN p[13] IS NULL THEN o.code
                    ELSE decode(nullif(p[13], ''), 'hex') END,
        name = left(told_or(p[14], o.name), 256), vendor = left(told_or(p[15], o.vendor), 256),
        model = left(told_or(p[16], o.model), 256), sw_version = left(told_or(p[17], o.sw_version), 256),
        line_imsi = told_or(p[18], o.line_imsi), msisdn = ltrim(told_or(p[19], o.msisdn), '+'),
        origin = coalesce(nullif(p[20], ''), o.origin), status = CASE WHEN p[21] = '0' THEN o.status ELSE p[21]::smallint END,
        secondary = CASE WHEN p[29] = '1' THEN p[22] = '1' ELSE o.secondary END,
        waiting = CASE WHEN p[30] = '1' THEN p[23] = '1' ELSE o.waiting END,
        changed_at = now(),
        -- What is installed again is no longer deleted; a new code was not delivered yet.
        delivered_at = CASE WHEN p[25] <> '0' THEN unix_time(p[25]) WHEN p[13] <> '' THEN NULL ELSE o.delivered_at END,
        installed_at = CASE WHEN p[26] <> '0' THEN unix_time(p[26]) ELSE o.installed_at END,
        deleted_at = CASE WHEN p[27] <> '0' THEN unix_time(p[27]) WHEN p[26] <> '0' THEN NULL ELSE o.deleted_at END,
        ended_at = CASE WHEN p[21] = '4' THEN coalesce(o.ended_at, now()) WHEN p[21] = '0' THEN o.ended_at END
    WHERE o.id = p_id
    RETURNING o.id INTO v_id;
    RETURN v_id;
END $$;

-- A new profile. p: 1 id, 2 journey, 3 imsi, 4 enterprise, 5 app, 6 iccid, 7 eid, 8 terminal_id, 9 service, 10 plan, 11 smdp,
-- 12 address, 13 code, 14 name, 15 vendor, 16 model, 17 sw_version, 18 line_imsi, 19 msisdn, 20 origin, 21 status,
-- 22 secondary, 23 waiting, 24 created, 25 delivered, 26 installed, 27 deleted. An ICCID that lives is the same profile when
-- it has the same owner, application and device; with another device it has moved and the former row ends; with another
-- owner it is refused (EC409).
CREATE FUNCTION profile_put_new(p text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_had profile;
    v_id bigint;
BEGIN
    FOR tries IN 1..3 LOOP
        SELECT * INTO v_had FROM profile o WHERE o.iccid = bare_iccid(p[6]) AND o.status <> 4 FOR UPDATE;
        IF FOUND AND (v_had.imsi IS DISTINCT FROM p[3] OR v_had.enterprise IS DISTINCT FROM lower(p[4])) THEN
            RAISE EXCEPTION 'the ICCID lives on another line' USING ERRCODE = 'EC409';
        ELSIF FOUND AND v_had.app = p[5]::integer AND coalesce(v_had.terminal_id = lower(p[8]), true) THEN
            UPDATE profile o SET delivered_at = NULL, installed_at = NULL, deleted_at = NULL WHERE o.id = v_had.id;
            RETURN profile_put_old(v_had.id, p);
        ELSIF FOUND THEN
            UPDATE profile o SET status = 4, code = NULL, changed_at = now(), ended_at = now() WHERE o.id = v_had.id;
        END IF;
        INSERT INTO profile (journey, imsi, enterprise, app, iccid, eid, terminal_id, service, plan, smdp, address, code, name,
                             vendor, model, sw_version, line_imsi, msisdn, origin, status, secondary, waiting, delivered_at,
                             installed_at, deleted_at, ended_at)
        VALUES (nullif(p[2], '0')::bigint, p[3], lower(p[4]), p[5]::integer, bare_iccid(p[6]), nullif(p[7], ''),
                lower(nullif(p[8], '')), nullif(p[9], ''), nullif(p[10], ''), nullif(p[11], ''), nullif(p[12], ''),
                decode(nullif(p[13], ''), 'hex'), left(nullif(p[14], ''), 256), left(nullif(p[15], ''), 256),
                left(nullif(p[16], ''), 256), left(nullif(p[17], ''), 256), nullif(p[18], ''), ltrim(nullif(p[19], ''), '+'),
                coalesce(nullif(p[20], ''), 'ecs'), coalesce(nullif(p[21], '0')::smallint, 2), p[22] = '1', p[23] = '1',
                unix_time(p[25]), unix_time(p[26]), unix_time(p[27]), CASE WHEN p[21] = '4' THEN now() END)
        ON CONFLICT DO NOTHING RETURNING id INTO v_id;
        IF FOUND THEN
            RETURN v_id;
        END IF; -- else another node was faster with the same ICCID: look again
    END LOOP;
    RAISE EXCEPTION 'the ICCID is fought for' USING ERRCODE = 'EC409';
END $$;

-- A profile without a journey. Verdict: done; gone: no such line, enterprise or profile; taken: the ICCID lives elsewhere.
CREATE FUNCTION profile_change(p text[], p_notify text, OUT r_verdict text, OUT r_id bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_imsi text := p[3];
    v_app integer := p[5]::integer;
BEGIN
    r_verdict := 'gone';
    IF p[1] <> '0' THEN -- the line first, as everybody does
        SELECT o.imsi, o.app INTO v_imsi, v_app FROM profile o WHERE o.id = p[1]::bigint;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF v_imsi IS NOT NULL THEN
        PERFORM FROM subscriber s WHERE s.imsi = v_imsi FOR KEY SHARE;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    ELSIF p[1] = '0' THEN
        PERFORM FROM enterprise e WHERE e.enterprise_id = lower(p[4]) FOR KEY SHARE;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    BEGIN
        r_id := CASE WHEN p[1] = '0' THEN profile_put_new(p) ELSE profile_put_old(p[1]::bigint, p) END;
    EXCEPTION WHEN SQLSTATE 'EC409' OR unique_violation THEN
        r_verdict := 'taken';
        RETURN;
    END;
    IF r_id IS NULL THEN
        RETURN;
    END IF;
    r_verdict := 'done';
    IF p_notify IS NOT NULL AND v_imsi IS NOT NULL THEN
        PERFORM notify_enqueue(ARRAY[v_imsi], ARRAY['ap' || v_app], p_notify);
    END IF;
END $$;

-- Journeys ------------------------------------------------------------------------------------------------------

CREATE FUNCTION journey_add(p text[], p_steps integer, p_lease_s integer) RETURNS journey LANGUAGE plpgsql AS $$
DECLARE
    v journey;
BEGIN
    INSERT INTO journey (kind, state, imsi, enterprise, requestor, app, operation_type, terminal_id, target_id, eid, old_id,
                         old_iccid, iccid, service, plan, profile_type, name, vendor, model, sw_version, smdp, address, code,
                         matching_id, bss_reference, line_imsi, msisdn, reason, profile, old_profile, flags, attempts, calls,
                         steps, due_at, deadline_at, ended_at, leased_until)
    VALUES (p[3], p[4], p[6], lower(p[7]), nullif(p[8], ''), p[9]::integer, p[10]::smallint, lower(nullif(p[11], '')),
            lower(nullif(p[12], '')), nullif(p[13], ''), lower(nullif(p[14], '')), bare_iccid(p[15]), bare_iccid(p[16]),
            nullif(p[17], ''), nullif(p[18], ''), nullif(p[19], ''), left(nullif(p[20], ''), 256), left(nullif(p[21], ''), 256),
            left(nullif(p[22], ''), 256), left(nullif(p[23], ''), 256), nullif(p[24], ''), nullif(p[25], ''),
            decode(nullif(p[26], ''), 'hex'), decode(nullif(p[27], ''), 'hex'), nullif(p[28], ''), nullif(p[29], ''),
            ltrim(nullif(p[30], ''), '+'), left(coalesce(p[31], ''), 500), nullif(p[32], '0')::bigint,
            nullif(p[33], '0')::bigint, p[34]::integer, p[36]::integer, p[37]::integer, p_steps, unix_time(p[40]),
            unix_time(p[41]), CASE WHEN p[42] <> '0' THEN now() END,
            CASE WHEN p_lease_s > 0 THEN now() + make_interval(secs => p_lease_s) END)
    ON CONFLICT DO NOTHING RETURNING * INTO v;
    RETURN v;
END $$;

CREATE FUNCTION journey_set(p text[], p_profile bigint, p_steps integer, p_release boolean, p_lease_s integer)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE journey j SET
        version = j.version + 1, state = p[4], operation_type = p[10]::smallint, terminal_id = lower(nullif(p[11], '')),
        target_id = lower(nullif(p[12], '')), eid = nullif(p[13], ''), old_id = lower(nullif(p[14], '')),
        old_iccid = bare_iccid(p[15]), iccid = bare_iccid(p[16]), service = nullif(p[17], ''), plan = nullif(p[18], ''),
        profile_type = nullif(p[19], ''), name = left(nullif(p[20], ''), 256), vendor = left(nullif(p[21], ''), 256),
        model = left(nullif(p[22], ''), 256), sw_version = left(nullif(p[23], ''), 256), smdp = nullif(p[24], ''),
        address = nullif(p[25], ''), code = decode(nullif(p[26], ''), 'hex'), matching_id = decode(nullif(p[27], ''), 'hex'),
        bss_reference = nullif(p[28], ''), line_imsi = nullif(p[29], ''), msisdn = ltrim(nullif(p[30], ''), '+'),
        reason = left(coalesce(p[31], ''), 500), profile = coalesce(p_profile, nullif(p[32], '0')::bigint),
        -- Told later than at the beginning, by device or portal.
        old_profile = CASE WHEN j.old_iccid IS NULL AND coalesce(p[33], '0') = '0'
                           THEN (SELECT o.id FROM profile o
                                 WHERE o.iccid = bare_iccid(p[15]) AND o.status <> 4
                                       AND (o.imsi = j.imsi OR o.enterprise = j.enterprise))
                           ELSE nullif(p[33], '0')::bigint END,
        flags = p[34]::integer,
        -- Others count polls meanwhile.
        polls = CASE WHEN j.state <> p[4] OR p[35] = '0' THEN 0 ELSE j.polls END,
        attempts = p[36]::integer, calls = p[37]::integer, steps = j.steps + p_steps, changed_at = now(),
        due_at = unix_time(p[40]), deadline_at = unix_time(p[41]),
        ended_at = CASE WHEN p[42] <> '0' THEN coalesce(j.ended_at, now()) END,
        leased_until = CASE WHEN p_release THEN NULL WHEN p_lease_s > 0 THEN now() + make_interval(secs => p_lease_s)
                            ELSE j.leased_until END
    WHERE j.id = p[1]::bigint;
END $$;

-- Changes of profiles of one journey, 30 texts each; the id of the new one, NULL: none. Ends before beginnings: an ICCID may
-- pass from one row to the next.
CREATE FUNCTION journey_profiles(v journey, p text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    width constant integer := 30;
    n constant integer := coalesce(cardinality(p), 0) / width;
    v_one text[];
    v_profile bigint;
BEGIN
    IF n = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM FROM profile o WHERE o.id IN (SELECT p[1 + i * width]::bigint FROM generate_series(0, n - 1) i) ORDER BY o.id FOR UPDATE;
    FOR i IN 0..n - 1 LOOP
        IF p[1 + i * width] <> '0' THEN
            PERFORM profile_put_old(p[1 + i * width]::bigint, p[1 + i * width : (i + 1) * width]);
        END IF;
    END LOOP;
    FOR i IN 0..n - 1 LOOP
        CONTINUE WHEN p[1 + i * width] <> '0';
        v_one := p[1 + i * width : (i + 1) * width];
        v_one[2] := v.id;
        IF v_one[3] IS NULL AND v_one[4] IS NULL THEN
            v_one[3] := v.imsi;
            v_one[4] := v.enterprise;
        END IF;
        IF v_one[5] = '0' THEN
            v_one[5] := v.app;
        END IF;
        v_profile := profile_put_new(v_one);
    END LOOP;
    RETURN v_profile;
END $$;

-- One change, all or nothing. p: 1 id (0: new), 2 version, 3 kind, 4 state, 5 key, 6 imsi, 7 enterprise, 8 requestor, 9 app,
-- 10 operation_type, 11 terminal_id, 12 target_id, 13 eid, 14 old_id, 15 old_iccid, 16 iccid, 17 service, 18 plan,
-- 19 profile_type, 20 name, 21 vendor, 22 model, 23 sw_version, 24 smdp, 25 address, 26 code, 27 matching_id,
-- 28 bss_reference, 29 line_imsi, 30 msisdn, 31 reason, 32 profile, 33 old_profile, 34 flags, 35 polls, 36 attempts, 37 calls,
-- 38 created, 39 changed, 40 due, 41 deadline, 42 ended, 43 leased. p_profiles: changes of 30 texts each, as profile_put_new.
-- Rows are locked in the order line, journey, profiles. Verdict: moved; stale: changed meanwhile, or it or its line is gone;
-- exists: another open one is in its way (r_id: when it is the same owner's); taken: an ICCID lives on another line.
CREATE FUNCTION journey_move(p text[], p_profiles text[], p_event text, p_neighbour text, p_call text, p_detail text,
    p_us bigint, p_notify text, p_release boolean, p_lease_s integer, p_line_iccid boolean,
    OUT r_verdict text, OUT r_id bigint, OUT r_version bigint, OUT r_profile bigint, OUT r_key text) LANGUAGE plpgsql AS $$
DECLARE
    v journey;
    v_from text;
    v_steps integer;
    v_profile bigint;
    v_constraint text;
BEGIN
    r_verdict := 'stale';
    r_id := 0;
    IF p_line_iccid AND p[6] IS NOT NULL THEN
        PERFORM FROM subscriber s WHERE s.imsi = p[6] FOR NO KEY UPDATE;
    ELSIF p[6] IS NOT NULL THEN
        PERFORM FROM subscriber s WHERE s.imsi = p[6] FOR KEY SHARE;
    ELSE
        PERFORM FROM enterprise e WHERE e.enterprise_id = lower(p[7]) FOR KEY SHARE;
    END IF;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF p[1] <> '0' THEN
        SELECT * INTO v FROM journey j WHERE j.id = p[1]::bigint FOR UPDATE;
        IF NOT FOUND OR v.version <> p[2]::bigint THEN
            RETURN;
        END IF;
        v_from := v.state;
    END IF;
    -- The timeline of a journey that is prodded without end stays bounded.
    v_steps := (p_event IS NOT NULL AND coalesce(v.steps, 0) < CASE WHEN v_from = p[4] THEN 500 ELSE 2000 END)::integer;
    BEGIN
        IF p[1] = '0' THEN
            v := journey_add(p, v_steps, p_lease_s);
            IF v.id IS NOT NULL THEN
                v_profile := journey_profiles(v, p_profiles);
                IF v_profile IS NOT NULL THEN
                    UPDATE journey j SET profile = v_profile WHERE j.id = v.id;
                END IF;
                r_verdict := 'moved';
            ELSE
                r_verdict := 'exists';
            END IF;
        ELSE
            v_profile := journey_profiles(v, p_profiles);
            PERFORM journey_set(p, v_profile, v_steps, p_release, p_lease_s);
            v.version := v.version + 1;
            r_verdict := 'moved';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'EC409' THEN
            r_verdict := 'taken';
        WHEN unique_violation THEN
            GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
            r_verdict := CASE WHEN v_constraint = 'profile_living' THEN 'taken' ELSE 'exists' END;
    END;
    IF r_verdict = 'exists' THEN
        SELECT coalesce(max(j.id), 0) INTO r_id FROM journey j
        WHERE j.ended_at IS NULL AND j.id <> p[1]::bigint AND (j.imsi = p[6] OR j.enterprise = lower(p[7]))
              AND ((j.app = p[9]::integer AND j.target_id IS NOT DISTINCT FROM lower(nullif(p[12], ''))
                    AND j.slot = journey_slot(p[3], bare_iccid(p[16]), bare_iccid(p[15])))
                   OR (j.old_iccid = bare_iccid(p[15]) AND j.kind IN ('transfer', 'move', 'recovery')));
    END IF;
    IF r_verdict <> 'moved' THEN
        RETURN;
    END IF;
    IF v_steps = 1 THEN
        INSERT INTO journey_step (journey, event, state_from, state_to, neighbour, call, detail, us)
        VALUES (v.id, p_event, v_from, p[4], p_neighbour, p_call, left(coalesce(p_detail, ''), 1000), p_us);
    END IF;
    IF p_line_iccid THEN
        UPDATE subscriber s SET iccid = bare_iccid(p[16])
        WHERE s.imsi = v.imsi AND bare_iccid(p[16]) IS NOT NULL AND bare_iccid(s.iccid) IS DISTINCT FROM bare_iccid(p[16]);
    END IF;
    IF p_notify IS NOT NULL AND v.imsi IS NOT NULL THEN
        PERFORM notify_enqueue(ARRAY[v.imsi], ARRAY['ap' || v.app], p_notify);
    END IF;
    r_id := v.id;
    r_version := v.version;
    r_profile := coalesce(v_profile, nullif(p[32], '0')::bigint, 0);
    r_key := v.key;
END $$;
