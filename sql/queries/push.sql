-- SPDX-License-Identifier: Apache-2.0
-- Registrations of devices, and the outbox that the nodes empty together. The work is in functions of
-- sql/schema/0005_notifications.sql, so that each call is one round trip and one transaction.

-- name: push_register
-- $1 imsi $2 terminal_id $3 app_name $4 channel $5 token $6 its digest $7 apps. 0 registered, 2 bound elsewhere.
SELECT push_register($1::text, $2::text, $3::text, $4::smallint, $5::text, $6::bytea, $7::text[])

-- name: push_unregister
-- $1 imsi $2 terminal_id $3 digest of the token
DELETE FROM push_registration WHERE imsi = $1::text AND terminal_id = $2::text AND token_digest = $3::bytea

-- name: push_list read-only
-- $1 imsi
SELECT id, terminal_id, app_name, channel, apps, registered_at, last_success_at, failures FROM push_registration
WHERE imsi = $1::text ORDER BY terminal_id, app_name, id LIMIT 100

-- name: notify_control
-- $1 enabled $2 sms $3 with ap2004 $4 policy told $5 after s $6 bulk rows $7 campaign rate $8 life time s $9 apps of the hook
UPDATE notify_control SET enabled = $1::boolean, sms = $2::text, with_vowifi = $3::boolean, on_policy = $4::boolean,
    policy_delay_s = $5::integer, bulk_rows = $6::integer, campaign_rate = $7::integer, ttl_s = $8::integer,
    hook_apps = $9::text[]
WHERE (enabled, sms, with_vowifi, on_policy, policy_delay_s, bulk_rows, campaign_rate, ttl_s, hook_apps)
      IS DISTINCT FROM ($1::boolean, $2::text, $3::boolean, $4::boolean, $5::integer, $6::integer, $7::integer, $8::integer,
                        $9::text[])

-- name: notify_take
-- $1 to $6 most rows of channel 1 to 6 $7 lease s. Rows that are due become this node's for the lease; the timestamp of each
-- is above every former one of its device.
WITH due AS (
    SELECT d.id, d.registration FROM unnest('{1,2,3,4,5,6}'::smallint[],
                            ARRAY[$1::integer, $2::integer, $3::integer, $4::integer, $5::integer, $6::integer]) w(channel, most)
    CROSS JOIN LATERAL (
        SELECT n.id, n.registration FROM notification n
        WHERE w.most > 0 AND n.channel = w.channel AND n.not_before <= now()
              AND (n.leased_until IS NULL OR n.leased_until <= now())
        ORDER BY n.not_before LIMIT w.most FOR UPDATE SKIP LOCKED) d
), held AS ( -- whoever replaces a registration waits for its notification: so it is not waited for here
    SELECT r.id FROM push_registration r JOIN due ON due.registration = r.id FOR NO KEY UPDATE OF r SKIP LOCKED
), took AS (
    UPDATE notification n SET leased_until = now() + make_interval(secs => $7::integer), attempts = n.attempts + 1
    FROM due WHERE n.id = due.id AND (due.registration IS NULL OR due.registration IN (SELECT id FROM held))
    RETURNING n.id, n.serial, n.imsi, n.registration, n.channel, n.apps, n.attempts, n.not_before, n.expires_at
), stamped AS (
    UPDATE push_registration r SET last_timestamp = s.stamp
    FROM (SELECT q.id, greatest(extract(epoch FROM now())::bigint,
                    (SELECT max(o.last_timestamp) + 1 FROM push_registration o
                     WHERE o.imsi = q.imsi AND o.terminal_id = q.terminal_id))
                 + row_number() OVER (PARTITION BY q.imsi, q.terminal_id ORDER BY q.id) - 1 AS stamp
          FROM took t JOIN push_registration q ON q.id = t.registration) s
    WHERE r.id = s.id
    RETURNING r.id, r.token, r.last_timestamp
)
SELECT t.id, t.serial, t.imsi, s.msisdn, t.registration, t.channel, t.apps, t.attempts, p.token, p.last_timestamp,
       greatest(extract(epoch FROM t.expires_at - now()), 1)::bigint
FROM took t JOIN subscriber s ON s.imsi = t.imsi LEFT JOIN stamped p ON p.id = t.registration
ORDER BY t.not_before, t.id

-- name: notify_finish
-- $1 id $2 serial $3 class $4 delay ms $5 dead since, Unix seconds $6 push that failed may go by SMS
SELECT notify_finish($1::bigint, $2::bigint, $3::integer, $4::bigint / 1000.0, $5::bigint, $6::boolean)

-- name: notify_keep
-- $1 most rows of each: expired addresses, a page of a campaign, notifications past their time
WITH gone AS (
    DELETE FROM notification WHERE id IN (
        SELECT id FROM notification WHERE expires_at <= now() ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1)
SELECT notify_addresses($1::integer), notify_campaign_step($1::integer), (SELECT count(*) FROM gone)

-- name: notify_depth read-only
-- Per channel: rows, rows that are due, seconds since the oldest of these was due. At most 200,000 rows are counted.
SELECT n.channel, count(*), count(*) FILTER (WHERE n.not_before <= now()),
       coalesce(extract(epoch FROM now() - min(n.not_before) FILTER (WHERE n.not_before <= now())), 0)::bigint
FROM (SELECT channel, not_before FROM notification LIMIT 200000) n GROUP BY n.channel ORDER BY n.channel

-- name: notify_add
-- $1 imsi $2 apps, NULL: all that each device has registered for $3 reason. No row: unknown subscriber; NULL: switched off.
SELECT CASE WHEN c.enabled THEN notify_enqueue(ARRAY[s.imsi], $2::text[], $3::text) END
FROM notify_control c, subscriber s WHERE s.imsi = $1::text

-- name: campaign_add
-- $1 scope $2 value $3 apps $4 reason $5 spread s. NULL: switched off.
SELECT notify_campaign_add($1::text, $2::text, NULL, $3::text[], $4::text, NULL, $5::integer, now())
WHERE $1::text <> 'plan' OR EXISTS (SELECT FROM plan WHERE plan = $2::text)

-- name: campaign_list read-only
-- $1 most rows: open ones first, then the latest
SELECT id, scope, value, apps, reason, spread_s, starts_at, total, walked, queued, done_at FROM notify_campaign
ORDER BY done_at IS NOT NULL, id DESC LIMIT $1::integer

-- name: campaign_cancel
-- $1 id
UPDATE notify_campaign SET done_at = now() WHERE id = $1::bigint AND done_at IS NULL RETURNING id
