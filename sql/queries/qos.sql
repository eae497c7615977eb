-- SPDX-License-Identifier: Apache-2.0
-- Requests for quality of service: what is due is taken under a lease, and settled with what has become of it. The rules are
-- in functions of sql/schema/0013_qos.sql, so that each call is one round trip and one transaction.

-- name: qos_take
-- $1 most rows  $2 lease s  $3 age s of an address  $4 networks that use addresses which devices have told
-- $5 networks that this node knows: others are left to nodes that know them, for ten minutes. What is done with a row is read from
-- its locked version: a release that was committed meanwhile stands. Timed requests of a line at one network come one after the other.
WITH due AS (
    SELECT q.id, q.sent, CASE WHEN q.ends_at > now() OR q.ends_at IS NULL OR q.state = 'releasing' THEN q.state
                              WHEN q.sent THEN 'releasing' ELSE 'ended' END AS state, a.imsi AS seen, a.ipv4, a.ipv6
    FROM qos_request q
    LEFT JOIN line_address a ON a.imsi = q.imsi AND q.state = 'wanted' AND q.network = ANY ($4::text[])
         AND a.seen_at > now() - $3::integer * interval '1 second'
    WHERE q.due_at <= now() AND (q.network = ANY ($5::text[]) OR q.due_at < now() - interval '10 minutes')
          AND (q.leased_until IS NULL OR q.leased_until <= now())
          AND NOT (q.state = 'wanted' AND EXISTS (
              SELECT FROM qos_request o WHERE o.imsi = q.imsi AND o.network = q.network AND o.id < q.id AND o.seconds > 0
                     AND o.due_at IS NOT NULL))
    ORDER BY q.due_at LIMIT $1::integer FOR UPDATE OF q SKIP LOCKED
), took AS (
    UPDATE qos_request q SET leased_until = CASE WHEN d.state <> 'ended' THEN now() + $2::integer * interval '1 second' END,
        serial = q.serial + 1, state = d.state, after = CASE WHEN d.state = 'releasing' THEN coalesce(q.after, 'ended') END,
        tries = CASE WHEN d.state = q.state THEN q.tries + 1 ELSE 1 END,
        tried_at = CASE WHEN d.state = q.state THEN coalesce(q.tried_at, now()) ELSE now() END,
        changed_at = CASE WHEN d.state = q.state THEN q.changed_at ELSE now() END,
        due_at = CASE WHEN d.state <> 'ended' THEN q.due_at END,
        sent = q.sent OR d.state = 'wanted',
        ue_ipv4 = CASE WHEN d.seen IS NULL THEN q.ue_ipv4 ELSE d.ipv4 END,
        ue_ipv6 = CASE WHEN d.seen IS NULL THEN q.ue_ipv6 ELSE d.ipv6 END
    FROM due d
    WHERE q.id = d.id
    RETURNING q.*, d.sent AS repeated
)
SELECT t.id, t.serial, t.state, t.network, t.profile, t.imsi, s.msisdn, t.ue_ipv4, t.ue_ipv6, t.handle, t.secret, t.repeated,
       t.tries, greatest(extract(epoch FROM now() - t.tried_at), 0)::bigint, t.seconds,
       extract(epoch FROM t.ends_at)::bigint, t.paid, f.id, f.handle, t.origin, t.host
FROM took t LEFT JOIN subscriber s ON s.imsi = t.imsi
LEFT JOIN LATERAL (SELECT o.id, o.handle FROM qos_request o
                   WHERE t.state = 'wanted' AND o.imsi = t.imsi AND o.network = t.network AND o.id <> t.id
                         AND o.handle IS NOT NULL
                   ORDER BY o.id DESC LIMIT 1) f ON true
WHERE t.state <> 'ended'
ORDER BY t.id

-- name: qos_mark
-- $1 id  $2 serial  $3 handle that the session is about to be asked for with. A row: it is ours still.
UPDATE qos_request SET handle = $3::text WHERE id = $1::bigint AND serial = $2::integer AND due_at IS NOT NULL RETURNING id

-- name: qos_settle
-- $1 id  $2 serial  $3 did  $4 result  $5 handle  $6 end, Unix s  $7 delay s  $8 next query s  $9 renewals  $10 waits for the
-- device  $11 reason  $12 host of the PCRF
SELECT qos_settle($1::bigint, $2::integer, $3::text, $4::text, $5::text, $6::bigint, $7::integer, $8::integer, $9::integer,
                  $10::boolean, $11::text, $12::text)

-- name: qos_secret read-only
-- $1 id
SELECT secret, network FROM qos_request WHERE id = $1::bigint

-- name: qos_by_handle read-only
-- $1 handle. Materialized, else a plan made on an empty table walks the primary key.
WITH h AS MATERIALIZED (SELECT id, network FROM qos_request WHERE handle = $1::text)
SELECT id, network FROM h ORDER BY id DESC LIMIT 1

-- name: qos_told
-- $1 id  $2 handle  $3 what  $4 end, Unix s  $5 next query s  $6 renewals  $7 delay s  $8 reason
SELECT qos_told($1::bigint, $2::text, $3::text, $4::bigint, $5::integer, $6::integer, $7::integer, $8::text)

-- name: qos_seen
-- $1 imsi  $2 ipv4  $3 ipv6. The device is there: what waited for it is due.
WITH seen AS (
    INSERT INTO line_address AS a (imsi, ipv4, ipv6) SELECT s.imsi, $2::text, $3::text FROM subscriber s WHERE s.imsi = $1::text
           AND NOT EXISTS (SELECT FROM line_address o WHERE o.imsi = $1::text AND o.seen_at >= now() - interval '5 minutes'
                           AND (o.ipv4, o.ipv6) IS NOT DISTINCT FROM ($2::text, $3::text))
    ON CONFLICT (imsi) DO UPDATE SET ipv4 = excluded.ipv4, ipv6 = excluded.ipv6, seen_at = now()
        WHERE (a.ipv4, a.ipv6) IS DISTINCT FROM (excluded.ipv4, excluded.ipv6) OR a.seen_at < now() - interval '5 minutes'
)
UPDATE qos_request SET due_at = now(), waits = false
WHERE imsi = $1::text AND waits AND state = 'wanted' AND due_at > now()

-- name: qos_add
-- $1 imsi  $2 network  $3 profile  $4 seconds  $5 origin  $6 reference  $7 paid  $8 ipv4  $9 ipv6. No row: unknown subscriber.
WITH a AS (
    INSERT INTO qos_request AS q (imsi, network, profile, seconds, origin, reference, paid, ue_ipv4, ue_ipv6)
    SELECT s.imsi, $2::text, $3::text, $4::integer, $5::text, $6::text, $7::boolean, $8::text, $9::text
    FROM subscriber s WHERE s.imsi = $1::text
    ON CONFLICT (origin, reference) DO UPDATE SET reference = excluded.reference
    RETURNING q.id, q.state, q.imsi
)
SELECT id, state, imsi = $1::text FROM a

-- name: qos_plan read-only
-- $1 imsi  $2 service: what the line's plan gives to it
SELECT q.network, q.profile, q.seconds FROM subscriber s JOIN plan_qos q ON q.plan = s.plan AND q.service = lower($2::text)
WHERE s.imsi = $1::text

-- name: qos_release
-- $1 id  $2 reason
SELECT state FROM qos_release($1::bigint, $2::text) AS state WHERE state IS NOT NULL

-- name: qos_list read-only
-- $1 imsi  $2 state  $3 below this id  $4 most rows; NULL: any
SELECT q.id, q.origin, q.reference, q.imsi, q.network, q.profile, q.seconds, q.paid, q.state, q.tries, q.renewals, q.waits,
       q.reason, q.created_at, q.changed_at, q.active_at, q.ends_at, q.due_at, q.handle IS NOT NULL, c.state, c.reason
FROM (SELECT r.* FROM qos_request r
      WHERE r.imsi = $1::text AND ($2::text IS NULL OR r.state = $2::text) AND ($3::bigint IS NULL OR r.id < $3::bigint)
      UNION ALL (
      SELECT r.* FROM qos_request r
      WHERE $1::text IS NULL AND ($2::text IS NULL OR r.state = $2::text) AND r.id < coalesce($3::bigint, 9223372036854775807)
      ORDER BY r.id DESC LIMIT $4::integer)) q
LEFT JOIN qos_compensation c ON c.request = q.id
ORDER BY q.id DESC LIMIT $4::integer

-- name: qos_get read-only
-- $1 id
SELECT q.id, q.origin, q.reference, q.imsi, q.network, q.profile, q.seconds, q.paid, q.state, q.tries, q.renewals, q.waits,
       q.reason, q.created_at, q.changed_at, q.active_at, q.ends_at, q.due_at, q.handle IS NOT NULL, c.state, c.reason
FROM qos_request q LEFT JOIN qos_compensation c ON c.request = q.id WHERE q.id = $1::bigint

-- name: plan_qos_list read-only
-- All, at most 1,000.
SELECT plan, service, network, profile, seconds FROM plan_qos ORDER BY plan, service LIMIT 1000

-- name: plan_qos_put
-- $1 plan  $2 service  $3 network  $4 profile  $5 seconds. No row: unknown plan.
INSERT INTO plan_qos (plan, service, network, profile, seconds)
SELECT p.plan, lower($2::text), $3::text, $4::text, $5::integer FROM plan p WHERE p.plan = $1::text
ON CONFLICT (plan, service) DO UPDATE SET network = excluded.network, profile = excluded.profile, seconds = excluded.seconds
RETURNING 1

-- name: plan_qos_remove
-- $1 plan  $2 service
DELETE FROM plan_qos WHERE plan = $1::text AND service = lower($2::text) RETURNING 1

-- name: qos_figures read-only
-- Requests that are open, those that are overdue by more than a minute, compensations that are open and that were refused.
SELECT (SELECT count(*) FROM qos_request WHERE due_at IS NOT NULL),
       (SELECT count(*) FROM qos_request WHERE due_at < now() - interval '1 minute'),
       (SELECT count(*) FROM qos_compensation WHERE due_at IS NOT NULL),
       (SELECT count(*) FROM qos_compensation WHERE state = 'refused')

-- name: qos_compensation_take
-- $1 most rows  $2 lease s. A boost's reference is the line and the key of the purchase (0015): the BSS knows the key.
WITH due AS (
    SELECT request, tries FROM qos_compensation WHERE due_at <= now() AND (leased_until IS NULL OR leased_until <= now())
    ORDER BY due_at LIMIT $1::integer FOR UPDATE SKIP LOCKED
), took AS (
    UPDATE qos_compensation c SET leased_until = now() + $2::integer * interval '1 second', serial = c.serial + 1,
        tries = c.tries + 1
    FROM due WHERE c.request = due.request RETURNING c.*
)
SELECT t.request, t.serial, t.state, t.reference, t.tries, q.imsi, s.msisdn, s.iccid, q.origin,
       CASE WHEN starts_with(q.reference, q.imsi || ':') THEN substr(q.reference, length(q.imsi) + 2) ELSE q.reference END,
       q.profile, q.reason, t.key
FROM took t JOIN qos_request q ON q.id = t.request LEFT JOIN subscriber s ON s.imsi = q.imsi ORDER BY t.request

-- name: qos_compensation_settle
-- $1 request  $2 serial  $3 state  $4 reference at the BSS  $5 delay s  $6 reason
UPDATE qos_compensation SET state = $3::text, reference = coalesce($4::text, reference), reason = left($6::text, 200),
    leased_until = NULL, done_at = CASE WHEN $3::text IN ('done', 'refused') THEN now() END,
    due_at = CASE WHEN $3::text NOT IN ('done', 'refused') THEN now() + $5::integer * interval '1 second' END
WHERE request = $1::bigint AND serial = $2::integer AND due_at IS NOT NULL RETURNING request

-- name: qos_compensation_again
-- $1 request: one that was refused is ordered again
UPDATE qos_compensation SET state = 'due', due_at = now(), done_at = NULL, leased_until = NULL
WHERE request = $1::bigint AND state = 'refused' RETURNING request

-- name: qos_reap
-- $1 days  $2 most rows. Addresses that have not been told for two days are not used any more (section qos address_age).
WITH addresses AS (
    DELETE FROM line_address WHERE imsi = ANY (ARRAY(
        SELECT imsi FROM line_address WHERE seen_at < now() - interval '2 days' ORDER BY seen_at LIMIT $2::integer))
        AND seen_at < now() - interval '2 days'
)
DELETE FROM qos_request WHERE id = ANY (ARRAY(
    SELECT q.id FROM qos_request q WHERE q.due_at IS NULL AND q.changed_at < now() - $1::integer * interval '1 day'
           AND NOT EXISTS (SELECT FROM qos_compensation c WHERE c.request = q.id AND c.due_at IS NOT NULL)
    ORDER BY q.changed_at LIMIT $2::integer))
