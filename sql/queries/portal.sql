-- SPDX-License-Identifier: Apache-2.0
-- Operator-hosted and third-party pages: what their servers report.

-- name: portal_report
-- $1 partner $2 event_id $3 digest of the reference $4 digest of the report $5 imsi $6 service $7 terms $8 their version
-- $9 address $10 its expiry $11 its identifier $12 provisioning $13 outcome $14 expiry of the reference $15 subject (masked)
-- $16 detail for the audit table; NULL states stay as they are
SELECT verdict, revision, outcome
FROM portal_report($1::text, $2::text, $3::bytea, $4::bytea, $5::text, $6::text, $7::smallint, $8::integer, $9::smallint,
                   $10::timestamptz, $11::text, $12::smallint, $13::text, $14::timestamptz, $15::text, $16::text)

-- name: portal_report_result
-- $1 partner $2 event_id $3 digest of the reference $4 digest of the report $5 imsi $6 outcome $7 expiry of the reference
-- $8 subject (masked) $9 detail $10 actor $11 result $12 boost type $13 key of the purchase $14 seconds, NULL: as the plan says
-- $15 account
SELECT verdict, revision, outcome
FROM portal_report_result($1::text, $2::text, $3::bytea, $4::bytea, $5::text, $6::text, $7::timestamptz, $8::text, $9::text,
                          $10::text, $11::text, $12::smallint, $13::text, $14::integer, $15::bytea)

-- name: portal_flow_get read-only
-- $1 digest of the reference. No row: nothing was reported yet.
SELECT partner, outcome FROM portal_flow WHERE reference = $1::bytea

-- name: portal_flow_take
-- $1 digest of what is handed over $2 partner $3 until when nobody else may report on it. One row: whose it is.
INSERT INTO portal_flow AS p (reference, partner, expires_at) VALUES ($1::bytea, $2::text, $3::timestamptz)
ON CONFLICT (reference) DO UPDATE SET expires_at =
    CASE WHEN p.partner = excluded.partner THEN greatest(p.expires_at, excluded.expires_at) ELSE p.expires_at END
RETURNING partner, outcome

-- name: portal_reap
-- $1 most rows of each: events of 30 days ago, flows whose reference ended a day ago. The larger number of the two.
WITH e AS (
    DELETE FROM portal_event WHERE (partner, event_id) IN (
        SELECT partner, event_id FROM portal_event WHERE at <= now() - interval '30 days'
        ORDER BY at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
), f AS (
    DELETE FROM portal_flow WHERE reference IN (
        SELECT reference FROM portal_flow WHERE expires_at <= now() - interval '1 day'
        ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT greatest((SELECT count(*) FROM e), (SELECT count(*) FROM f))
