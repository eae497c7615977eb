-- SPDX-License-Identifier: Apache-2.0
-- Data of the plain applications: plans, boosts and usage (ap2010), carrier billing (ap2012), private identities (ap2013)
-- and satellite (ap2016). What care agents set for a line, and terms and provisioning of satellite, are rows of
-- line_service as for voice: services dataplan, billing, identity and satmode.
--
-- Revisions (0001): what hangs on a plan counts in plan.revision, on a brand in brand.revision, on a line in the revision of
-- its line_service row; what concerns all, in content_base.base.

-- What the documents show of a text must fit into them and into the rows of sql/queries/facts_data.sql, whose parts are
-- separated by the control character 31.
CREATE DOMAIN plain_text AS text CHECK (octet_length(VALUE) <= 512 AND VALUE !~ '[\x01-\x1f\x7f]');

ALTER TABLE plan ADD COLUMN data_sa boolean;
COMMENT ON COLUMN plan.data_sa IS '5G standalone (TS.43 Table 80): true enabled, false disabled, NULL not told';

CREATE TABLE plan_access (
    plan    text COLLATE "C" NOT NULL REFERENCES plan ON DELETE CASCADE,
    access  smallint NOT NULL CHECK (access BETWEEN 0 AND 5),
    metered boolean NOT NULL,
    PRIMARY KEY (plan, access)
);
COMMENT ON TABLE plan_access IS 'Data plan per radio access (TS.43 Table 76).';
COMMENT ON COLUMN plan_access.plan IS 'tariff';
COMMENT ON COLUMN plan_access.access IS 'AccessType: 0 all, 1 Wi-Fi, 2 2G, 3 3G, 4 LTE, 5 5G';
COMMENT ON COLUMN plan_access.metered IS 'use of it is counted';

CREATE TABLE plan_boost (
    plan            text COLLATE "C" NOT NULL REFERENCES plan ON DELETE CASCADE,
    boost_type      smallint NOT NULL CHECK (boost_type BETWEEN 1 AND 255),
    offer           text NOT NULL DEFAULT 'offered' CHECK (offer IN ('offered', 'included', 'paused', 'refused')),
    price           plain_text NOT NULL DEFAULT '',
    seconds         integer NOT NULL DEFAULT 3600 CHECK (seconds BETWEEN 1 AND 31536000),
    network         text COLLATE "C" CHECK (network ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    profile         text COLLATE "C" CHECK (profile ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    pdb_ms          bigint CHECK (pdb_ms BETWEEN 0 AND 4294967295),
    jitter_ns       bigint CHECK (jitter_ns BETWEEN 0 AND 1000000000000),
    min_down_mbps   bigint CHECK (min_down_mbps BETWEEN 0 AND 4294967295),
    max_down_mbps   bigint CHECK (max_down_mbps BETWEEN 0 AND 4294967295),
    burst_down_mbps bigint CHECK (burst_down_mbps BETWEEN 0 AND 4294967295),
    min_up_mbps     bigint CHECK (min_up_mbps BETWEEN 0 AND 4294967295),
    max_up_mbps     bigint CHECK (max_up_mbps BETWEEN 0 AND 4294967295),
    burst_up_mbps   bigint CHECK (burst_up_mbps BETWEEN 0 AND 4294967295),
    error_exponent  bigint CHECK (error_exponent BETWEEN 0 AND 99),
    PRIMARY KEY (plan, boost_type),
    CHECK ((network IS NULL) = (profile IS NULL))
);
COMMENT ON TABLE plan_boost IS 'Data boosts of a plan (TS.43 Tables 77 and 78).';
COMMENT ON COLUMN plan_boost.plan IS 'tariff';
COMMENT ON COLUMN plan_boost.boost_type IS 'connection capability (TS 24.526), 166: real time interactive; 0 of old clients is 166';
COMMENT ON COLUMN plan_boost.offer IS 'offered: may be bought; included: part of the plan; paused: not deliverable for now; refused: never';
COMMENT ON COLUMN plan_boost.price IS 'for the page that sells it';
COMMENT ON COLUMN plan_boost.seconds IS 'that a purchase lasts';
COMMENT ON COLUMN plan_boost.network IS 'row of the section qos that is asked to deliver; NULL: nobody is asked, a purchase counts at once';
COMMENT ON COLUMN plan_boost.profile IS 'row of the section qos_profiles';
COMMENT ON COLUMN plan_boost.pdb_ms IS 'packet delay budget in ms; 0 and NULL: not told';
COMMENT ON COLUMN plan_boost.jitter_ns IS 'in ns; 0 and NULL: not told';
COMMENT ON COLUMN plan_boost.min_down_mbps IS 'MinDownlinkDataRate in Mbps; NULL: not told, as with all below';
COMMENT ON COLUMN plan_boost.max_down_mbps IS 'MaxDownlinkDataRate';
COMMENT ON COLUMN plan_boost.burst_down_mbps IS 'MaxDownlinkBurstRate';
COMMENT ON COLUMN plan_boost.min_up_mbps IS 'MinUplinkDataRate';
COMMENT ON COLUMN plan_boost.max_up_mbps IS 'MaxUplinkDataRate';
COMMENT ON COLUMN plan_boost.burst_up_mbps IS 'MaxUplinkBurstRate';
COMMENT ON COLUMN plan_boost.error_exponent IS 'packet error rate: x of 10^-x';

CREATE TABLE data_usage (
    imsi        text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    bucket      text COLLATE "C" NOT NULL CHECK (bucket ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    usage_type  smallint NOT NULL DEFAULT 0 CHECK (usage_type IN (0, 1)),
    name        plain_text NOT NULL DEFAULT '',
    description plain_text NOT NULL DEFAULT '',
    cycle_end   timestamptz CHECK (isfinite(cycle_end)),
    allowance   bigint CHECK (allowance >= 0),
    used        bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    at          timestamptz NOT NULL DEFAULT date_trunc('second', now()),
    PRIMARY KEY (imsi, bucket)
) WITH (fillfactor = 80);
COMMENT ON TABLE data_usage IS 'Use of data in the billing cycle (TS.43 Table 79).';
COMMENT ON COLUMN data_usage.imsi IS 'subscriber';
COMMENT ON COLUMN data_usage.bucket IS 'key of the bucket in the charging system';
COMMENT ON COLUMN data_usage.usage_type IS 'DataUsageType: 0 cellular data of the device, 1 tethering';
COMMENT ON COLUMN data_usage.name IS 'DataUsageName; empty: not sent';
COMMENT ON COLUMN data_usage.description IS 'DataUsageDescription; empty: not sent';
COMMENT ON COLUMN data_usage.cycle_end IS 'end of the cycle; NULL: it has none';
COMMENT ON COLUMN data_usage.allowance IS 'bytes of the cycle; NULL: unlimited';
COMMENT ON COLUMN data_usage.used IS 'bytes used in the cycle';
COMMENT ON COLUMN data_usage.at IS 'when it was told; an older report does not overwrite it';

CREATE TABLE data_boost (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    imsi        text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    boost_type  smallint NOT NULL CHECK (boost_type BETWEEN 1 AND 255),
    key         text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
    seconds     integer NOT NULL CHECK (seconds BETWEEN 1 AND 31536000),
    bought_at   timestamptz NOT NULL DEFAULT now(),
    ends_at     timestamptz NOT NULL,
    ended_at    timestamptz,
    qos         bigint REFERENCES qos_request ON DELETE SET NULL,
    shown       text NOT NULL DEFAULT 'active' CHECK (shown IN ('none', 'pending', 'active')),
    UNIQUE (imsi, key)
) WITH (fillfactor = 90);
CREATE INDEX data_boost_running ON data_boost (imsi, boost_type) WHERE ended_at IS NULL;
CREATE INDEX data_boost_ending ON data_boost (ends_at) WHERE ended_at IS NULL;
CREATE INDEX data_boost_over ON data_boost (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX data_boost_qos ON data_boost (qos) WHERE qos IS NOT NULL;
COMMENT ON TABLE data_boost IS 'Boosts that a line has bought. At most one of a type runs at a time; those that are over stay for 400 days.';
COMMENT ON COLUMN data_boost.id IS 'order of purchase';
COMMENT ON COLUMN data_boost.imsi IS 'subscriber';
COMMENT ON COLUMN data_boost.boost_type IS 'as in plan_boost';
COMMENT ON COLUMN data_boost.key IS 'of the purchase: a repetition buys nothing';
COMMENT ON COLUMN data_boost.seconds IS 'that it lasts';
COMMENT ON COLUMN data_boost.bought_at IS 'time of purchase';
COMMENT ON COLUMN data_boost.ends_at IS 'end; with a network behind it at the latest so long after it was delivered';
COMMENT ON COLUMN data_boost.ended_at IS 'over, given back, or not deliverable; NULL: it runs';
COMMENT ON COLUMN data_boost.qos IS 'qos_request.id; NULL: no network is asked';
COMMENT ON COLUMN data_boost.shown IS 'state that documents show: none (over), pending (the network has not confirmed), active';

CREATE TABLE billing_account (
    imsi       text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    account    bytea NOT NULL CHECK (octet_length(account) = 8),
    vendor     text CHECK (octet_length(vendor) BETWEEN 1 AND 128),
    state      text NOT NULL DEFAULT 'none' CHECK (state IN ('none', 'wanted', 'ordered', 'active', 'blocked')),
    terms      smallint NOT NULL DEFAULT 0 CHECK (terms BETWEEN 0 AND 3),
    terms_at   timestamptz,
    serial     bigint NOT NULL DEFAULT 0,
    ordered_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT now(),
    told_at    timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (imsi, account)
) WITH (fillfactor = 80);
COMMENT ON TABLE billing_account IS 'Payment on the phone bill, per line, store and user of the store (TS.43 11).';
COMMENT ON COLUMN billing_account.imsi IS 'subscriber';
COMMENT ON COLUMN billing_account.account IS 'first 8 bytes of a digest of store_vendor and store_user_id';
COMMENT ON COLUMN billing_account.vendor IS 'store_vendor, for people; NULL: not told yet';
COMMENT ON COLUMN billing_account.state IS 'none; wanted: terms accepted, activation is due; ordered: the BSS works on it; active; blocked';
COMMENT ON COLUMN billing_account.terms IS 'TC_Status 0 to 3';
COMMENT ON COLUMN billing_account.terms_at IS 'when the terms were accepted';
COMMENT ON COLUMN billing_account.serial IS 'grows with every acceptance: part of the key of its order to the BSS';
COMMENT ON COLUMN billing_account.ordered_at IS 'when the BSS was asked last for the order that is open; NULL: none of ours is';
COMMENT ON COLUMN billing_account.changed_at IS 'last change of state or terms';
COMMENT ON COLUMN billing_account.told_at IS 'reports of the BSS on what was before this come too late';

CREATE TABLE private_identity (
    imsi      text COLLATE "C" PRIMARY KEY REFERENCES subscriber ON DELETE CASCADE,
    pseudonym text NOT NULL CHECK (octet_length(pseudonym) BETWEEN 1 AND 1015 AND pseudonym !~ '[\x01-\x20\x7f]'),
    ends_at   timestamptz CHECK (isfinite(ends_at)),
    at        timestamptz NOT NULL DEFAULT date_trunc('second', now())
);
COMMENT ON TABLE private_identity IS 'Pseudonyms that the AAA has given for the next EAP exchange (TS.43 12.4).';
COMMENT ON COLUMN private_identity.imsi IS 'subscriber';
COMMENT ON COLUMN private_identity.pseudonym IS 'AT_NEXT_PSEUDONYM; gone when its subscriber is';
COMMENT ON COLUMN private_identity.ends_at IS 'not given out any more from then on; NULL: no end';
COMMENT ON COLUMN private_identity.at IS 'when it was told; an older report does not overwrite it';

CREATE TABLE satellite_network (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan    text COLLATE "C" REFERENCES plan ON DELETE CASCADE,
    brand   text COLLATE "C" REFERENCES brand ON DELETE CASCADE,
    plmn    text COLLATE "C" NOT NULL CHECK (plmn ~ '^[0-9]{5,6}$'),
    barred  boolean NOT NULL DEFAULT false,
    metered boolean,
    data    smallint NOT NULL DEFAULT 0 CHECK (data BETWEEN 0 AND 2),
    voice   smallint NOT NULL DEFAULT 0 CHECK (voice BETWEEN 0 AND 2),
    sort    integer NOT NULL DEFAULT 100,
    CHECK (plan IS NULL OR brand IS NULL),
    UNIQUE NULLS NOT DISTINCT (plan, brand, plmn)
);
CREATE INDEX satellite_network_brand ON satellite_network (brand) WHERE brand IS NOT NULL;
COMMENT ON TABLE satellite_network IS 'Networks of satellites (TS.43 Tables 143 and 144). A plan with rows of its own has these only, else a brand, else those of all.';
COMMENT ON COLUMN satellite_network.id IS 'handle';
COMMENT ON COLUMN satellite_network.plan IS 'of this plan; NULL with brand NULL: of all';
COMMENT ON COLUMN satellite_network.brand IS 'of this brand';
COMMENT ON COLUMN satellite_network.plmn IS 'MCC and MNC';
COMMENT ON COLUMN satellite_network.barred IS 'listed in PLMNBarred, else in PLMNAllowed';
COMMENT ON COLUMN satellite_network.metered IS 'DataPlanType; NULL: not told';
COMMENT ON COLUMN satellite_network.data IS 'data besides carrier messaging: 0 no, 1 constrained, 2 unconstrained';
COMMENT ON COLUMN satellite_network.voice IS 'voice, likewise';
COMMENT ON COLUMN satellite_network.sort IS 'order in the list';

-- Revisions and notifications -----------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION notify_apps(p_service text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_service WHEN 'volte' THEN '{ap2003}'::text[] WHEN 'vonr' THEN '{ap2003}' WHEN 'vowifi' THEN '{ap2004}'
                          WHEN 'smsoip' THEN '{ap2005}' WHEN 'dataplan' THEN '{ap2010}' WHEN 'billing' THEN '{ap2012}'
                          WHEN 'identity' THEN '{ap2013}' WHEN 'satmode' THEN '{ap2016}' ELSE '{}' END $$;

-- As in 0005; a line whose satellite service was never provisioned counts as not provisioned, like VoWiFi.
CREATE OR REPLACE FUNCTION notify_line_key(p_service text, l line_service) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|', coalesce(l.tc_status, 0), coalesce(l.tc_version, 0), coalesce(l.addr_status, 0),
                     extract(epoch FROM l.addr_expiry), extract(epoch FROM l.addr_expiry_told), l.addr_identifier,
                     CASE coalesce(l.prov_status, CASE WHEN p_service IN ('vowifi', 'satmode') THEN 0 ELSE 1 END)
                          WHEN 3 THEN 0 WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE 2 END, coalesce(l.override, 'none')) $$;

-- Feature words tell the application; a word that is not known here concerns all.
CREATE OR REPLACE FUNCTION notify_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    apps text[];
BEGIN
    IF NEW.brand IS NOT DISTINCT FROM OLD.brand THEN
        SELECT CASE WHEN bool_or(a IS NULL) THEN NULL ELSE array_agg(DISTINCT a ORDER BY a) END INTO apps FROM
            (SELECT CASE WHEN w ~ '^(volte|vonr|eps-fallback)' THEN 'ap2003' WHEN w ~ '^vowifi' THEN 'ap2004'
                         WHEN w ~ '^smsoip' THEN 'ap2005' WHEN w ~ '^(boost|data-)' THEN 'ap2010'
                         WHEN w ~ '^carrier-billing' THEN 'ap2012' WHEN w ~ '^private-identity' THEN 'ap2013'
                         WHEN w ~ '^satellite' THEN 'ap2016' END AS a
             FROM ((SELECT unnest(OLD.features) EXCEPT SELECT unnest(NEW.features)) UNION
                   (SELECT unnest(NEW.features) EXCEPT SELECT unnest(OLD.features))) d(w)) x;
        IF NOT EXISTS (SELECT unnest(OLD.features) EXCEPT SELECT unnest(NEW.features))
           AND NOT EXISTS (SELECT unnest(NEW.features) EXCEPT SELECT unnest(OLD.features)) THEN
            RETURN NULL; -- only the order or a repetition changed
        END IF;
    END IF;
    PERFORM notify_plan_lines(NEW.plan, apps, 'plan');
    RETURN NULL;
END $$;

CREATE FUNCTION notify_plan_lines(p_plan text, p_apps text[], p_reason text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c notify_control;
    imsis text[];
BEGIN
    SELECT * INTO c FROM notify_control;
    IF NOT c.enabled THEN
        RETURN;
    END IF;
    SELECT array_agg(s.imsi) INTO imsis FROM
        (SELECT imsi FROM subscriber WHERE subscriber.plan = p_plan LIMIT c.bulk_rows + 1) s;
    IF cardinality(imsis) > c.bulk_rows THEN
        PERFORM notify_campaign_add('plan', p_plan, NULL, p_apps, p_reason, NULL, NULL, now());
    ELSE
        PERFORM notify_enqueue(imsis, p_apps, p_reason);
    END IF;
END $$;

CREATE FUNCTION notify_plan_sa() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_plan_lines(NEW.plan, '{ap2010}', 'data_plan');
    RETURN NULL;
END $$;
CREATE TRIGGER notify_plan_sa AFTER UPDATE ON plan FOR EACH ROW WHEN (OLD.data_sa IS DISTINCT FROM NEW.data_sa)
    EXECUTE FUNCTION notify_plan_sa();

-- A change of rows of a plan: its revision, and a word to its lines. A plan that is just being deleted has no lines.
CREATE FUNCTION plan_rows_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    p text;
BEGIN
    FOR p IN SELECT x.plan FROM changed_rows x WHERE x.plan IS NOT NULL GROUP BY x.plan ORDER BY x.plan LOOP
        UPDATE plan SET revision = revision + 1 WHERE plan.plan = p;
        IF FOUND THEN
            PERFORM notify_plan_lines(p, ARRAY[TG_ARGV[0]], TG_ARGV[1]);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER plan_access_new AFTER INSERT ON plan_access REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION plan_rows_changed('ap2010', 'data_plan');
CREATE TRIGGER plan_access_set AFTER UPDATE ON plan_access REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION plan_rows_changed('ap2010', 'data_plan');
CREATE TRIGGER plan_access_gone AFTER DELETE ON plan_access REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION plan_rows_changed('ap2010', 'data_plan');
CREATE TRIGGER plan_boost_new AFTER INSERT ON plan_boost REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION plan_rows_changed('ap2010', 'data_plan');
CREATE TRIGGER plan_boost_set AFTER UPDATE ON plan_boost REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION plan_rows_changed('ap2010', 'data_plan');
CREATE TRIGGER plan_boost_gone AFTER DELETE ON plan_boost REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION plan_rows_changed('ap2010', 'data_plan');

CREATE FUNCTION satellite_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    b text;
    p text;
BEGIN
    FOR p IN SELECT x.plan FROM changed_rows x WHERE x.plan IS NOT NULL GROUP BY x.plan ORDER BY x.plan LOOP
        UPDATE plan SET revision = revision + 1 WHERE plan.plan = p;
        IF FOUND THEN
            PERFORM notify_plan_lines(p, '{ap2016}', 'satellite');
        END IF;
    END LOOP;
    -- brand.revision cannot be raised alone: any change of a brand is told to all applications of its lines.
    FOR b IN SELECT x.brand FROM changed_rows x WHERE x.brand IS NOT NULL GROUP BY x.brand ORDER BY x.brand LOOP
        PERFORM notify_campaign_add('brand', b, NULL, '{ap2016}', 'satellite', NULL, NULL, now());
    END LOOP;
    IF EXISTS (SELECT FROM changed_rows x WHERE x.plan IS NULL) THEN
        UPDATE content_base SET base = base + 1;
    END IF;
    IF EXISTS (SELECT FROM changed_rows x WHERE x.plan IS NULL AND x.brand IS NULL) THEN
        PERFORM notify_campaign_add('all', NULL, NULL, '{ap2016}', 'satellite', NULL, NULL, now());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER satellite_network_new AFTER INSERT ON satellite_network REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION satellite_changed();
CREATE TRIGGER satellite_network_set AFTER UPDATE ON satellite_network REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION satellite_changed();
CREATE TRIGGER satellite_network_gone AFTER DELETE ON satellite_network REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION satellite_changed();

-- Rows of lines: the revision of the line's service grows with what documents show, and its application is told.
CREATE FUNCTION line_data_touch(p_imsis text[], p_service text, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO line_service AS l (imsi, service)
    SELECT s.imsi, p_service FROM subscriber s WHERE s.imsi = ANY (p_imsis) ORDER BY s.imsi
    ON CONFLICT (imsi, service) DO UPDATE SET revision = l.revision + 1;
    PERFORM notify_enqueue(p_imsis, notify_apps(p_service), p_reason);
END $$;

CREATE FUNCTION line_data_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    imsis text[];
BEGIN
    SELECT array_agg(DISTINCT x.imsi) INTO imsis FROM changed_rows x;
    IF cardinality(imsis) > 0 THEN
        PERFORM line_data_touch(imsis, TG_ARGV[0], TG_ARGV[1]);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER private_identity_new AFTER INSERT ON private_identity REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('identity', 'identity');
CREATE TRIGGER private_identity_set AFTER UPDATE ON private_identity REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('identity', 'identity');
CREATE TRIGGER private_identity_gone AFTER DELETE ON private_identity REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('identity', 'identity');
CREATE TRIGGER data_usage_new AFTER INSERT ON data_usage REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('dataplan', 'data_usage');
CREATE TRIGGER data_usage_gone AFTER DELETE ON data_usage REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('dataplan', 'data_usage');
CREATE TRIGGER billing_account_new AFTER INSERT ON billing_account REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('billing', 'billing');
CREATE TRIGGER billing_account_gone AFTER DELETE ON billing_account REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('billing', 'billing');
CREATE TRIGGER data_boost_new AFTER INSERT ON data_boost REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION line_data_changed('dataplan', 'boost');
-- What is over is in no document.
CREATE FUNCTION data_boost_dropped() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    imsis text[];
BEGIN
    SELECT array_agg(DISTINCT x.imsi) INTO imsis FROM changed_rows x WHERE x.ended_at IS NULL;
    IF cardinality(imsis) > 0 THEN
        PERFORM line_data_touch(imsis, 'dataplan', 'boost');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER data_boost_gone AFTER DELETE ON data_boost REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_boost_dropped();

-- Counters run on all day. A device is told when a bucket got full or has room again, or what it is changed; every report
-- makes a new version of the document.
CREATE FUNCTION data_usage_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    imsis text[];
    told text[];
BEGIN
    SELECT array_agg(DISTINCT n.imsi),
           array_agg(DISTINCT n.imsi) FILTER (WHERE (n.used >= n.allowance) IS DISTINCT FROM (o.used >= o.allowance)
               OR (n.usage_type, n.name, n.description, n.cycle_end, n.allowance)
                  IS DISTINCT FROM (o.usage_type, o.name, o.description, o.cycle_end, o.allowance))
        INTO imsis, told
        FROM new_rows n JOIN old_rows o ON o.imsi = n.imsi AND o.bucket = n.bucket
        WHERE (n.usage_type, n.name, n.description, n.cycle_end, n.allowance, n.used)
              IS DISTINCT FROM (o.usage_type, o.name, o.description, o.cycle_end, o.allowance, o.used);
    INSERT INTO line_service AS l (imsi, service) SELECT i, 'dataplan' FROM unnest(imsis) i ORDER BY i
    ON CONFLICT (imsi, service) DO UPDATE SET revision = l.revision + 1;
    PERFORM notify_enqueue(told, '{ap2010}', 'data_usage');
    RETURN NULL;
END $$;
CREATE TRIGGER data_usage_set AFTER UPDATE ON data_usage REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_usage_changed();

CREATE FUNCTION billing_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    imsis text[];
BEGIN
    SELECT array_agg(DISTINCT n.imsi) INTO imsis
        FROM new_rows n JOIN old_rows o ON o.imsi = n.imsi AND o.account = n.account
        WHERE (n.state, n.terms) IS DISTINCT FROM (o.state, o.terms);
    IF cardinality(imsis) > 0 THEN
        PERFORM line_data_touch(imsis, 'billing', 'billing');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_account_set AFTER UPDATE ON billing_account REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION billing_account_changed();

CREATE FUNCTION data_boost_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    imsis text[];
BEGIN
    SELECT array_agg(DISTINCT n.imsi) INTO imsis FROM new_rows n JOIN old_rows o ON o.id = n.id
        WHERE (n.shown, n.ends_at) IS DISTINCT FROM (o.shown, o.ends_at);
    IF cardinality(imsis) > 0 THEN
        PERFORM line_data_touch(imsis, 'dataplan', 'boost');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER data_boost_set AFTER UPDATE ON data_boost REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_boost_changed();

-- Boosts --------------------------------------------------------------------------------------------------------

-- verdict: done, repeated, refused, gone; state, ends_at and seconds of the boost that there is then.
CREATE FUNCTION boost_buy(p_imsi text, p_type smallint, p_key text, p_seconds integer, p_actor text, p_subject text,
                          OUT verdict text, OUT state text, OUT ends_at timestamptz, OUT seconds integer)
    LANGUAGE plpgsql AS $$
DECLARE
    o plan_boost;
    d data_boost;
BEGIN
    verdict := 'repeated';
    PERFORM FROM subscriber s WHERE s.imsi = p_imsi FOR NO KEY UPDATE; -- one purchase of a line at a time
    IF NOT FOUND THEN
        verdict := 'gone';
        RETURN;
    END IF;
    SELECT * INTO d FROM data_boost b WHERE b.imsi = p_imsi AND b.key = p_key;
    IF NOT FOUND THEN
        SELECT * INTO d FROM data_boost b WHERE b.imsi = p_imsi AND b.boost_type = p_type AND b.ended_at IS NULL
               AND (b.shown = 'pending' OR b.ends_at > now());
    END IF;
    IF NOT FOUND THEN
        SELECT w.* INTO o FROM subscriber s JOIN plan_boost w ON w.plan = s.plan AND w.boost_type = p_type
            WHERE s.imsi = p_imsi AND s.line_state = 'active';
        IF o.offer IS DISTINCT FROM 'offered' THEN
            verdict := 'refused';
            RETURN;
        END IF;
        seconds := coalesce(p_seconds, o.seconds);
        INSERT INTO data_boost AS b (imsi, boost_type, key, seconds, ends_at, qos, shown)
        VALUES (p_imsi, p_type, p_key, seconds, now() + make_interval(secs => seconds),
                CASE WHEN o.network IS NOT NULL
                     THEN qos_request_add(p_imsi, o.network, o.profile, seconds, 'boost', p_imsi || ':' || p_key, true) END,
                CASE WHEN o.network IS NULL THEN 'active' ELSE 'pending' END)
        RETURNING b.* INTO d;
        INSERT INTO audit (actor, role, action, subject_masked, detail)
        VALUES (p_actor, 'system', 'boost.buy', p_subject, jsonb_build_object('boost_type', p_type, 'seconds', seconds));
        verdict := 'done';
    END IF;
    state := d.shown;
    ends_at := d.ends_at;
    seconds := d.seconds;
END $$;

-- The boost in force of a type ends; the network takes it back in the background. verdict: done, gone.
CREATE FUNCTION boost_end(p_imsi text, p_type smallint, p_actor text, p_subject text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    d data_boost;
BEGIN
    SELECT * INTO d FROM data_boost b WHERE b.imsi = p_imsi AND b.boost_type = p_type AND b.ended_at IS NULL
        ORDER BY b.id DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    IF d.qos IS NOT NULL THEN
        PERFORM qos_release(d.qos, 'the boost was ended'); -- first, as the runner of these requests locks them first
    END IF;
    UPDATE data_boost b SET ended_at = now(), shown = 'none' WHERE b.id = d.id AND b.ended_at IS NULL;
    INSERT INTO audit (actor, role, action, subject_masked, detail)
    VALUES (p_actor, 'system', 'boost.end', p_subject, jsonb_build_object('boost_type', p_type));
    RETURN 'done';
END $$;

-- What documents show follows the request to the network.
CREATE FUNCTION boost_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state_now constant text := CASE WHEN NEW.state = 'active' THEN 'active'
        WHEN NEW.state IN ('wanted', 'requested') OR NEW.after = 'wanted' THEN 'pending' ELSE 'none' END;
BEGIN
    UPDATE data_boost b SET shown = state_now, ends_at = coalesce(NEW.ends_at, b.ends_at),
           ended_at = CASE WHEN state_now = 'none' THEN now() END
    WHERE b.qos = NEW.id AND b.ended_at IS NULL AND (b.shown, b.ends_at) IS DISTINCT FROM
          (state_now, coalesce(NEW.ends_at, b.ends_at));
    RETURN NULL;
END $$;
CREATE TRIGGER boost_follows AFTER UPDATE OF state, ends_at ON qos_request FOR EACH ROW WHEN (NEW.origin = 'boost')
    EXECUTE FUNCTION boost_follows();

-- Carrier billing ------------------------------------------------------------------------------------------------

-- A user's move: wanted, or none (declined); p_force: any state, by operator, BSS or what activated it. Terms NULL: as they
-- are. p_serial: what an order for that acceptance (0: any) has come to; it counts as long as nobody has declined, blocked or
-- settled the account otherwise. verdict: done, repeated, refused, gone.
CREATE FUNCTION billing_set(p_imsi text, p_account bytea, p_vendor text, p_terms smallint, p_state text, p_force boolean,
                            p_actor text, p_subject text, p_serial bigint DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    a billing_account;
    state_now text := p_state;
    terms_now smallint;
    again boolean;
BEGIN
    PERFORM FROM subscriber s WHERE s.imsi = p_imsi FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    IF NOT p_force AND NOT EXISTS (SELECT FROM billing_account b WHERE b.imsi = p_imsi AND b.account = p_account)
       AND (SELECT count(*) FROM billing_account b WHERE b.imsi = p_imsi) >= 200 THEN
        RETURN 'refused'; -- an application that makes up users of a store fills no disk
    END IF;
    INSERT INTO billing_account (imsi, account, vendor) VALUES (p_imsi, p_account, p_vendor)
    ON CONFLICT (imsi, account) DO UPDATE SET vendor = coalesce(excluded.vendor, billing_account.vendor)
    RETURNING * INTO a; -- locked from here on
    terms_now := coalesce(p_terms, a.terms);
    IF p_serial IS NOT NULL AND (a.state NOT IN ('wanted', 'ordered') OR p_serial NOT IN (0, a.serial)) THEN
        RETURN 'repeated';
    ELSIF NOT p_force AND a.state = 'blocked' THEN
        RETURN 'refused';
    ELSIF NOT p_force AND p_state = 'wanted' AND a.state <> 'none' THEN
        state_now := a.state; -- asked for before; terms that are open with it are accepted all the same
        terms_now := CASE WHEN a.terms IN (0, 3) THEN terms_now ELSE a.terms END;
    ELSIF NOT p_force AND p_state = 'none' AND (a.state IN ('ordered', 'active') OR (a.state = 'wanted' AND a.ordered_at IS NOT NULL)) THEN
        RETURN 'repeated'; -- too late to decline: the BSS has the order
    END IF;
    IF (a.state, a.terms) = (state_now, terms_now) THEN
        RETURN 'repeated';
    END IF;
    again := state_now = 'wanted' AND a.state <> 'wanted';
    UPDATE billing_account b SET state = state_now, terms = terms_now, changed_at = now(),
           terms_at = CASE WHEN terms_now = 1 AND a.terms <> 1 THEN now() ELSE a.terms_at END,
           serial = a.serial + again::integer, ordered_at = CASE WHEN state_now IN ('wanted', 'ordered') AND NOT again THEN a.ordered_at END,
           told_at = greatest(a.told_at, now() - interval '30 seconds') -- clocks differ, reports are on their way
    WHERE b.imsi = p_imsi AND b.account = p_account;
    INSERT INTO audit (actor, role, action, subject_masked, detail)
    VALUES (p_actor, 'system', 'billing.set', p_subject,
            jsonb_build_object('vendor', coalesce(p_vendor, a.vendor), 'state', state_now, 'terms', terms_now));
    RETURN 'done';
END $$;

-- What BSS, operator and tools tell of a line ------------------------------------------------------------------

-- p_kind usage: p_key bucket, p_type, p_text name, p_more description, p_time end of the cycle, p_a allowance (-1: unlimited),
-- p_b used, p_at when it was so. boost: p_key of the purchase, p_type, p_b seconds (0: of the plan). boost-end: p_type.
-- billing: p_account, p_vendor, p_text state, p_type terms (-1: as they are), p_at when it was so. identity: p_text pseudonym (empty: none),
-- p_time its end. imsi NULL: by number, where one line has it. p_event: number of the event at p_actor; the second one with it
-- changes nothing. p_at: when it was so, in whole seconds as BSSs tell it; what comes late changes nothing, and nothing is told
-- from the future. verdict: done, repeated, refused, gone.
CREATE FUNCTION line_data_put(p_kind text, p_imsi text, p_msisdn text, p_account bytea, p_vendor text, p_key text,
                              p_type smallint, p_text text, p_more text, p_time timestamptz, p_a bigint, p_b bigint,
                              p_at timestamptz, p_actor text, p_subject text, p_event text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    i text;
    told timestamptz := date_trunc('second', least(coalesce(p_at, now()), now()));
    late boolean;
    verdict text;
BEGIN
    SELECT s.imsi INTO i FROM subscriber s
    WHERE s.imsi = p_imsi OR (p_imsi IS NULL AND s.msisdn = p_msisdn
          AND NOT EXISTS (SELECT FROM subscriber x WHERE x.msisdn = p_msisdn AND x.imsi <> s.imsi));
    IF i IS NULL THEN
        RETURN 'gone';
    END IF;
    -- Reports of usage are too many to keep their numbers, and their times do as well.
    IF p_event IS NOT NULL AND NOT (p_kind = 'usage' AND p_at IS NOT NULL) THEN
        INSERT INTO odsa_event_seen (sender, event_id) VALUES (p_actor, p_event) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN 'repeated';
        END IF;
    END IF;
    CASE p_kind
    WHEN 'usage' THEN
        INSERT INTO data_usage AS u (imsi, bucket, usage_type, name, description, cycle_end, allowance, used, at)
        VALUES (i, p_key, p_type, coalesce(p_text, ''), coalesce(p_more, ''), p_time, nullif(p_a, -1), p_b, told)
        ON CONFLICT (imsi, bucket) DO UPDATE SET usage_type = excluded.usage_type,
            name = coalesce(p_text, u.name), description = coalesce(p_more, u.description), cycle_end = excluded.cycle_end,
            allowance = excluded.allowance, used = excluded.used, at = excluded.at
        WHERE u.at <= excluded.at AND ((p_at IS NOT NULL AND u.at < excluded.at) OR
              (u.usage_type, u.name, u.description, u.cycle_end, u.allowance, u.used) IS DISTINCT FROM
              (excluded.usage_type, coalesce(p_text, u.name), coalesce(p_more, u.description), excluded.cycle_end,
               excluded.allowance, excluded.used));
    WHEN 'usage-end' THEN
        DELETE FROM data_usage u WHERE u.imsi = i AND u.bucket = p_key AND date_trunc('second', u.at) <= told;
    WHEN 'boost' THEN
        RETURN (boost_buy(i, p_type, p_key, nullif(p_b, 0)::integer, p_actor, p_subject)).verdict;
    WHEN 'boost-end' THEN
        IF p_at IS NOT NULL AND EXISTS (SELECT FROM data_boost b WHERE b.imsi = i AND b.boost_type = p_type AND b.ended_at IS NULL
                                        AND b.bought_at > told + interval '30 seconds') THEN
            RETURN 'repeated'; -- of the one before
        END IF;
        RETURN boost_end(i, p_type, p_actor, p_subject);
    WHEN 'billing' THEN
        PERFORM FROM subscriber s WHERE s.imsi = i FOR NO KEY UPDATE; -- one report of a line at a time
        late := EXISTS (SELECT FROM billing_account b WHERE b.imsi = i AND b.account = p_account AND b.told_at > told);
        IF late AND p_at IS NOT NULL THEN
            RETURN 'repeated';
        END IF;
        verdict := billing_set(i, p_account, p_vendor, nullif(p_type, -1), p_text, true, p_actor, p_subject);
        IF p_at IS NOT NULL THEN
            UPDATE billing_account b SET told_at = told WHERE b.imsi = i AND b.account = p_account;
        END IF;
        RETURN verdict;
    WHEN 'identity' THEN
        IF p_text = '' THEN
            DELETE FROM private_identity x WHERE x.imsi = i AND date_trunc('second', x.at) <= told;
        ELSE
            INSERT INTO private_identity AS x (imsi, pseudonym, ends_at, at) VALUES (i, p_text, p_time, told)
            ON CONFLICT (imsi) DO UPDATE SET pseudonym = excluded.pseudonym, ends_at = excluded.ends_at, at = excluded.at
            WHERE date_trunc('second', x.at) <= told
                  AND (x.pseudonym, x.ends_at) IS DISTINCT FROM (excluded.pseudonym, excluded.ends_at);
        END IF;
    END CASE;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'repeated' END;
END $$;

-- All that is known of a line, for people; no pseudonym and no user of a store in clear.
CREATE FUNCTION line_data_show(p_imsi text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'plan', s.plan,
        'usage', coalesce((SELECT json_agg(json_build_object('bucket', u.bucket, 'usage_type', u.usage_type, 'name', u.name,
            'description', u.description, 'cycle_end', u.cycle_end, 'allowance', u.allowance::text, 'used', u.used::text,
            'at', u.at) ORDER BY u.bucket) FROM data_usage u WHERE u.imsi = s.imsi), '[]'),
        'boosts', coalesce((SELECT json_agg(json_build_object('id', d.id, 'boost_type', d.boost_type, 'state', d.shown,
            'bought_at', d.bought_at, 'ends_at', d.ends_at, 'ended_at', d.ended_at, 'seconds', d.seconds, 'qos', d.qos)
            ORDER BY d.id DESC) FROM (SELECT * FROM data_boost x WHERE x.imsi = s.imsi ORDER BY x.id DESC LIMIT 20) d), '[]'),
        'billing', coalesce((SELECT json_agg(json_build_object('account', encode(b.account, 'hex'), 'store_vendor', b.vendor,
            'state', b.state, 'terms', b.terms, 'terms_at', b.terms_at, 'ordered_at', b.ordered_at, 'changed_at', b.changed_at)
            ORDER BY b.changed_at DESC) FROM (SELECT * FROM billing_account x WHERE x.imsi = s.imsi ORDER BY x.changed_at DESC LIMIT 100) b), '[]'),
        'pseudonym', EXISTS (SELECT FROM private_identity x WHERE x.imsi = s.imsi),
        'pseudonym_ends_at', (SELECT x.ends_at FROM private_identity x WHERE x.imsi = s.imsi))::text
    FROM subscriber s WHERE s.imsi = p_imsi $$;

-- What a plan gives: lists that are NULL stay as they are. p_access and p_boosts: JSON arrays of objects with the names of
-- the columns. False: no such plan.
CREATE FUNCTION plan_data_put(p_plan text, p_sa text, p_access json, p_boosts json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM plan p WHERE p.plan = p_plan FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF p_sa IS NOT NULL THEN
        UPDATE plan p SET data_sa = CASE p_sa WHEN 'on' THEN true WHEN 'off' THEN false END WHERE p.plan = p_plan;
    END IF;
    IF p_access IS NOT NULL THEN
        DELETE FROM plan_access a WHERE a.plan = p_plan;
        INSERT INTO plan_access (plan, access, metered)
        SELECT p_plan, x.access, x.metered FROM json_populate_recordset(NULL::plan_access, p_access) x;
    END IF;
    IF p_boosts IS NOT NULL THEN
        DELETE FROM plan_boost b WHERE b.plan = p_plan;
        INSERT INTO plan_boost (plan, boost_type, offer, price, seconds, network, profile, pdb_ms, jitter_ns, min_down_mbps,
                                max_down_mbps, burst_down_mbps, min_up_mbps, max_up_mbps, burst_up_mbps, error_exponent)
        SELECT p_plan, CASE WHEN x.boost_type = 0 THEN 166 ELSE x.boost_type END, coalesce(x.offer, 'offered'),
               coalesce(x.price, ''), coalesce(x.seconds, 3600), x.network, x.profile, x.pdb_ms, x.jitter_ns, x.min_down_mbps,
               x.max_down_mbps, x.burst_down_mbps, x.min_up_mbps, x.max_up_mbps, x.burst_up_mbps, x.error_exponent
        FROM json_to_recordset(p_boosts) AS x (boost_type smallint, offer text, price text, seconds integer, network text,
            profile text, pdb_ms bigint, jitter_ns bigint, min_down_mbps bigint, max_down_mbps bigint, burst_down_mbps bigint,
            min_up_mbps bigint, max_up_mbps bigint, burst_up_mbps bigint, error_exponent bigint);
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION plan_data_show(p_plan text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_object('plan', p.plan, 'sa', CASE p.data_sa WHEN true THEN 'on' WHEN false THEN 'off' END,
        'access', coalesce((SELECT json_agg(json_build_object('access', a.access, 'metered', a.metered) ORDER BY a.access)
                            FROM plan_access a WHERE a.plan = p.plan), '[]'),
        'boosts', coalesce((SELECT json_agg(json_strip_nulls(to_json(b)) ORDER BY b.boost_type)
                            FROM plan_boost b WHERE b.plan = p.plan), '[]'))::text
    FROM plan p WHERE p.plan = p_plan $$;
