-- SPDX-License-Identifier: Apache-2.0
-- The BSS: plans that are offered for eSIM profiles and orders of the built-in (local) BSS; registrations at the hubs of a
-- foreign one and how far its changes have been read.

CREATE TABLE plan_offer (
    plan_id      text COLLATE "C" NOT NULL CHECK (plan_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    app          integer NOT NULL CHECK (app IN (2006, 2009, 2011)),
    brand        text COLLATE "C" REFERENCES brand,
    enterprise   text COLLATE "C" CHECK (length(enterprise) BETWEEN 1 AND 64),
    service      text COLLATE "C" CHECK (service ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    profile_type text COLLATE "C" CHECK (profile_type ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$'),
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description  text NOT NULL DEFAULT '' CHECK (length(description) <= 500),
    sort         integer NOT NULL DEFAULT 100,
    active       boolean NOT NULL DEFAULT true,
    PRIMARY KEY (plan_id, app)
);
CREATE INDEX plan_offer_app ON plan_offer (app, sort, plan_id) WHERE active;
COMMENT ON TABLE plan_offer IS 'Plans that the local BSS offers for eSIM profiles (AcquirePlan, portal).';
COMMENT ON COLUMN plan_offer.plan_id IS 'key, told to devices as PlanId';
COMMENT ON COLUMN plan_offer.app IS '2006 companion, 2009 primary, 2011 enterprise';
COMMENT ON COLUMN plan_offer.brand IS 'lines of this brand only; NULL: all';
COMMENT ON COLUMN plan_offer.enterprise IS 'of this enterprise only; NULL: all';
COMMENT ON COLUMN plan_offer.service IS 'SharedNumber, DiffNumber ...; NULL: any';
COMMENT ON COLUMN plan_offer.profile_type IS 'that the SM-DP+ is asked for; NULL: its default';
COMMENT ON COLUMN plan_offer.name IS 'for the user';
COMMENT ON COLUMN plan_offer.description IS 'for the user';
COMMENT ON COLUMN plan_offer.sort IS 'lower ones come first';
COMMENT ON COLUMN plan_offer.active IS 'false: no longer offered';

CREATE TABLE local_order (
    key          text COLLATE "C" PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 64),
    action       text NOT NULL CHECK (action IN ('subscribe', 'transfer', 'recover', 'end', 'end-old', 'confirm', 'service-on', 'service-off')),
    imsi         text COLLATE "C",
    enterprise   text COLLATE "C",
    app          text COLLATE "C",
    target_id    text COLLATE "C",
    eid          text COLLATE "C",
    iccid        text COLLATE "C",
    old_iccid    text COLLATE "C",
    service      text COLLATE "C",
    plan         text COLLATE "C",
    asked        integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz NOT NULL DEFAULT now(),
    cancelled_at timestamptz
);
CREATE INDEX local_order_imsi ON local_order (imsi) WHERE imsi IS NOT NULL;
CREATE INDEX local_order_created ON local_order (created_at);
COMMENT ON TABLE local_order IS 'What was ordered at the local BSS; a key is ordered once.';
COMMENT ON COLUMN local_order.key IS 'of the logical call';
COMMENT ON COLUMN local_order.action IS 'subscribe, transfer, recover, end, end-old, confirm, service-on, service-off';
COMMENT ON COLUMN local_order.imsi IS 'line; NULL: of an enterprise';
COMMENT ON COLUMN local_order.enterprise IS 'enterprise; NULL: of a line';
COMMENT ON COLUMN local_order.app IS 'ap2006, ap2009, ap2011';
COMMENT ON COLUMN local_order.target_id IS 'device that gets or has the profile';
COMMENT ON COLUMN local_order.eid IS 'of it';
COMMENT ON COLUMN local_order.iccid IS 'of the profile';
COMMENT ON COLUMN local_order.old_iccid IS 'of the profile that goes';
COMMENT ON COLUMN local_order.service IS 'SharedNumber ...';
COMMENT ON COLUMN local_order.plan IS 'plan_offer.plan_id';
COMMENT ON COLUMN local_order.asked IS 'how often it came with this key';
COMMENT ON COLUMN local_order.created_at IS 'first time';
COMMENT ON COLUMN local_order.done_at IS 'carried out from then on (bss.local_async)';
COMMENT ON COLUMN local_order.cancelled_at IS 'cancelled; NULL: not';

CREATE TABLE bss_hub (
    api           text COLLATE "C" NOT NULL CHECK (length(api) BETWEEN 1 AND 63),
    callback      text COLLATE "C" NOT NULL,
    hub_id        text NOT NULL DEFAULT '',
    registered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (api, callback)
);
COMMENT ON TABLE bss_hub IS 'Our registrations as listener at the hubs of the BSS (TMF630).';
COMMENT ON COLUMN bss_hub.api IS 'name of the path: service-hub, product-hub ...';
COMMENT ON COLUMN bss_hub.callback IS 'address that was told';
COMMENT ON COLUMN bss_hub.hub_id IS 'id of the registration there; empty: not told';
COMMENT ON COLUMN bss_hub.registered_at IS 'when';

CREATE TABLE bss_cursor (
    what       text COLLATE "C" PRIMARY KEY CHECK (what IN ('service', 'product')),
    since      timestamptz,
    page       integer NOT NULL DEFAULT 0 CHECK (page >= 0),
    began_at   timestamptz,
    leased_to  timestamptz,
    seen       bigint NOT NULL DEFAULT 0,
    changed    bigint NOT NULL DEFAULT 0
);
INSERT INTO bss_cursor (what) VALUES ('service'), ('product');
COMMENT ON TABLE bss_cursor IS 'How far the changes of a foreign BSS have been read (bss.sync_every).';
COMMENT ON COLUMN bss_cursor.what IS 'service (TMF638) or product (TMF637)';
COMMENT ON COLUMN bss_cursor.since IS 'changes up to then have been read; NULL: none yet';
COMMENT ON COLUMN bss_cursor.page IS 'rows of the present pass that have been read';
COMMENT ON COLUMN bss_cursor.began_at IS 'begin of the present pass; NULL: none is under way';
COMMENT ON COLUMN bss_cursor.leased_to IS 'a node is at work on it until then';
COMMENT ON COLUMN bss_cursor.seen IS 'rows read so far';
COMMENT ON COLUMN bss_cursor.changed IS 'rows of ours that were changed by them';
