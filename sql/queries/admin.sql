-- SPDX-License-Identifier: Apache-2.0
-- What the administrative interface and the portals read and write. NULL parameters of a "set" leave the column alone.

-- fragment: subscriber_columns
s.imsi, s.msisdn, s.iccid, s.line_state, s.plan, s.brand, s.roaming, s.visited_plmn, s.language, s.token_generation,
s.revision, s.created_at, s.updated_at, EXISTS (SELECT FROM auc a WHERE a.imsi = s.imsi), s.area, s.enterprise

-- name: subscriber_by_imsi read-only
SELECT {{subscriber_columns}} FROM subscriber s WHERE s.imsi = $1::text

-- name: subscriber_by_msisdn read-only
-- One number may be on several lines (multi-SIM).
SELECT {{subscriber_columns}} FROM subscriber s WHERE s.msisdn = $1::text ORDER BY s.imsi LIMIT 100

-- name: subscriber_list read-only
-- $1 IMSI after which to go on ('' for the first page)  $2 most rows
SELECT {{subscriber_columns}} FROM subscriber s WHERE s.imsi > $1::text ORDER BY s.imsi LIMIT $2::integer

-- name: subscriber_upsert
-- $1 imsi $2 msisdn $3 iccid $4 line_state $5 plan $6 brand $7 roaming $8 visited_plmn $9 language $10 area $11 enterprise
-- The whole row as given; revision, tokens and times stay with the database. true: the row is new.
INSERT INTO subscriber AS s (imsi, msisdn, iccid, line_state, plan, brand, roaming, visited_plmn, language, area,
    enterprise)
VALUES ($1::text, $2::text, $3::text, coalesce($4::text, 'active'), $5::text, $6::text, coalesce($7::text, 'unknown'), $8::text, $9::text,
    $10::text, lower($11::text))
ON CONFLICT (imsi) DO UPDATE SET
    msisdn = excluded.msisdn, iccid = excluded.iccid, line_state = excluded.line_state, plan = excluded.plan,
    brand = excluded.brand, roaming = excluded.roaming, visited_plmn = excluded.visited_plmn, language = excluded.language,
    area = excluded.area, enterprise = excluded.enterprise
RETURNING s.xmax = 0

-- name: subscriber_set
-- $1 imsi, then the columns; '' clears a column that may be empty. No row: unknown subscriber.
UPDATE subscriber SET
    msisdn = CASE WHEN $2::text IS NULL THEN msisdn ELSE nullif($2::text, '') END,
    iccid = CASE WHEN $3::text IS NULL THEN iccid ELSE nullif($3::text, '') END,
    line_state = coalesce($4::text, line_state),
    plan = coalesce($5::text, plan),
    brand = CASE WHEN $6::text IS NULL THEN brand ELSE nullif($6::text, '') END,
    roaming = coalesce($7::text, roaming),
    visited_plmn = CASE WHEN $8::text IS NULL THEN visited_plmn ELSE nullif($8::text, '') END,
    language = CASE WHEN $9::text IS NULL THEN language ELSE nullif($9::text, '') END,
    area = CASE WHEN $10::text IS NULL THEN area ELSE nullif($10::text, '') END,
    enterprise = CASE WHEN $11::text IS NULL THEN enterprise ELSE nullif(lower($11::text), '') END
WHERE imsi = $1::text
RETURNING revision

-- name: token_generation_bump
-- $1 imsi: all sealed tokens of the subscriber are void from now on.
UPDATE subscriber SET token_generation = token_generation + 1 WHERE imsi = $1::text RETURNING token_generation

-- name: plan_list read-only
SELECT plan, name, features, brand, revision FROM plan ORDER BY plan LIMIT $1::integer

-- name: plan_add
-- $1 plan $2 name $3 features $4 brand. A plan that exists is a conflict.
INSERT INTO plan (plan, name, features, brand) VALUES ($1::text, $2::text, $3::text[], $4::text) RETURNING revision

-- name: plan_set
-- $1 plan, then the columns; '' clears the brand. No row: unknown plan.
UPDATE plan SET name = coalesce($2::text, name), features = coalesce($3::text[], features),
    brand = CASE WHEN $4::text IS NULL THEN brand ELSE nullif($4::text, '') END
WHERE plan = $1::text
RETURNING revision

-- name: brand_upsert
-- $1 brand $2 name $3 default language
INSERT INTO brand (brand, name, default_language) VALUES ($1::text, $2::text, $3::text)
ON CONFLICT (brand) DO UPDATE SET name = excluded.name, default_language = excluded.default_language
RETURNING revision

-- name: device_model_upsert
-- $1 tac $2 vendor $3 model $4 category $5 capabilities
INSERT INTO device_model (tac, vendor, model, category, capabilities)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text[])
ON CONFLICT (tac) DO UPDATE SET vendor = excluded.vendor, model = excluded.model, category = excluded.category,
    capabilities = excluded.capabilities
RETURNING revision

-- name: device_identity_upsert
-- $1 terminal_id in lower case $2 state $3 reason
INSERT INTO device_identity (terminal_id, state, reason) VALUES ($1::text, $2::text, coalesce($3::text, ''))
ON CONFLICT (terminal_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, updated_at = now()
RETURNING revision

-- name: line_service_upsert
-- $1 imsi $2 service $3 tc_status $4 tc_version $5 tc_at $6 addr_status $7 addr_expiry $8 addr_identifier $9 prov_status
-- $10 override $11 flow_closed_at; NULL leaves the value alone. No row: unknown subscriber.
INSERT INTO line_service AS l (imsi, service, tc_status, tc_version, tc_at, addr_status, addr_expiry, addr_identifier,
                               prov_status, override, flow_closed_at)
SELECT s.imsi, $2::text, $3::smallint, $4::integer, $5::timestamptz, $6::smallint, $7::timestamptz, $8::text,
       $9::smallint, coalesce($10::text, 'none'), $11::timestamptz
FROM subscriber s WHERE s.imsi = $1::text
ON CONFLICT (imsi, service) DO UPDATE SET
    tc_status = coalesce($3::smallint, l.tc_status), tc_version = coalesce($4::integer, l.tc_version),
    tc_at = coalesce($5::timestamptz, l.tc_at), addr_status = coalesce($6::smallint, l.addr_status),
    addr_expiry = coalesce($7::timestamptz, l.addr_expiry), addr_identifier = coalesce($8::text, l.addr_identifier),
    prov_status = coalesce($9::smallint, l.prov_status), override = coalesce($10::text, l.override),
    flow_closed_at = coalesce($11::timestamptz, l.flow_closed_at)
RETURNING l.revision

-- name: line_service_delete
-- $1 imsi $2 service: nothing is known any more
DELETE FROM line_service WHERE imsi = $1::text AND service = $2::text RETURNING revision

-- name: notice_add
-- $1 service $2 brand $3 starts_at $4 ends_at $5 effect $6 message_key $7 validity_s
-- Those that ended a month ago go: every request carries the list.
WITH gone AS (DELETE FROM service_notice WHERE ends_at < now() - interval '30 days')
INSERT INTO service_notice (service, brand, starts_at, ends_at, effect, message_key, validity_s)
VALUES ($1::text, $2::text, $3::timestamptz, $4::timestamptz, $5::text, $6::text, $7::integer)
RETURNING id

-- name: notice_list read-only
-- Present and future ones first, then past ones.
SELECT id, service, brand, starts_at, ends_at, effect, message_key, validity_s FROM service_notice
ORDER BY ends_at <= now(), starts_at, id LIMIT $1::integer

-- name: notice_remove
DELETE FROM service_notice WHERE id = $1::bigint RETURNING id

-- name: audit_insert
-- $1 actor $2 role $3 action $4 subject (masked) $5 detail (JSON object)
INSERT INTO audit (actor, role, action, subject_masked, detail)
VALUES ($1::text, $2::text, $3::text, coalesce($4::text, ''), coalesce($5::text, '{}')::jsonb)

-- name: policy_announce
-- $1 checksum of the loaded policy: a new one raises the content revision of every document.
UPDATE content_base SET base = base + 1, policy_checksum = $1::text WHERE policy_checksum IS DISTINCT FROM $1::text

-- name: ping read-only
SELECT 1::bigint
