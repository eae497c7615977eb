-- SPDX-License-Identifier: Apache-2.0
-- Accounting: what is still to be told to the operator's accounting servers. Empty while the section accounting is off.

CREATE TABLE accounting_record (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      smallint NOT NULL CHECK (kind IN (1, 7, 8)),
    session   text COLLATE "C" NOT NULL CHECK (session ~ '^[0-9a-f]{16}$'),
    nas       text COLLATE "C" NOT NULL CHECK (octet_length(nas) BETWEEN 1 AND 253),
    user_name text COLLATE "C" NOT NULL DEFAULT '' CHECK (octet_length(user_name) <= 253),
    class     bytea CHECK (octet_length(class) BETWEEN 1 AND 253),
    event_at  timestamptz NOT NULL DEFAULT now(),
    started   boolean NOT NULL DEFAULT false,
    tries     integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 1) = (user_name <> ''))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX accounting_record_next ON accounting_record (next_at);
CREATE INDEX accounting_record_event ON accounting_record (event_at);
CREATE INDEX accounting_record_node ON accounting_record (nas, id) WHERE kind <> 1;
COMMENT ON TABLE accounting_record IS 'Accounting records that no server has answered yet; a row goes when it is answered.';
COMMENT ON COLUMN accounting_record.id IS 'number of the row';
COMMENT ON COLUMN accounting_record.kind IS '1: an authentication (Start and Stop, or one event of Diameter); 7, 8: a node began, ended (Accounting-On, -Off)';
COMMENT ON COLUMN accounting_record.session IS 'Acct-Session-Id: 64 random bits';
COMMENT ON COLUMN accounting_record.nas IS 'node that it happened on: NAS-Identifier, by Diameter its Origin-Host';
COMMENT ON COLUMN accounting_record.user_name IS 'identity that was authenticated';
COMMENT ON COLUMN accounting_record.class IS 'Class of the AAA; NULL: none';
COMMENT ON COLUMN accounting_record.event_at IS 'when it happened';
COMMENT ON COLUMN accounting_record.started IS 'the Start was answered, the Stop was not';
COMMENT ON COLUMN accounting_record.tries IS 'times that a node took the row to send it';
COMMENT ON COLUMN accounting_record.next_at IS 'not taken before then: lease of the node that sends it, or rest after a failure';
