-- SPDX-License-Identifier: Apache-2.0
-- Boosts that the BSS charges. The work is in functions of sql/schema/0018_boost_orders.sql.

-- name: boost_order_begin
-- $1 imsi $2 type $3 key $4 seconds that the order may take $5 seconds behind it
SELECT boost_order_begin($1::text, $2::smallint, $3::text, $4::integer, $5::integer)

-- name: boost_order_leave
-- $1 imsi $2 key $3 refused for good $4 reason
SELECT boost_order_leave($1::text, $2::text, $3::boolean, $4::text)

-- name: boost_order_buy
-- $1 imsi $2 type $3 key $4 the BSS works on it $5 its reference, NULL: none $6 actor $7 subject (masked)
SELECT verdict, state, ends_at, seconds
FROM boost_order_buy($1::text, $2::smallint, $3::text, $4::boolean, $5::text, $6::text, $7::text)

-- name: boost_order_take
-- $1 most rows $2 lease s. An order that nobody has bought by in time is taken back.
WITH due AS (
    SELECT imsi, key FROM boost_order WHERE due_at <= now() AND (leased_until IS NULL OR leased_until <= now())
    ORDER BY due_at LIMIT $1::integer FOR UPDATE SKIP LOCKED
), took AS (
    UPDATE boost_order b SET leased_until = now() + $2::integer * interval '1 second', serial = b.serial + 1,
        tries = CASE b.state WHEN 'asked' THEN 1 ELSE b.tries + 1 END,
        changed_at = CASE b.state WHEN 'asked' THEN now() ELSE b.changed_at END,
        state = CASE b.state WHEN 'asked' THEN 'cancel' ELSE b.state END
    FROM due WHERE b.imsi = due.imsi AND b.key = due.key RETURNING b.*
)
SELECT t.imsi, t.key, t.boost_type, t.state, t.reference, t.tries, t.serial, s.msisdn, s.iccid
FROM took t LEFT JOIN subscriber s ON s.imsi = t.imsi

-- name: boost_order_settle
-- $1 imsi $2 key $3 serial $4 state $5 delay s $6 reason $7 subject (masked)
SELECT boost_order_settle($1::text, $2::text, $3::integer, $4::text, $5::integer, $6::text, $7::text)

-- name: boost_order_told
-- $1 key: the BSS has something to tell of this order, which is asked for at once. One row: it is known.
UPDATE boost_order SET due_at = CASE WHEN state = 'asked' THEN due_at ELSE least(due_at, now()) END
WHERE key = $1::text AND due_at IS NOT NULL RETURNING 1::bigint

-- name: boost_order_reap
-- $1 most rows: those that were over 30 days ago, when no reference opens a page any more.
DELETE FROM boost_order WHERE (imsi, key) IN (
    SELECT imsi, key FROM boost_order WHERE due_at IS NULL AND changed_at <= now() - interval '30 days'
    ORDER BY changed_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
