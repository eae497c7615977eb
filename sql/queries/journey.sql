-- SPDX-License-Identifier: Apache-2.0
-- Journeys, profiles and the lists around them, as the operator's interface and the metrics look at them.

-- fragment: journey_common
-- $1 state  $2 kind  $3 stuck only  $4 seconds behind that count as stuck  $5 id below which to look  $6 most rows
($1::text IS NULL OR j.state = $1::text) AND ($2::text IS NULL OR j.kind = $2::text)
AND (NOT $3::boolean OR (j.ended_at IS NULL AND (j.attempts > 0
    OR least(j.due_at, j.deadline_at) < now() - make_interval(secs => $4::integer))))
AND ($5::bigint = 0 OR j.id < $5::bigint)

-- name: journey_list read-only
SELECT {{journey_item}} FROM journey j WHERE {{journey_common}} ORDER BY j.id DESC LIMIT $6::integer

-- name: journey_list_open read-only
SELECT {{journey_item}} FROM journey j WHERE j.ended_at IS NULL AND j.id > 0 AND {{journey_common}} ORDER BY j.id DESC LIMIT $6::integer

-- name: journey_list_of read-only
-- As above; $7 open only, then what it is about: $8 imsi $9 msisdn $10 iccid $11 eid $12 enterprise, those given have to
-- hold all. Candidates by their indexes first.
WITH m AS MATERIALIZED (
    SELECT id FROM journey WHERE imsi = $8::text
    UNION SELECT id FROM journey WHERE imsi IN (SELECT imsi FROM subscriber WHERE msisdn = $9::text)
    UNION SELECT id FROM journey WHERE iccid = $10::text
    UNION SELECT id FROM journey WHERE old_iccid = $10::text
    UNION SELECT id FROM journey WHERE eid = $11::text
    UNION SELECT id FROM journey WHERE enterprise = lower($12::text)
)
SELECT {{journey_item}} FROM journey j
WHERE j.id = ANY (ARRAY(SELECT id FROM m)) AND {{journey_common}} AND (NOT $7::boolean OR j.ended_at IS NULL)
  AND ($8::text IS NULL OR j.imsi = $8::text)
  AND ($9::text IS NULL OR j.imsi IN (SELECT imsi FROM subscriber WHERE msisdn = $9::text))
  AND ($10::text IS NULL OR j.iccid = $10::text OR j.old_iccid = $10::text)
  AND ($11::text IS NULL OR j.eid = $11::text)
  AND ($12::text IS NULL OR j.enterprise = lower($12::text))
ORDER BY j.id DESC LIMIT $6::integer

-- name: journey_timeline read-only
-- $1 journey  $2 most rows: the last ones, in order of time
SELECT id, (extract(epoch FROM at) * 1000000)::bigint, event, state_from, state_to, neighbour, call, detail, us
FROM (SELECT * FROM journey_step WHERE journey = $1::bigint ORDER BY id DESC LIMIT $2::integer) s ORDER BY id

-- name: journey_count read-only
-- $1 most rows that are looked at  $2 seconds behind that count as stuck
SELECT j.kind, j.state, count(*),
       count(*) FILTER (WHERE j.attempts > 0
           OR least(j.due_at, j.deadline_at) < now() - make_interval(secs => $2::integer)), min(j.changed_at)
FROM (SELECT kind, state, attempts, due_at, deadline_at, changed_at FROM journey WHERE ended_at IS NULL AND id > 0 LIMIT $1::integer) j
GROUP BY j.kind, j.state ORDER BY j.kind, j.state

-- name: profile_list read-only
-- $1 imsi or $2 enterprise  $3 most rows
SELECT {{profile_item}} FROM profile p WHERE p.imsi = $1::text OR p.enterprise = lower($2::text)
ORDER BY p.created_at DESC, p.id DESC LIMIT $3::integer -- by id alone everybody's would be walked over

-- fragment: enterprise_shown
e.enterprise_id, e.name, e.state, e.brand, e.max_devices::bigint

-- name: enterprise_list read-only
SELECT {{enterprise_shown}}, coalesce(n.n, 0) FROM enterprise e
LEFT JOIN (SELECT enterprise, count(*) AS n FROM profile WHERE enterprise IS NOT NULL AND status <> 4 GROUP BY 1) n
    ON n.enterprise = e.enterprise_id
ORDER BY e.enterprise_id LIMIT $1::integer

-- name: enterprise_get read-only
SELECT {{enterprise_shown}},
       (SELECT count(*) FROM profile p WHERE p.enterprise = e.enterprise_id AND p.status <> 4)
FROM enterprise e WHERE e.enterprise_id = lower($1::text)

-- name: enterprise_put
-- $1 id $2 name $3 state $4 most devices (-2: left alone, -1: no limit) $5 brand ('': none); NULL leaves alone. true: new.
INSERT INTO enterprise AS e (enterprise_id, name, state, max_devices, brand)
VALUES (lower($1::text), coalesce($2::text, $1::text), coalesce($3::text, 'active'),
        CASE WHEN $4::integer >= 0 THEN $4::integer END, nullif($5::text, ''))
ON CONFLICT (enterprise_id) DO UPDATE SET name = coalesce($2::text, e.name), state = coalesce($3::text, e.state),
    max_devices = CASE WHEN $4::integer = -2 THEN e.max_devices WHEN $4::integer >= 0 THEN $4::integer END,
    brand = CASE WHEN $5::text IS NULL THEN e.brand ELSE nullif($5::text, '') END, updated_at = now()
RETURNING e.xmax = 0

-- name: enterprise_delete
-- Only without living profiles and open journeys. Columns: deleted, there was one.
SELECT r_gone, r_known FROM enterprise_remove($1::text)

-- name: relation_list read-only
SELECT imsi, other_imsi, role FROM line_relation WHERE imsi = $1::text OR other_imsi = $1::text
ORDER BY imsi, other_imsi, role LIMIT 1000

-- name: relation_put
-- $1 line $2 other line $3 role. true: new.
INSERT INTO line_relation AS r (imsi, other_imsi, role) VALUES ($1::text, $2::text, $3::text)
ON CONFLICT (imsi, role, other_imsi) DO UPDATE SET role = excluded.role
RETURNING r.xmax = 0

-- name: relation_delete
-- On either side; how many.
WITH gone AS (
    DELETE FROM line_relation WHERE (imsi = $1::text AND other_imsi = $2::text) OR (imsi = $2::text AND other_imsi = $1::text)
    RETURNING 1
)
SELECT count(*) FROM gone

-- name: offer_list read-only
-- All of them, also those that are not offered now. $1 most rows
SELECT o.plan_id, o.app::bigint, o.brand, o.enterprise, o.service, o.profile_type, o.name, o.description, o.sort::bigint, o.active
FROM plan_offer o ORDER BY o.app, o.sort, o.plan_id LIMIT $1::integer

-- name: offer_put
-- $1 plan_id $2 app $3 brand $4 enterprise $5 service $6 profile_type $7 name $8 description $9 sort (-1: left alone)
-- $10 active (-1: left alone). NULL leaves alone, '' clears; a new one needs no more than its key. true: new.
INSERT INTO plan_offer AS o (plan_id, app, brand, enterprise, service, profile_type, name, description, sort, active)
VALUES ($1::text, $2::integer, nullif($3::text, ''), nullif(lower($4::text), ''), nullif($5::text, ''), nullif($6::text, ''),
        coalesce($7::text, $1::text), coalesce($8::text, ''), CASE WHEN $9::integer < 0 THEN 100 ELSE $9::integer END,
        $10::integer <> 0)
ON CONFLICT (plan_id, app) DO UPDATE SET
    brand = CASE WHEN $3::text IS NULL THEN o.brand ELSE nullif($3::text, '') END,
    enterprise = CASE WHEN $4::text IS NULL THEN o.enterprise ELSE nullif(lower($4::text), '') END,
    service = CASE WHEN $5::text IS NULL THEN o.service ELSE nullif($5::text, '') END,
    profile_type = CASE WHEN $6::text IS NULL THEN o.profile_type ELSE nullif($6::text, '') END,
    name = coalesce($7::text, o.name), description = coalesce($8::text, o.description),
    sort = CASE WHEN $9::integer < 0 THEN o.sort ELSE $9::integer END,
    active = CASE WHEN $10::integer < 0 THEN o.active ELSE $10::integer > 0 END
RETURNING o.xmax = 0

-- name: offer_delete
DELETE FROM plan_offer WHERE plan_id = $1::text AND app = $2::integer RETURNING 1::bigint
