-- SPDX-License-Identifier: Apache-2.0
-- First schema. Runs inside one transaction under an advisory lock (src/store/schema.c); never edited after a
-- release: later changes are further numbered files. Text keys are ASCII and compare bytewise (COLLATE "C").
--
-- Content revision: VERS.version of a document must never decrease for a subscriber and a device, and must grow
-- when the content changes. It is a sum of counters, each kept by a trigger below:
--   content_base.base + content_base.edges + notice edges passed
--   + subscriber.revision + plan.revision + brand.revision + sum(line_service.revision)
--   + device_model.revision + device_identity.revision
-- A counter that leaves the sum (change of plan or brand, deleted row) is carried over into one that stays.

CREATE TABLE brand (
    brand            text COLLATE "C" PRIMARY KEY CHECK (brand ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    name             text NOT NULL,
    default_language text CHECK (default_language ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    revision         integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE brand IS 'A name under which the operator sells; selects texts, pages and notices.';
COMMENT ON COLUMN brand.brand IS 'key used in policy and import files';
COMMENT ON COLUMN brand.name IS 'name for people';
COMMENT ON COLUMN brand.default_language IS 'language of messages when the subscriber has none (BCP 47)';
COMMENT ON COLUMN brand.revision IS 'grows with every change; part of the content revision';

CREATE TABLE plan (
    plan     text COLLATE "C" PRIMARY KEY CHECK (plan ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    name     text NOT NULL,
    features text[] NOT NULL DEFAULT '{}',
    brand    text COLLATE "C" REFERENCES brand,
    revision integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE plan IS 'A tariff: what its subscribers may use.';
COMMENT ON COLUMN plan.plan IS 'key used in policy and import files';
COMMENT ON COLUMN plan.name IS 'name for people';
COMMENT ON COLUMN plan.features IS 'words: volte, volte-roaming, vonr, vonr-roaming, eps-fallback, vowifi, vowifi-roaming, smsoip ...';
COMMENT ON COLUMN plan.brand IS 'brand that sells the plan, NULL for all';
COMMENT ON COLUMN plan.revision IS 'grows with every change; part of the content revision';

-- A first revision that is above every former one of a deleted and re-created subscriber: seconds since 2024. Fits a
-- positive 32-bit number until the year 2091 with room for the increments.
CREATE FUNCTION first_revision() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM now()) - 1704067200)::integer $$;

CREATE TABLE subscriber (
    imsi             text COLLATE "C" PRIMARY KEY CHECK (imsi ~ '^[0-9]{6,15}$'),
    msisdn           text COLLATE "C" CHECK (msisdn ~ '^[0-9]{5,15}$'),
    iccid            text COLLATE "C" CHECK (iccid ~ '^[0-9]{18,22}[Ff]?$'),
    line_state       text NOT NULL DEFAULT 'active' CHECK (line_state IN ('active', 'suspended', 'barred', 'terminated')),
    plan             text COLLATE "C" NOT NULL REFERENCES plan,
    brand            text COLLATE "C" REFERENCES brand,
    roaming          text NOT NULL DEFAULT 'unknown' CHECK (roaming IN ('unknown', 'home', 'roaming')),
    visited_plmn     text COLLATE "C" CHECK (visited_plmn ~ '^[0-9]{5,6}$'),
    language         text CHECK (language ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    token_generation integer NOT NULL DEFAULT 0 CHECK (token_generation >= 0),
    revision         integer NOT NULL DEFAULT first_revision(),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 90);
CREATE INDEX subscriber_msisdn ON subscriber (msisdn) WHERE msisdn IS NOT NULL;
CREATE INDEX subscriber_plan ON subscriber (plan);
COMMENT ON TABLE subscriber IS 'One line (subscription). Also the shard key of every hot statement: imsi.';
COMMENT ON COLUMN subscriber.imsi IS '6 to 15 digits (TS 23.003 2.2)';
COMMENT ON COLUMN subscriber.msisdn IS 'digits without "+"';
COMMENT ON COLUMN subscriber.iccid IS 'of the present card; a change revokes tokens in policy';
COMMENT ON COLUMN subscriber.line_state IS 'what the BSS says: active, suspended, barred, terminated';
COMMENT ON COLUMN subscriber.plan IS 'tariff';
COMMENT ON COLUMN subscriber.brand IS 'NULL: brand of the plan';
COMMENT ON COLUMN subscriber.roaming IS 'last known: unknown, home, roaming';
COMMENT ON COLUMN subscriber.visited_plmn IS 'MCC and MNC of the visited network while roaming';
COMMENT ON COLUMN subscriber.language IS 'wish of the subscriber (BCP 47), NULL: brand default';
COMMENT ON COLUMN subscriber.token_generation IS 'sealed tokens of a lower generation are void';
COMMENT ON COLUMN subscriber.revision IS 'grows with every change of content; part of the content revision';
COMMENT ON COLUMN subscriber.created_at IS 'time of the row';
COMMENT ON COLUMN subscriber.updated_at IS 'last change of the row';

CREATE TABLE auc (
    imsi           text COLLATE "C" PRIMARY KEY REFERENCES subscriber ON DELETE CASCADE,
    algorithm      text NOT NULL DEFAULT 'milenage' CHECK (algorithm IN ('milenage', 'tuak')),
    ki_wrapped     bytea NOT NULL CHECK (octet_length(ki_wrapped) BETWEEN 16 AND 256),
    opc_wrapped    bytea NOT NULL CHECK (octet_length(opc_wrapped) BETWEEN 16 AND 256),
    amf            bytea NOT NULL DEFAULT '\x0000' CHECK (octet_length(amf) = 2),
    res_len        smallint NOT NULL DEFAULT 8 CHECK (res_len IN (4, 8, 16)),
    sqn            bigint NOT NULL DEFAULT 0 CHECK (sqn >= 0 AND sqn < 281474976710656),
    attempts       integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    window_started timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON TABLE auc IS 'Built-in authentication centre: long-term keys (wrapped by a key outside the database) and sequence numbers. Logged, and written with synchronous_commit on: an SQN that was given out must survive a crash.';
COMMENT ON COLUMN auc.imsi IS 'subscriber';
COMMENT ON COLUMN auc.algorithm IS 'milenage (TS 35.206) or tuak (TS 35.231)';
COMMENT ON COLUMN auc.ki_wrapped IS 'sealed K; opaque here';
COMMENT ON COLUMN auc.opc_wrapped IS 'sealed OPc or TOPc; opaque here';
COMMENT ON COLUMN auc.amf IS 'authentication management field of new vectors; the separation bit 0x8000 belongs to EPS and EAP-AKA'' vectors, not to EAP-AKA';
COMMENT ON COLUMN auc.res_len IS 'bytes of RES';
COMMENT ON COLUMN auc.sqn IS 'SQN_HE: the last 48-bit sequence number given out, SEQ | IND (TS 33.102 C.1.1)';
COMMENT ON COLUMN auc.attempts IS 'exchanges begun in the present window and not cleared by a success';
COMMENT ON COLUMN auc.window_started IS 'begin of the window of attempts';
COMMENT ON COLUMN auc.updated_at IS 'last import of key material';

CREATE TABLE device_model (
    tac          char(8) COLLATE "C" PRIMARY KEY CHECK (tac ~ '^[0-9]{8}$'),
    vendor       text NOT NULL DEFAULT '',
    model        text NOT NULL DEFAULT '',
    category     text NOT NULL DEFAULT 'other' CHECK (category IN ('phone', 'tablet', 'watch', 'router', 'iot', 'other')),
    capabilities text[] NOT NULL DEFAULT '{}',
    revision     integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE device_model IS 'Device types by TAC, imported from the operator''s list: new devices are data, not code.';
COMMENT ON COLUMN device_model.tac IS 'first eight digits of the IMEI';
COMMENT ON COLUMN device_model.vendor IS 'maker';
COMMENT ON COLUMN device_model.model IS 'name of the model';
COMMENT ON COLUMN device_model.category IS 'phone, tablet, watch, router, iot, other';
COMMENT ON COLUMN device_model.capabilities IS 'words: volte, vonr, vowifi, smsoip, 5g ...';
COMMENT ON COLUMN device_model.revision IS 'grows with every change; part of the content revision';

CREATE TABLE device_identity (
    terminal_id text COLLATE "C" PRIMARY KEY CHECK (terminal_id = lower(terminal_id) AND length(terminal_id) BETWEEN 1 AND 63),
    state       text NOT NULL CHECK (state IN ('allow', 'deny', 'stolen')),
    reason      text NOT NULL DEFAULT '',
    revision    integer NOT NULL DEFAULT 1,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE device_identity IS 'Judgement on single devices; no row: unknown.';
COMMENT ON COLUMN device_identity.terminal_id IS 'IMEI or UUID in lower case (TS.43 table 4)';
COMMENT ON COLUMN device_identity.state IS 'allow, deny, stolen';
COMMENT ON COLUMN device_identity.reason IS 'for the operator';
COMMENT ON COLUMN device_identity.revision IS 'grows with every change; part of the content revision';
COMMENT ON COLUMN device_identity.updated_at IS 'last change';

CREATE TABLE line_service (
    imsi            text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    service         text COLLATE "C" NOT NULL CHECK (service ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    tc_status       smallint CHECK (tc_status BETWEEN 0 AND 3),
    tc_version      integer CHECK (tc_version >= 0),
    tc_at           timestamptz,
    addr_status     smallint CHECK (addr_status BETWEEN 0 AND 3),
    addr_expiry     timestamptz,
    addr_identifier text CHECK (length(addr_identifier) BETWEEN 1 AND 256),
    prov_status     smallint CHECK (prov_status BETWEEN 0 AND 3),
    override        text NOT NULL DEFAULT 'none' CHECK (override IN ('none', 'allow', 'deny', 'provisioning')),
    flow_closed_at  timestamptz,
    revision        integer NOT NULL DEFAULT 1,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (imsi, service)
) WITH (fillfactor = 90);
COMMENT ON TABLE line_service IS 'What is known of one service on one line: terms, address, provisioning, operator''s override.';
COMMENT ON COLUMN line_service.imsi IS 'subscriber';
COMMENT ON COLUMN line_service.service IS 'volte, vonr, vowifi, smsoip ...';
COMMENT ON COLUMN line_service.tc_status IS 'TS.43 TC_Status 0 to 3, NULL unknown';
COMMENT ON COLUMN line_service.tc_version IS 'version of the terms that were accepted';
COMMENT ON COLUMN line_service.tc_at IS 'time of that acceptance';
COMMENT ON COLUMN line_service.addr_status IS 'TS.43 AddrStatus 0 to 3, NULL unknown';
COMMENT ON COLUMN line_service.addr_expiry IS 'the address counts as missing from then on';
COMMENT ON COLUMN line_service.addr_identifier IS 'TS.43 AddrIdentifier (the address itself is not kept here)';
COMMENT ON COLUMN line_service.prov_status IS 'TS.43 ProvStatus 0 to 3, NULL unknown';
COMMENT ON COLUMN line_service.override IS 'operator''s word for this line: none, allow, deny, provisioning';
COMMENT ON COLUMN line_service.flow_closed_at IS 'when the user last left the portal';
COMMENT ON COLUMN line_service.revision IS 'grows with every change; part of the content revision';
COMMENT ON COLUMN line_service.updated_at IS 'last change';

CREATE TABLE service_notice (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service     text COLLATE "C" NOT NULL CHECK (service ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    brand       text COLLATE "C" REFERENCES brand,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    effect      text NOT NULL CHECK (effect IN ('info', 'unavailable')),
    message_key text COLLATE "C" NOT NULL CHECK (message_key ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    validity_s  integer NOT NULL DEFAULT 3600 CHECK (validity_s BETWEEN 1 AND 31536000)
);
COMMENT ON TABLE service_notice IS 'Announcements and maintenance windows per service.';
COMMENT ON COLUMN service_notice.id IS 'handle for removal';
COMMENT ON COLUMN service_notice.service IS 'volte, vonr, vowifi, smsoip ...';
COMMENT ON COLUMN service_notice.brand IS 'NULL: all brands';
COMMENT ON COLUMN service_notice.starts_at IS 'active from';
COMMENT ON COLUMN service_notice.ends_at IS 'active until, exclusive';
COMMENT ON COLUMN service_notice.effect IS 'info: message only; unavailable: the service is answered as not available for now';
COMMENT ON COLUMN service_notice.message_key IS 'text in conf/messages';
COMMENT ON COLUMN service_notice.validity_s IS 'validity of documents given out meanwhile, seconds';

CREATE UNLOGGED TABLE eap_session (
    handle      bytea PRIMARY KEY CHECK (octet_length(handle) BETWEEN 16 AND 64),
    imsi        text COLLATE "C" NOT NULL,
    terminal_id text COLLATE "C",
    tac         text COLLATE "C",
    rand        bytea NOT NULL CHECK (octet_length(rand) = 16),
    sqn         bigint NOT NULL,
    state       bytea NOT NULL CHECK (octet_length(state) <= 32768),
    identifier  smallint NOT NULL CHECK (identifier BETWEEN 0 AND 255),
    rounds      smallint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    finished_at timestamptz
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX eap_session_expires ON eap_session (expires_at);
COMMENT ON TABLE eap_session IS 'EAP-AKA exchanges between two HTTP requests. UNLOGGED: a crash loses them, phones start anew.';
COMMENT ON COLUMN eap_session.handle IS 'digest of the cookie';
COMMENT ON COLUMN eap_session.imsi IS 'subscriber who is challenged';
COMMENT ON COLUMN eap_session.terminal_id IS 'lower case, from the first request, NULL when it had none';
COMMENT ON COLUMN eap_session.tac IS 'TAC of that terminal, NULL when it is no IMEI';
COMMENT ON COLUMN eap_session.rand IS 'RAND of the outstanding challenge';
COMMENT ON COLUMN eap_session.sqn IS 'SQN of the outstanding challenge';
COMMENT ON COLUMN eap_session.state IS 'the saved first request, opaque, at most 32 kB';
COMMENT ON COLUMN eap_session.identifier IS 'EAP identifier of the outstanding challenge';
COMMENT ON COLUMN eap_session.rounds IS 'challenges sent so far, at most 3';
COMMENT ON COLUMN eap_session.created_at IS 'first request';
COMMENT ON COLUMN eap_session.expires_at IS 'no answer is taken from then on';
COMMENT ON COLUMN eap_session.finished_at IS 'first answer; repeats are served for 10 s after it';

CREATE TABLE audit (
    id             bigserial PRIMARY KEY,
    at             timestamptz NOT NULL DEFAULT now(),
    actor          text NOT NULL,
    role           text NOT NULL,
    action         text NOT NULL,
    subject_masked text NOT NULL DEFAULT '',
    detail         jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at);
COMMENT ON TABLE audit IS 'Who changed what through the administrative interface. No unmasked identifiers.';
COMMENT ON COLUMN audit.id IS 'order of entry';
COMMENT ON COLUMN audit.at IS 'time';
COMMENT ON COLUMN audit.actor IS 'who';
COMMENT ON COLUMN audit.role IS 'viewer, care, admin, system';
COMMENT ON COLUMN audit.action IS 'what, for example subscriber.set';
COMMENT ON COLUMN audit.subject_masked IS 'on whom, masked';
COMMENT ON COLUMN audit.detail IS 'old and new values without personal data';

CREATE TABLE content_base (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    base            integer NOT NULL DEFAULT 1,
    edges           integer NOT NULL DEFAULT 0,
    notices         text[] NOT NULL DEFAULT '{}',
    policy_checksum text NOT NULL DEFAULT ''
);
INSERT INTO content_base DEFAULT VALUES;
COMMENT ON TABLE content_base IS 'The share of the content revision that is common to all; one row.';
COMMENT ON COLUMN content_base.one IS 'always true';
COMMENT ON COLUMN content_base.base IS 'grows when the policy changes and takes over counters of deleted rows';
COMMENT ON COLUMN content_base.edges IS 'begins and ends of notices that no longer exist';
COMMENT ON COLUMN content_base.notices IS 'service_notice in short, "START END VALIDITY EFFECT SERVICE BRAND-OR-* MESSAGE" each, times in Unix microseconds: read with every request, so kept here';
COMMENT ON COLUMN content_base.policy_checksum IS 'policy that the nodes announced last';

-- Revisions -----------------------------------------------------------------------------------------------------

CREATE FUNCTION bump_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;

CREATE TRIGGER plan_revision BEFORE UPDATE ON plan FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION bump_revision();
CREATE TRIGGER brand_revision BEFORE UPDATE ON brand FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION bump_revision();
CREATE TRIGGER device_model_revision BEFORE UPDATE ON device_model FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION bump_revision();
CREATE TRIGGER device_identity_revision BEFORE UPDATE ON device_identity FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION bump_revision();

-- A change of plan or brand takes the difference of their counters along. The rows that are left behind are locked,
-- so that their counter cannot move at the same time.
CREATE FUNCTION subscriber_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was integer := 0;
    is_now integer := 0;
    n integer;
BEGIN
    IF NEW.plan IS DISTINCT FROM OLD.plan THEN
        SELECT revision INTO n FROM plan WHERE plan.plan = OLD.plan FOR SHARE;
        was := was + coalesce(n, 0);
        SELECT revision INTO n FROM plan WHERE plan.plan = NEW.plan FOR SHARE;
        is_now := is_now + coalesce(n, 0);
    END IF;
    IF NEW.plan IS DISTINCT FROM OLD.plan OR NEW.brand IS DISTINCT FROM OLD.brand THEN
        SELECT b.revision INTO n FROM plan p JOIN brand b ON b.brand = coalesce(OLD.brand, p.brand)
            WHERE p.plan = OLD.plan FOR SHARE OF b;
        was := was + coalesce(n, 0);
        SELECT b.revision INTO n FROM plan p JOIN brand b ON b.brand = coalesce(NEW.brand, p.brand)
            WHERE p.plan = NEW.plan FOR SHARE OF b;
        is_now := is_now + coalesce(n, 0);
    END IF;
    IF NEW.imsi IS DISTINCT FROM OLD.imsi THEN
        RAISE EXCEPTION 'the IMSI of a subscriber cannot be changed' USING ERRCODE = 'check_violation';
    END IF;
    NEW.revision := greatest(NEW.revision, OLD.revision);
    IF (NEW.msisdn, NEW.iccid, NEW.line_state, NEW.plan, NEW.brand, NEW.roaming, NEW.visited_plmn, NEW.language)
       IS DISTINCT FROM
       (OLD.msisdn, OLD.iccid, OLD.line_state, OLD.plan, OLD.brand, OLD.roaming, OLD.visited_plmn, OLD.language) THEN
        NEW.revision := NEW.revision + 1 + greatest(0, was - is_now);
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER subscriber_changed BEFORE UPDATE ON subscriber FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION subscriber_changed();

CREATE FUNCTION line_service_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE subscriber SET revision = revision + OLD.revision + 1 WHERE imsi = OLD.imsi;
        RETURN NULL;
    END IF;
    NEW.revision := OLD.revision + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER line_service_updated BEFORE UPDATE ON line_service FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION line_service_changed();
CREATE TRIGGER line_service_deleted AFTER DELETE ON line_service FOR EACH ROW EXECUTE FUNCTION line_service_changed();

-- A plan that moves to another brand would take the former brand's counter out of its subscribers' sums.
CREATE FUNCTION plan_brand_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := NEW.revision + coalesce((SELECT b.revision FROM brand b WHERE b.brand = OLD.brand FOR SHARE), 0);
    RETURN NEW;
END $$;
CREATE TRIGGER plan_s_brand BEFORE UPDATE ON plan FOR EACH ROW WHEN (OLD.brand IS DISTINCT FROM NEW.brand)
    EXECUTE FUNCTION plan_brand_changed();

CREATE FUNCTION device_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE content_base SET base = base + gone.n + 1 FROM (SELECT max(revision) AS n FROM old_rows) gone
        WHERE gone.n IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER device_model_deleted AFTER DELETE ON device_model REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION device_deleted();
CREATE TRIGGER device_identity_deleted AFTER DELETE ON device_identity REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION device_deleted();

CREATE FUNCTION notice_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE content_base SET edges = edges + 2;
    RETURN NULL;
END $$;
CREATE TRIGGER service_notice_changed AFTER UPDATE OR DELETE ON service_notice FOR EACH ROW
    EXECUTE FUNCTION notice_changed();

CREATE FUNCTION notices_in_short() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE content_base SET notices = coalesce(
        (SELECT array_agg(concat_ws(' ', (extract(epoch FROM starts_at) * 1000000)::bigint, (extract(epoch FROM ends_at) * 1000000)::bigint,
                                    validity_s, effect, service, coalesce(brand, '*'), message_key) ORDER BY id)
         FROM service_notice), '{}');
    RETURN NULL;
END $$;
CREATE TRIGGER service_notice_in_short AFTER INSERT OR UPDATE OR DELETE ON service_notice FOR EACH STATEMENT
    EXECUTE FUNCTION notices_in_short();
