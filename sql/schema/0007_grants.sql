-- SPDX-License-Identifier: Apache-2.0
-- Tokens for third parties (TS.43 2.8.6, 14), signs of a changed card or device, misused tokens, portal partners' events.

CREATE UNLOGGED TABLE grant_token (
    digest       bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('temporary', 'operator', 'app')),
    imsi         text COLLATE "C",
    generation   integer,
    terminal     bytea CHECK (octet_length(terminal) = 16),
    app          text COLLATE "C" NOT NULL CHECK (app ~ '^ap[0-9]{4}$'),
    operations   text[] COLLATE "C" NOT NULL CHECK (cardinality(operations) BETWEEN 1 AND 32),
    uses         integer[] NOT NULL CHECK (cardinality(uses) = cardinality(operations)),
    used_at      timestamptz[] NOT NULL DEFAULT '{}',
    used_request bytea[] NOT NULL DEFAULT '{}',
    requestors   text[] COLLATE "C" NOT NULL DEFAULT '{}' CHECK (cardinality(requestors) <= 16),
    client_id    text CHECK (length(client_id) BETWEEN 1 AND 256),
    scope        text CHECK (length(scope) BETWEEN 1 AND 512),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    CHECK (kind = 'app' OR imsi IS NOT NULL),
    CHECK ((imsi IS NULL) = (generation IS NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX grant_token_expires ON grant_token (expires_at);
CREATE INDEX grant_token_imsi ON grant_token (imsi) WHERE imsi IS NOT NULL;
COMMENT ON TABLE grant_token IS 'Temporary, operator and App tokens. UNLOGGED: a crash makes them all void, which third parties are told with 401, and the device asks for a new one. No foreign key: the row outlives its subscriber, so that the holder is told "not found".';
COMMENT ON COLUMN grant_token.digest IS 'SHA-256 of kind and token; the token itself is nowhere';
COMMENT ON COLUMN grant_token.kind IS 'temporary, operator, app';
COMMENT ON COLUMN grant_token.imsi IS 'subscriber for whom it speaks; NULL only for App tokens, which name an application';
COMMENT ON COLUMN grant_token.generation IS 'token generation of the subscriber when it was made: a later one voids it';
COMMENT ON COLUMN grant_token.terminal IS 'digest of the terminal_id that acquired it, NULL when there was none';
COMMENT ON COLUMN grant_token.app IS 'AppID of its acquisition; it is taken with no other';
COMMENT ON COLUMN grant_token.operations IS 'operations it authenticates, in lower case';
COMMENT ON COLUMN grant_token.uses IS 'uses left of each operation, -1: any number';
COMMENT ON COLUMN grant_token.used_at IS 'last counted use of each operation';
COMMENT ON COLUMN grant_token.used_request IS 'digest of the request of that use: a repeat within seconds does not count again';
COMMENT ON COLUMN grant_token.requestors IS 'requestor_ids that may present it, in lower case; none: any';
COMMENT ON COLUMN grant_token.client_id IS 'application that asked for it';
COMMENT ON COLUMN grant_token.scope IS 'what it was asked for, words with blanks between';
COMMENT ON COLUMN grant_token.created_at IS 'when it was made';
COMMENT ON COLUMN grant_token.expires_at IS 'not taken from then on';
COMMENT ON COLUMN grant_token.finished_at IS 'ended before its time: its purpose was reached, or it was revoked';

-- Changed cards and devices ------------------------------------------------------------------------------------

ALTER TABLE subscriber ADD COLUMN sim_changed_at timestamptz;
ALTER TABLE subscriber ADD COLUMN device bytea CHECK (octet_length(device) = 16);
ALTER TABLE subscriber ADD COLUMN device_since timestamptz;
COMMENT ON COLUMN subscriber.sim_changed_at IS 'when the line got another card (ICCID), or the number of another line';
COMMENT ON COLUMN subscriber.device IS 'digest of the terminal_id that last passed a full authentication';
COMMENT ON COLUMN subscriber.device_since IS 'since when it is that one';

CREATE FUNCTION sim_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sim_changed_at := now();
    RETURN NEW;
END $$;
CREATE FUNCTION number_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM subscriber s WHERE s.msisdn = NEW.msisdn AND s.imsi <> NEW.imsi) THEN
        NEW.sim_changed_at := now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER subscriber_card_changed BEFORE UPDATE OF iccid ON subscriber FOR EACH ROW
    WHEN (OLD.iccid IS NOT NULL AND NEW.iccid IS NOT NULL AND OLD.iccid IS DISTINCT FROM NEW.iccid)
    EXECUTE FUNCTION sim_changed();
-- New lines come by the million in an import: one look at all of them. Lines of the same transaction share a number on
-- purpose (several cards of one subscriber).
CREATE FUNCTION numbers_given() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE subscriber s SET sim_changed_at = now() FROM new_rows n
    WHERE s.imsi = n.imsi AND n.msisdn IS NOT NULL
          AND EXISTS (SELECT FROM subscriber o WHERE o.msisdn = n.msisdn AND o.imsi <> n.imsi AND o.created_at < n.created_at);
    RETURN NULL;
END $$;
CREATE TRIGGER subscriber_numbers_given AFTER INSERT ON subscriber REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION numbers_given();
CREATE TRIGGER subscriber_number_moved BEFORE UPDATE OF msisdn ON subscriber FOR EACH ROW
    WHEN (NEW.msisdn IS NOT NULL AND NEW.msisdn IS DISTINCT FROM OLD.msisdn) EXECUTE FUNCTION number_moved();

-- Misused tokens -----------------------------------------------------------------------------------------------

CREATE UNLOGGED TABLE token_misuse (
    imsi           text COLLATE "C" PRIMARY KEY,
    generation     integer NOT NULL,
    times          integer NOT NULL DEFAULT 1,
    window_started timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX token_misuse_window ON token_misuse (window_started);
COMMENT ON TABLE token_misuse IS 'Valid tokens that came from another device than theirs, counted for a while.';
COMMENT ON COLUMN token_misuse.imsi IS 'subscriber of the token';
COMMENT ON COLUMN token_misuse.generation IS 'token generation that was misused';
COMMENT ON COLUMN token_misuse.times IS 'in the present window';
COMMENT ON COLUMN token_misuse.window_started IS 'begin of that window';

-- Operator-hosted and third-party pages ------------------------------------------------------------------------

CREATE TABLE portal_flow (
    reference  bytea PRIMARY KEY CHECK (octet_length(reference) = 32),
    partner    text NOT NULL,
    outcome    text NOT NULL DEFAULT 'open' CHECK (outcome IN ('open', 'changed', 'dismissed')),
    closed_at  timestamptz,
    expires_at timestamptz NOT NULL,
    CHECK ((outcome = 'open') = (closed_at IS NULL))
);
CREATE INDEX portal_flow_expires ON portal_flow (expires_at);
COMMENT ON TABLE portal_flow IS 'Hand-overs to portals that a partner has reported on.';
COMMENT ON COLUMN portal_flow.reference IS 'SHA-256 of the hand-over reference';
COMMENT ON COLUMN portal_flow.partner IS 'name of the partner that reported first; no other may go on';
COMMENT ON COLUMN portal_flow.outcome IS 'open, changed (the flow has ended with a change), dismissed (without one)';
COMMENT ON COLUMN portal_flow.closed_at IS 'end of the flow: nothing is taken with this reference from then on';
COMMENT ON COLUMN portal_flow.expires_at IS 'of the reference; the row goes some time after it';

CREATE TABLE portal_event (
    partner  text NOT NULL CHECK (length(partner) BETWEEN 1 AND 63),
    event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 128),
    request  bytea NOT NULL CHECK (octet_length(request) = 32),
    revision integer NOT NULL,
    outcome  text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner, event_id)
);
CREATE INDEX portal_event_at ON portal_event (at);
COMMENT ON TABLE portal_event IS 'Reports of partners by the number that the partner gave: a repeated one is answered as the first.';
COMMENT ON COLUMN portal_event.partner IS 'name of the partner';
COMMENT ON COLUMN portal_event.event_id IS 'its number of the event';
COMMENT ON COLUMN portal_event.request IS 'SHA-256 of the report: another report under the same number is refused';
COMMENT ON COLUMN portal_event.revision IS 'revision of the line''s service that the report led to; 0: nothing was changed';
COMMENT ON COLUMN portal_event.outcome IS 'as told by the report';
COMMENT ON COLUMN portal_event.at IS 'first receipt';

-- One report, all or nothing: event, flow, state of the line, audit. Each statement sees what others have committed, and
-- the row of the flow is locked first, so that reports on one hand-over come one after the other on all nodes.
CREATE FUNCTION portal_report(p_partner text, p_event text, p_reference bytea, p_request bytea, p_imsi text, p_service text,
    p_terms smallint, p_terms_version integer, p_address smallint, p_address_expiry timestamptz, p_address_id text,
    p_provisioning smallint, p_outcome text, p_expires timestamptz, p_subject text, p_detail text,
    OUT verdict text, OUT revision integer, OUT outcome text) LANGUAGE plpgsql AS $$
DECLARE
    flow portal_flow;
    seen portal_event;
BEGIN
    IF p_outcome = 'late' THEN -- the reference has expired: only what was told in time is answered again
        SELECT * INTO seen FROM portal_event e WHERE e.partner = p_partner AND e.event_id = p_event;
        verdict := CASE WHEN NOT FOUND OR seen.request <> p_request THEN 'expired' ELSE 'repeated' END;
        revision := seen.revision;
        outcome := seen.outcome;
        RETURN;
    END IF;
    INSERT INTO portal_flow (reference, partner, expires_at) VALUES (p_reference, p_partner, p_expires) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT flow FROM portal_flow f WHERE f.reference = p_reference FOR UPDATE;
    SELECT * INTO seen FROM portal_event e WHERE e.partner = p_partner AND e.event_id = p_event;
    IF FOUND THEN
        verdict := CASE WHEN seen.request = p_request THEN 'repeated' ELSE 'other' END;
        revision := seen.revision;
        outcome := seen.outcome;
        RETURN;
    END IF;
    IF flow.closed_at IS NOT NULL OR flow.partner <> p_partner THEN
        verdict := CASE WHEN flow.partner <> p_partner THEN 'foreign' ELSE 'closed' END;
        RETURN;
    END IF;
    revision := 0;
    outcome := p_outcome;
    IF p_outcome <> 'dismissed' THEN
        INSERT INTO line_service AS l (imsi, service, tc_status, tc_version, tc_at, addr_status, addr_expiry, addr_identifier,
                                       prov_status, flow_closed_at)
        SELECT s.imsi, p_service, p_terms, p_terms_version, CASE WHEN p_terms = 1 THEN now() END, p_address, p_address_expiry,
               p_address_id, p_provisioning, CASE WHEN p_outcome = 'changed' THEN now() END
        FROM subscriber s WHERE s.imsi = p_imsi
        ON CONFLICT (imsi, service) DO UPDATE SET
            tc_status = coalesce(excluded.tc_status, l.tc_status), tc_version = coalesce(excluded.tc_version, l.tc_version),
            tc_at = coalesce(excluded.tc_at, l.tc_at), addr_status = coalesce(excluded.addr_status, l.addr_status),
            addr_expiry = coalesce(excluded.addr_expiry, l.addr_expiry),
            addr_identifier = coalesce(excluded.addr_identifier, l.addr_identifier),
            prov_status = coalesce(excluded.prov_status, l.prov_status),
            flow_closed_at = coalesce(excluded.flow_closed_at, l.flow_closed_at)
        RETURNING l.revision INTO revision;
        IF NOT FOUND THEN
            verdict := 'gone';
            RETURN;
        END IF;
    END IF;
    INSERT INTO portal_event (partner, event_id, request, revision, outcome)
        VALUES (p_partner, p_event, p_request, revision, p_outcome);
    IF p_outcome <> 'open' THEN
        UPDATE portal_flow f SET outcome = p_outcome, closed_at = now() WHERE f.reference = p_reference;
    END IF;
    INSERT INTO audit (actor, role, action, subject_masked, detail)
        VALUES ('partner:' || p_partner, 'portal', 'portal.report', p_subject, p_detail::jsonb);
    verdict := 'done';
END $$;
