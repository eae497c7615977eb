-- SPDX-License-Identifier: Apache-2.0
-- Consent pages. Every change of a session names the step that it begins from, so that a copy of a request does nothing.

-- fragment: sheet_columns
x.imsi, x.terminal, x.tac, x.service, x.stage, x.step, x.terms, x.form, x.expires_at, x.ref

-- name: sheet_open
-- $1 handle $2 ref $3 imsi $4 terminal $5 tac $6 service $7 expires_at $8 end of the reference. No row: the reference was opened before.
INSERT INTO sheet_session (handle, ref, imsi, terminal, tac, service, expires_at, ref_ends_at, reap_at)
VALUES ($1::bytea, $2::bytea, $3::text, $4::bytea, $5::text, $6::text, $7::timestamptz, $8::timestamptz, $7::timestamptz)
ON CONFLICT (ref) DO NOTHING
RETURNING 1::bigint

-- name: sheet_get read-only
-- $1 handle
SELECT {{sheet_columns}} FROM sheet_session x WHERE x.handle = $1::bytea AND (x.expires_at > now()) IS TRUE

-- name: sheet_move
-- $1 handle $2 step $3 new stage $4 accepted version of the terms (NULL: none) $5 form (NULL: none)
-- A finished session stays as long as its reference, which opens no second one.
UPDATE sheet_session SET stage = $3::smallint, terms = $4::integer, form = $5::bytea, step = step + 1,
    reap_at = CASE WHEN $3::smallint IN (4, 6) THEN greatest(reap_at, ref_ends_at) ELSE reap_at END
WHERE handle = $1::bytea AND step = $2::integer AND (expires_at > now()) IS TRUE
RETURNING step::bigint

-- name: sheet_finish
-- $1 handle $2 step $3 new stage $4 tc_version (NULL: the terms stay) $5 addr_status (NULL: the address stays)
-- $6 addr_expiry $7 addr_identifier $8 subject of the audit row, masked $9 its detail
-- Session, line and audit together. No row: the step was taken before, or the subscriber is gone.
WITH x AS (
    UPDATE sheet_session SET stage = $3::smallint, form = NULL, step = step + 1,
        reap_at = greatest(reap_at, ref_ends_at)
    WHERE handle = $1::bytea AND step = $2::integer AND stage < 4 AND (expires_at > now()) IS TRUE
          AND EXISTS (SELECT 1 FROM subscriber s WHERE s.imsi = sheet_session.imsi)
    RETURNING imsi, service
), l AS (
    INSERT INTO line_service AS l (imsi, service, tc_status, tc_version, tc_at, addr_status, addr_expiry, addr_identifier,
                                   flow_closed_at)
    SELECT x.imsi, x.service, CASE WHEN $4::integer IS NULL THEN NULL ELSE 1 END, $4::integer,
           CASE WHEN $4::integer IS NULL THEN NULL ELSE now() END, $5::smallint, $6::timestamptz, $7::text, now()
    FROM x
    ON CONFLICT (imsi, service) DO UPDATE SET
        tc_status = coalesce(excluded.tc_status, l.tc_status), tc_version = coalesce(excluded.tc_version, l.tc_version),
        tc_at = coalesce(excluded.tc_at, l.tc_at), addr_status = coalesce(excluded.addr_status, l.addr_status),
        addr_expiry = CASE WHEN excluded.addr_status IS NULL THEN l.addr_expiry ELSE excluded.addr_expiry END,
        addr_identifier = CASE WHEN excluded.addr_status IS NULL THEN l.addr_identifier ELSE excluded.addr_identifier END,
        flow_closed_at = excluded.flow_closed_at
    RETURNING l.revision
), a AS (
    INSERT INTO audit (actor, role, action, subject_masked, detail)
    SELECT 'subscriber', 'system', 'sheet.finish', $8::text, $9::text::jsonb FROM l
)
SELECT revision::bigint FROM l

-- name: sheet_reap
-- $1 most rows
WITH gone AS (SELECT handle FROM sheet_session WHERE reap_at < now() ORDER BY reap_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
DELETE FROM sheet_session x USING gone WHERE x.handle = gone.handle
