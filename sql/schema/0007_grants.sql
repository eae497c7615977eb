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
CREATE TRIGGER subscriber_number_given BEFORE INSERT ON subscriber FOR EACH ROW WHEN (NEW.msisdn IS NOT NULL)
    EXECUTE FUNCTION number_moved();
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
