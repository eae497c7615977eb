-- SPDX-License-Identifier: Apache-2.0
-- The pool of prepared activation codes. Column mine: the row was taken by the call, or by a call of the same procedure
-- ($n: beginning of its call ids).

-- fragment: pool_columns
p.iccid, p.code_sealed, p.address, p.line_imsi, p.msisdn, p.state

-- name: pool_take
-- $1 call id  $2 source  $3 profile type, '' none  $4 count so many free ones at most. The same call gets the same row
-- again; two at once: the second one fails by the unique key and comes again. No row: nothing is free.
WITH old AS (
    SELECT {{pool_columns}} FROM profile_pool p WHERE p.taken_by = $1::text AND p.smdp = $2::text
), pick AS (
    SELECT f.id FROM profile_pool f
    WHERE f.smdp = $2::text AND f.profile_type = $3::text AND f.state = 'free' AND f.id > 0 AND NOT EXISTS (SELECT FROM old)
    ORDER BY f.created_at, f.id LIMIT 1 FOR UPDATE SKIP LOCKED -- by id alone all those given out would be walked over
), new AS (
    UPDATE profile_pool p SET state = 'taken', taken_by = $1::text, taken_at = now() FROM pick WHERE p.id = pick.id
    RETURNING {{pool_columns}}
)
SELECT x.*, true, greatest((SELECT count(*) FROM (SELECT FROM profile_pool s WHERE s.smdp = $2::text AND s.profile_type = $3::text
        AND s.state = 'free' AND s.id > 0 LIMIT $4::integer) c) - (SELECT count(*) FROM new), 0)
FROM (SELECT * FROM old UNION ALL SELECT * FROM new) x

-- name: pool_take_iccid
-- $1 call id  $2 source  $3 ICCID
WITH new AS (
    UPDATE profile_pool p SET state = 'taken', taken_by = $1::text, taken_at = now()
    WHERE p.iccid = $3::text AND p.smdp = $2::text AND p.state = 'free'
    RETURNING {{pool_columns}}
)
SELECT n.*, true, 0::bigint FROM new n
UNION ALL
SELECT {{pool_columns}}, coalesce(p.taken_by = $1::text, false), 0::bigint FROM profile_pool p
WHERE p.iccid = $3::text AND p.smdp = $2::text AND NOT EXISTS (SELECT FROM new)

-- name: pool_give
-- $1 source  $2 ICCID  $3 beginning of call ids. The code goes out; column state as it is from now on.
WITH new AS (
    UPDATE profile_pool p SET state = 'given'
    WHERE p.iccid = $2::text AND p.smdp = $1::text AND p.state = 'taken' AND starts_with(p.taken_by, $3::text)
    RETURNING {{pool_columns}}
)
SELECT n.*, true, 0::bigint FROM new n
UNION ALL
SELECT {{pool_columns}}, coalesce(starts_with(p.taken_by, $3::text), false), 0::bigint FROM profile_pool p
WHERE p.iccid = $2::text AND p.smdp = $1::text AND NOT EXISTS (SELECT FROM new)

-- name: pool_drop
-- $1 source  $2 ICCID  $3 beginning of call ids  $4 it may be used again. Only what nobody has seen becomes free.
WITH new AS (
    UPDATE profile_pool p SET
        state = CASE WHEN $4::boolean AND p.state = 'taken' THEN 'free' ELSE 'void' END,
        taken_by = CASE WHEN $4::boolean AND p.state = 'taken' THEN NULL ELSE p.taken_by END,
        taken_at = CASE WHEN $4::boolean AND p.state = 'taken' THEN NULL ELSE p.taken_at END
    WHERE p.iccid = $2::text AND p.smdp = $1::text AND p.state IN ('taken', 'given') AND starts_with(p.taken_by, $3::text)
    RETURNING {{pool_columns}}
)
SELECT n.*, true, 0::bigint FROM new n
UNION ALL
SELECT {{pool_columns}}, coalesce(starts_with(p.taken_by, $3::text), false), 0::bigint FROM profile_pool p
WHERE p.iccid = $2::text AND p.smdp = $1::text AND NOT EXISTS (SELECT FROM new)

-- name: pool_get read-only
-- $1 source  $2 ICCID
SELECT {{pool_columns}}, false, 0::bigint FROM profile_pool p WHERE p.iccid = $2::text AND p.smdp = $1::text

-- name: pool_stock read-only
-- How much there is, by source and profile type.
SELECT p.smdp, p.profile_type, count(*) FILTER (WHERE p.state = 'free'), count(*) FILTER (WHERE p.state = 'taken'),
       count(*) FILTER (WHERE p.state = 'given'), count(*) FILTER (WHERE p.state = 'void')
FROM profile_pool p WHERE p.id >= 1 GROUP BY p.smdp, p.profile_type ORDER BY p.smdp, p.profile_type LIMIT 1000
