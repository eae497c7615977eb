-- SPDX-License-Identifier: Apache-2.0
-- Journeys and profiles. A row goes out as one text[] in the order of the columns that src/store/store_odsa.c lists, as it
-- comes in; changes are functions of sql/schema/0008_odsa.sql.

-- fragment: journey_item
ARRAY[j.id::text, j.version::text, j.kind, j.state, j.key::text, j.imsi, j.enterprise, j.requestor, j.app::text,
      j.operation_type::text, j.terminal_id, j.target_id, j.eid, j.old_id, j.old_iccid, j.iccid, j.service, j.plan,
      j.profile_type, j.name, j.vendor, j.model, j.sw_version, j.smdp, j.address, encode(j.code, 'hex'),
      encode(j.matching_id, 'hex'), j.bss_reference, j.line_imsi, j.msisdn, nullif(j.reason, ''), j.profile::text,
      j.old_profile::text, j.flags::text, j.polls::text, j.attempts::text, j.calls::text,
      extract(epoch FROM j.created_at)::bigint::text, extract(epoch FROM j.changed_at)::bigint::text,
      extract(epoch FROM j.due_at)::bigint::text, extract(epoch FROM j.deadline_at)::bigint::text,
      extract(epoch FROM j.ended_at)::bigint::text, (j.leased_until > now())::integer::text, j.page_url, j.page_data]

-- fragment: profile_item
ARRAY[p.id::text, p.journey::text, p.imsi, p.enterprise, p.app::text, p.iccid, p.eid, p.terminal_id, p.service, p.plan, p.smdp,
      p.address, encode(p.code, 'hex'), p.name, p.vendor, p.model, p.sw_version, p.line_imsi, p.msisdn, p.origin,
      p.status::text, p.secondary::integer::text, p.waiting::integer::text, extract(epoch FROM p.created_at)::bigint::text,
      extract(epoch FROM p.delivered_at)::bigint::text, extract(epoch FROM p.installed_at)::bigint::text,
      extract(epoch FROM p.deleted_at)::bigint::text]

-- fragment: odsa_view_parts
-- $1 imsi $2 enterprise $3 app $4 device that gets the profile $5 its TAC $6 EID $7 ICCIDs $8 device that asks
-- Part 0: what is known of them, the capabilities of the TAC at its end; 2: profiles. Devices of an enterprise are counted
-- where their number has a limit.
SELECT 0::smallint AS part, 0::bigint AS place, ARRAY[
           m.category,
           (SELECT i.state FROM device_identity i WHERE i.terminal_id = lower($4::text)),
           (SELECT i.state FROM device_identity i WHERE i.terminal_id = $6::text),
           (SELECT string_agg(CASE
                WHEN EXISTS (SELECT FROM profile p WHERE p.iccid = bare_iccid(k.iccid) AND p.status <> 4
                                    AND (p.imsi = $1::text OR p.enterprise = lower($2::text))) THEN '1'
                WHEN EXISTS (SELECT FROM subscriber s WHERE s.imsi = $1::text AND bare_iccid(s.iccid) = bare_iccid(k.iccid)) THEN '1'
                WHEN EXISTS (SELECT FROM profile p WHERE p.iccid = bare_iccid(k.iccid) AND p.status <> 4) THEN '3'
                WHEN EXISTS (SELECT FROM subscriber s WHERE rtrim(s.iccid, 'Ff') = bare_iccid(k.iccid)) THEN '3'
                WHEN EXISTS (SELECT FROM profile p WHERE p.iccid = bare_iccid(k.iccid)
                                    AND (p.imsi = $1::text OR p.enterprise = lower($2::text))) THEN '2'
                WHEN EXISTS (SELECT FROM profile p WHERE p.iccid = bare_iccid(k.iccid)) THEN '3'
                ELSE '0' END, '' ORDER BY k.ord)
            FROM unnest($7::text[]) WITH ORDINALITY k(iccid, ord)),
           (SELECT count(*)::text FROM line_relation r WHERE r.imsi = $1::text AND r.role = 'family'),
           e.state, e.max_devices::text, e.brand,
           CASE WHEN e.max_devices IS NULL THEN '0' ELSE
               (SELECT count(*)::text FROM profile p
                WHERE p.enterprise = lower($2::text) AND p.app = $3::integer AND p.status <> 4) END] || m.capabilities AS item
FROM (VALUES (1)) one LEFT JOIN enterprise e ON e.enterprise_id = lower($2::text)
LEFT JOIN device_model m ON m.tac = $5::text::char(8)
UNION ALL
(SELECT 2, p.id, {{profile_item}} FROM profile p
 WHERE (p.imsi = $1::text AND p.app = $3::integer AND p.ended_at IS NULL)
       OR (p.imsi = $1::text AND p.app = $3::integer AND p.ended_at > now() - interval '1 day')
 ORDER BY p.status = 4, p.id LIMIT 64)
UNION ALL
(SELECT 2, p.id, {{profile_item}} FROM profile p
 WHERE p.enterprise = lower($2::text) AND p.app = $3::integer AND p.terminal_id = lower($4::text)
       AND (p.ended_at IS NULL OR p.ended_at > now() - interval '1 day')
 ORDER BY p.status = 4, p.id LIMIT 64)

-- fragment: odsa_view_journeys
-- Open ones (an enterprise's: of the device), and what ended within a day for the device. Part 3.
WHERE ((j.imsi = $1::text AND j.app = $3::integer AND j.ended_at IS NULL)
       OR (j.imsi = $1::text AND j.app = $3::integer AND j.ended_at > now() - interval '1 day'
           AND j.target_id = lower(coalesce($4::text, $8::text)))
       OR (j.enterprise = lower($2::text) AND j.app = $3::integer AND j.target_id = lower($4::text)
           AND (j.ended_at IS NULL OR j.ended_at > now() - interval '1 day')))

-- name: odsa_view read-only
SELECT v.part, v.item FROM (
    {{odsa_view_parts}}
    UNION ALL
    (SELECT 3, -j.id, {{journey_item}} FROM journey j
     {{odsa_view_journeys}}
     ORDER BY j.ended_at IS NOT NULL, j.id DESC LIMIT 64)
) v ORDER BY v.part, v.place

-- name: odsa_view_poll
-- As odsa_view, and counts a poll of the open journeys of the device, without a device of those that the asking one is part of. Several
-- rows are locked in the order of their ids.
WITH counted AS (
    UPDATE journey j SET polls = j.polls + 1
    WHERE j.id = ANY (ARRAY(
        SELECT i.id FROM journey i
        WHERE ((i.imsi = $1::text AND i.app = $3::integer AND i.ended_at IS NULL)
               OR (i.enterprise = lower($2::text) AND i.app = $3::integer AND i.target_id = lower($4::text)
                   AND i.ended_at IS NULL))
              AND (i.target_id = lower($4::text) OR ($4::text IS NULL AND lower($8::text) IN (i.target_id, i.terminal_id)))
        ORDER BY i.id FOR NO KEY UPDATE))
    RETURNING j.id, {{journey_item}} AS item
)
SELECT v.part, v.item FROM (
    {{odsa_view_parts}}
    UNION ALL
    SELECT 3, -c.id, c.item FROM counted c
    UNION ALL
    (SELECT 3, -j.id, {{journey_item}} FROM journey j
     {{odsa_view_journeys}}
     AND NOT EXISTS (SELECT FROM counted c WHERE c.id = j.id)
     ORDER BY j.ended_at IS NOT NULL, j.id DESC LIMIT 64)
) v ORDER BY v.part, v.place

-- name: odsa_poll read-only
-- As odsa_view for a batch of lines whose requests name nothing but the device: most polls.
-- $1 IMSIs $2 applications $3 devices that get the profile, NULL: all $4 their TACs $5 devices that ask
SELECT k.ord, v.part, v.item
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY k(imsi, app, target, tac, terminal, ord)
CROSS JOIN LATERAL (
    SELECT 0::smallint AS part, ARRAY[
               m.category,
               (SELECT i.state FROM device_identity i WHERE i.terminal_id = lower(k.target)),
               NULL, NULL,
               (SELECT count(*)::text FROM line_relation r WHERE r.imsi = k.imsi AND r.role = 'family'),
               NULL, NULL, NULL, '0'] || m.capabilities AS item
    FROM (VALUES (1)) one LEFT JOIN device_model m ON m.tac = k.tac::char(8)
    UNION ALL
    (SELECT 2, {{profile_item}} FROM profile p
     WHERE p.imsi = k.imsi AND p.app = k.app::integer AND (p.ended_at IS NULL OR p.ended_at > now() - interval '1 day')
     ORDER BY p.status = 4, p.id LIMIT 64)
    UNION ALL
    (SELECT 3, {{journey_item}} FROM journey j
     WHERE j.imsi = k.imsi AND j.app = k.app::integer
           AND (j.ended_at IS NULL OR (j.ended_at > now() - interval '1 day' AND j.target_id = lower(coalesce(k.target, k.terminal))))
     ORDER BY j.ended_at IS NOT NULL, j.id DESC LIMIT 64)
) v

-- name: odsa_count_poll
-- $1 imsi $2 app $3 device that gets the profile, NULL: all that the asking device is part of $4 device that asks. Locked in the
-- order of their ids.
UPDATE journey j SET polls = j.polls + 1
WHERE j.id = ANY (ARRAY(
    SELECT i.id FROM journey i
    WHERE i.imsi = $1::text AND i.app = $2::integer AND i.ended_at IS NULL
          AND (i.target_id = lower($3::text) OR ($3::text IS NULL AND lower($4::text) IN (i.target_id, i.terminal_id)))
    ORDER BY i.id FOR NO KEY UPDATE))
RETURNING j.id, j.polls

-- name: journey_move
-- $1 the row $2 changes of profiles $3 event $4 neighbour $5 call $6 detail $7 duration us $8 reason of the notification
-- $9 gives the lease up $10 takes it for so many seconds $11 the line's card becomes the ICCID
SELECT r_verdict, r_id, r_version, r_profile, r_key
FROM journey_move($1::text[], $2::text[], $3::text, $4::text, $5::text, $6::text, $7::bigint, $8::text, $9::boolean,
                  $10::integer, $11::boolean)

-- name: journey_claim
-- $1 id $2 also when it is not due $3 lease s. And the time here, by which due is counted, not before that. What a node whose
-- clock is a little ahead has made due now is due.
UPDATE journey j SET leased_until = now() + make_interval(secs => $3::integer), version = j.version + 1
WHERE j.id = $1::bigint AND j.ended_at IS NULL AND (j.leased_until IS NULL OR j.leased_until <= now())
      AND ($2::boolean OR least(j.due_at, j.deadline_at) <= now() + interval '5 seconds')
RETURNING {{journey_item}},
    greatest(floor(extract(epoch FROM now())),
             CASE WHEN NOT $2::boolean THEN extract(epoch FROM least(j.due_at, j.deadline_at)) END)::bigint

-- name: journey_due read-only
-- $1 most rows
SELECT j.id FROM journey j
WHERE j.ended_at IS NULL AND j.id > 0 AND least(j.due_at, j.deadline_at) <= now()
      AND (j.leased_until IS NULL OR j.leased_until <= now())
ORDER BY least(j.due_at, j.deadline_at) LIMIT $1::integer

-- name: journey_get read-only
-- $1 id
SELECT {{journey_item}} FROM journey j WHERE j.id = $1::bigint

-- name: journey_find read-only
-- $1 key, or NULL $2 reference of the BSS $3 ICCID $4 old ICCID: one of them. An open one before the newest, and
-- what brings a profile before what ends or switches it.
SELECT {{journey_item}} FROM journey j
WHERE j.key = $1::text::uuid OR j.bss_reference = $2::text OR j.iccid = bare_iccid($3::text) OR j.old_iccid = bare_iccid($4::text)
ORDER BY j.ended_at IS NOT NULL, j.kind IN ('end', 'switch', 'manage'), j.id DESC LIMIT 1

-- name: odsa_event_known read-only
-- $1 sender $2 number of the event
SELECT true FROM odsa_event_seen s WHERE s.sender = $1::text AND s.event_id = $2::text

-- name: odsa_event_seen
-- $1 sender $2 number of the event. No row: it was seen before.
INSERT INTO odsa_event_seen (sender, event_id) VALUES ($1::text, $2::text) ON CONFLICT DO NOTHING RETURNING true

-- name: eligibility_poll
-- $1 digest of line and device. The number of this poll on this day.
INSERT INTO eligibility_poll AS e (device) VALUES ($1::bytea)
ON CONFLICT (device) DO UPDATE
    SET polls = CASE WHEN e.day = excluded.day THEN least(e.polls, 1000000) + 1 ELSE 1 END, day = excluded.day
RETURNING polls

-- name: profile_by_iccid read-only
-- $1 ICCID
SELECT {{profile_item}} FROM profile p WHERE p.iccid = bare_iccid($1::text) AND p.status <> 4

-- name: profile_change
-- $1 the change $2 reason of the notification
SELECT r_verdict, r_id FROM profile_change($1::text[], $2::text)

-- name: profile_delivered
-- $1 id
UPDATE profile SET delivered_at = now() WHERE id = $1::bigint AND delivered_at IS NULL

-- name: odsa_reap
-- $1 days that ended ones are kept $2 most rows of each. The largest number of the four. A profile that an open journey is
-- about stays. "id > 0" is what the indexes by time are for.
WITH j AS (
    DELETE FROM journey WHERE id IN (
        SELECT id FROM journey WHERE ended_at <= now() - make_interval(days => $1::integer) AND id > 0
        ORDER BY ended_at LIMIT $2::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
), p AS (
    DELETE FROM profile WHERE id IN (
        SELECT o.id FROM profile o
        WHERE o.ended_at <= now() - make_interval(days => $1::integer) AND o.id > 0
              AND NOT EXISTS (SELECT FROM journey q WHERE q.ended_at IS NULL AND (q.iccid = o.iccid OR q.old_iccid = o.iccid))
        ORDER BY o.ended_at LIMIT $2::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
), e AS (
    DELETE FROM odsa_event_seen WHERE (sender, event_id) IN (
        SELECT sender, event_id FROM odsa_event_seen WHERE at <= now() - interval '30 days'
        ORDER BY at LIMIT $2::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
), q AS (
    DELETE FROM eligibility_poll WHERE device IN (
        SELECT device FROM eligibility_poll WHERE day < (now() AT TIME ZONE 'UTC')::date - 1
        ORDER BY day LIMIT $2::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT greatest((SELECT count(*) FROM j), (SELECT count(*) FROM p), (SELECT count(*) FROM e), (SELECT count(*) FROM q))
