-- SPDX-License-Identifier: Apache-2.0
-- The local BSS; hub registrations; reading the changes of a foreign BSS.

-- name: plan_offers read-only
-- $1 app  $2 imsi  $3 enterprise  $4 service  $5 plan_id; NULL: not asked for. Plans for all brands and those of the line's or enterprise's.
SELECT o.plan_id, o.name, o.description, o.profile_type, o.service FROM plan_offer o
WHERE o.active AND o.app = $1::integer
      AND (o.brand IS NULL OR o.brand = (SELECT coalesce(s.brand, p.brand) FROM subscriber s JOIN plan p ON p.plan = s.plan
                                         WHERE s.imsi = $2::text)
           OR o.brand = (SELECT e.brand FROM enterprise e WHERE e.enterprise_id = lower($3::text)))
      AND (o.enterprise IS NULL OR o.enterprise = $3::text)
      AND (o.service IS NULL OR $4::text IS NULL OR lower(o.service) = lower($4::text))
      AND ($5::text IS NULL OR o.plan_id = $5::text)
ORDER BY o.sort, o.plan_id LIMIT 100

-- name: local_order_put
-- $1 key  $2 action  $3 imsi  $4 enterprise  $5 app  $6 target_id  $7 eid  $8 iccid  $9 old_iccid  $10 service  $11 plan
-- $12 seconds until it is done. One row per key, whoever comes first.
INSERT INTO local_order AS o (key, action, imsi, enterprise, app, target_id, eid, iccid, old_iccid, service, plan, done_at)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text, $10::text, $11::text,
        now() + $12::integer * interval '1 second')
ON CONFLICT (key) DO UPDATE SET asked = o.asked + 1
RETURNING o.action, o.cancelled_at IS NOT NULL, o.done_at <= now()

-- name: local_order_get read-only
-- $1 key
SELECT o.action, o.cancelled_at IS NOT NULL, o.done_at <= now() FROM local_order o WHERE o.key = $1::text

-- name: local_order_cancel
-- $1 key
UPDATE local_order o SET cancelled_at = coalesce(o.cancelled_at, now()) WHERE o.key = $1::text
RETURNING o.action, true, o.done_at <= now()

-- name: local_order_reap
-- $1 days  $2 most rows
DELETE FROM local_order WHERE key IN (SELECT key FROM local_order WHERE created_at < now() - $1::integer * interval '1 day'
                                      ORDER BY created_at LIMIT $2::integer)

-- name: bss_hub_known read-only
-- $1 api  $2 callback
SELECT hub_id FROM bss_hub WHERE api = $1::text AND callback = $2::text

-- name: bss_hub_put
-- $1 api  $2 callback  $3 id there
INSERT INTO bss_hub (api, callback, hub_id) VALUES ($1::text, $2::text, $3::text)
ON CONFLICT (api, callback) DO UPDATE SET hub_id = excluded.hub_id, registered_at = now()

-- name: bss_sync_claim
-- $1 what  $2 seconds between two passes  $3 seconds of the lease. A pass begins, or goes on where another node left it.
UPDATE bss_cursor c SET leased_to = now() + $3::integer * interval '1 second', began_at = coalesce(c.began_at, now()),
       page = CASE WHEN c.began_at IS NULL THEN 0 ELSE c.page END
WHERE c.what = $1::text AND (c.leased_to IS NULL OR c.leased_to < now())
      AND (c.began_at IS NOT NULL OR c.since IS NULL OR c.since < now() - $2::integer * interval '1 second')
RETURNING c.since, c.page, c.began_at

-- name: bss_sync_page
-- $1 what  $2 rows of the pass that have been read, -1: the pass is over  $3 rows of this page  $4 changed. The lease ends:
-- any node goes on.
UPDATE bss_cursor c SET page = greatest($2::integer, 0), seen = c.seen + $3::integer, changed = c.changed + $4::integer,
       since = CASE WHEN $2::integer < 0 THEN c.began_at ELSE c.since END,
       began_at = CASE WHEN $2::integer < 0 THEN NULL ELSE c.began_at END, leased_to = NULL
WHERE c.what = $1::text

-- name: bss_sync_drop
-- $1 what. The BSS does not answer: nobody asks it for a minute.
UPDATE bss_cursor SET leased_to = now() + interval '60 seconds' WHERE what = $1::text

-- name: bss_line_services
-- $1 imsi of each row  $2 msisdn  $3 service  $4 TS.43 ProvStatus. NULL imsi: by number, where one line has it. What is so
-- already is left alone; unknown lines are skipped.
WITH told AS (
    SELECT DISTINCT ON (s.imsi, t.service) s.imsi, t.service, t.state::smallint AS state
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t(imsi, msisdn, service, state, n)
    JOIN subscriber s ON s.imsi = t.imsi
         OR (t.imsi IS NULL AND s.msisdn = t.msisdn
             AND NOT EXISTS (SELECT FROM subscriber x WHERE x.msisdn = t.msisdn AND x.imsi <> s.imsi))
    ORDER BY s.imsi, t.service, t.n DESC
), put AS (
    INSERT INTO line_service AS l (imsi, service, prov_status) SELECT imsi, service, state FROM told ORDER BY imsi, service
    ON CONFLICT (imsi, service) DO UPDATE SET prov_status = excluded.prov_status
        WHERE l.prov_status IS DISTINCT FROM excluded.prov_status
    RETURNING 1
)
SELECT count(*) FROM put

-- name: bss_lines
-- $1 imsi of each row  $2 msisdn  $3 line_state  $4 plan; NULL: unchanged. Plans that we do not have are left out.
WITH told AS (
    SELECT DISTINCT ON (s.imsi) s.imsi, t.state, (SELECT p.plan FROM plan p WHERE p.plan = t.plan) AS plan
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t(imsi, msisdn, state, plan, n)
    JOIN subscriber s ON s.imsi = t.imsi
         OR (t.imsi IS NULL AND s.msisdn = t.msisdn
             AND NOT EXISTS (SELECT FROM subscriber x WHERE x.msisdn = t.msisdn AND x.imsi <> s.imsi))
    ORDER BY s.imsi, t.n DESC
), put AS (
    UPDATE subscriber s SET line_state = coalesce(t.state, s.line_state), plan = coalesce(t.plan, s.plan)
    FROM told t WHERE s.imsi = t.imsi
         AND (coalesce(t.state, s.line_state), coalesce(t.plan, s.plan)) IS DISTINCT FROM (s.line_state, s.plan)
    RETURNING 1
)
SELECT count(*) FROM put
