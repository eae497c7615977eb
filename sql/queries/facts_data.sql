-- SPDX-License-Identifier: Apache-2.0
-- Facts together with the rows of ap2010, ap2012, ap2013 and ap2016: for requests that ask for one of these; the others keep
-- to sql/queries/facts.sql. What a request does not ask for is not looked at. Lists are arrays of texts whose parts are separated by the control character 31.

-- name: facts_data read-only
-- $1 IMSIs  $2 terminal identities  $3 TACs  $4 letters of include/ecs/store_data.h  $5 accounts in hexadecimal digits or NULL
SELECT k.ord, {{facts_columns}},
       p.data_sa, a.list, o.list, u.list, n.list,
       bi.state, bi.terms, bi.changed_at, bi.ordered_at, bi.serial,
       pi.pseudonym, pi.ends_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY k(imsi, terminal, tac, data, account, ord)
{{facts_joins}}
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', x.access, x.metered::integer) ORDER BY x.access) AS list
    FROM plan_access x WHERE k.data LIKE '%d%' AND x.plan = p.plan) a ON true
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', coalesce(w.boost_type, r.boost_type), coalesce(w.offer, 'refused'),
                               coalesce(w.seconds, r.seconds), coalesce(r.shown, 'none'),
                               coalesce(extract(epoch FROM r.ends_at)::bigint, 0),
                               coalesce(w.pdb_ms, -1), coalesce(w.jitter_ns, -1), coalesce(w.min_down_mbps, -1),
                               coalesce(w.max_down_mbps, -1), coalesce(w.burst_down_mbps, -1), coalesce(w.min_up_mbps, -1),
                               coalesce(w.max_up_mbps, -1), coalesce(w.burst_up_mbps, -1), coalesce(w.error_exponent, -1),
                               coalesce(w.price, ''))
                     ORDER BY coalesce(w.boost_type, r.boost_type)) AS list
    FROM (SELECT * FROM plan_boost WHERE k.data LIKE '%d%' AND plan_boost.plan = p.plan) w
    FULL JOIN (SELECT DISTINCT ON (d.boost_type) d.boost_type, d.seconds, d.shown, d.ends_at FROM data_boost d
               WHERE k.data LIKE '%d%' AND d.imsi = s.imsi AND d.ended_at IS NULL AND (d.shown = 'pending' OR d.ends_at > now())
               ORDER BY d.boost_type, d.id DESC) r ON r.boost_type = w.boost_type) o ON true
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', x.usage_type, coalesce(extract(epoch FROM x.cycle_end)::bigint, 0),
                               coalesce(x.allowance, -1), x.used, x.name, x.description) ORDER BY x.usage_type, x.bucket) AS list
    FROM (SELECT * FROM data_usage y WHERE k.data LIKE '%d%' AND y.imsi = s.imsi ORDER BY y.bucket LIMIT 100) x) u ON true
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', x.plmn, x.barred::integer, coalesce(x.metered::integer, -1), x.data, x.voice)
                     ORDER BY x.sort, x.id) AS list
    FROM (SELECT y.* FROM satellite_network y WHERE k.data LIKE '%s%' AND y.plan = p.plan
          UNION ALL
          SELECT y.* FROM satellite_network y WHERE k.data LIKE '%s%' AND y.brand = b.brand
                 AND NOT EXISTS (SELECT FROM satellite_network z WHERE z.plan = p.plan)
          UNION ALL
          SELECT y.* FROM satellite_network y WHERE k.data LIKE '%s%' AND y.plan IS NULL AND y.brand IS NULL
                 AND NOT EXISTS (SELECT FROM satellite_network z WHERE z.plan = p.plan)
                 AND NOT EXISTS (SELECT FROM satellite_network z WHERE z.brand = b.brand)) x) n ON true
LEFT JOIN LATERAL (
    SELECT y.* FROM billing_account y
    WHERE k.data LIKE '%b%' AND y.imsi = s.imsi AND y.account = decode(k.account, 'hex') OFFSET 0) bi ON true
LEFT JOIN LATERAL (
    SELECT y.* FROM private_identity y WHERE k.data LIKE '%i%' AND y.imsi = s.imsi OFFSET 0) pi ON true
{{facts_lines}}

-- name: boost_buy
-- $1 imsi $2 type $3 key $4 seconds, NULL: of the plan $5 actor $6 subject (masked)
SELECT verdict, state, ends_at, seconds
FROM boost_buy($1::text, $2::smallint, $3::text, $4::integer, $5::text, $6::text)

-- name: boost_end
-- $1 imsi $2 type $3 actor $4 subject (masked)
SELECT boost_end($1::text, $2::smallint, $3::text, $4::text)

-- name: data_keep
-- $1 most rows of each: boosts whose time is over end (those that the network has not confirmed, with its request); those that
-- have been over for 400 days go. The larger number of the two.
WITH over AS (
    UPDATE data_boost SET ended_at = now(), shown = 'none' WHERE id IN (
        SELECT id FROM data_boost WHERE ended_at IS NULL AND shown <> 'pending' AND ends_at <= now()
        ORDER BY ends_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
), gone AS (
    DELETE FROM data_boost WHERE id IN (
        SELECT id FROM data_boost WHERE ended_at <= now() - interval '400 days'
        ORDER BY ended_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1)
SELECT greatest((SELECT count(*) FROM over), (SELECT count(*) FROM gone))

-- name: billing_set
-- $1 imsi $2 account $3 store_vendor $4 terms, NULL: as they are $5 state $6 force $7 actor $8 subject (masked)
-- $9 serial, 0 any: of an order, for what is still wanted; NULL: no order
SELECT billing_set($1::text, $2::bytea, $3::text, $4::smallint, $5::text, $6::boolean, $7::text, $8::text, $9::bigint)

-- name: billing_claim
-- $1 imsi $2 account $3 seconds until it may be asked again; ten times as long when the BSS has said that it works on it. One
-- row: the caller orders, by this serial.
UPDATE billing_account SET ordered_at = now()
WHERE imsi = $1::text AND account = $2::bytea AND state IN ('wanted', 'ordered')
      AND ((ordered_at IS NULL AND state = 'wanted') OR ordered_at <= now() - $3::integer * CASE state WHEN 'ordered' THEN 10 ELSE 1 END * interval '1 second')
RETURNING serial

-- name: line_data_put
-- $1 kind $2 imsi $3 msisdn $4 account $5 store_vendor $6 key $7 type $8 text $9 more $10 time $11 a $12 b $13 at $14 actor
-- $15 subject (masked) $16 number of the event or NULL
SELECT line_data_put($1::text, $2::text, $3::text, $4::bytea, $5::text, $6::text, $7::smallint, $8::text, $9::text,
                     $10::timestamptz, $11::bigint, $12::bigint, $13::timestamptz, $14::text, $15::text, $16::text)

-- name: line_data_show read-only
-- $1 imsi. One row of JSON; NULL: no such subscriber.
SELECT line_data_show($1::text)

-- name: plan_data_put
-- $1 plan $2 on, off, unknown or NULL $3 access $4 boosts, JSON
SELECT plan_data_put($1::text, $2::text, $3::text::json, $4::text::json)

-- name: plan_data_show read-only
-- $1 plan. One row of JSON; NULL: no such plan.
SELECT plan_data_show($1::text)

-- name: satellite_list read-only
SELECT coalesce(json_agg(json_build_object('plmn', n.plmn, 'plan', n.plan, 'brand', n.brand, 'barred', n.barred,
       'metered', n.metered, 'data', n.data, 'voice', n.voice, 'sort', n.sort)
       ORDER BY n.plan NULLS FIRST, n.brand NULLS FIRST, n.sort, n.id), '[]')::text
FROM (SELECT * FROM satellite_network LIMIT 5000) n

-- name: satellite_put
-- $1 plmn $2 plan $3 brand $4 barred $5 metered, NULL: not told $6 data $7 voice $8 sort
INSERT INTO satellite_network (plmn, plan, brand, barred, metered, data, voice, sort)
VALUES ($1::text, $2::text, $3::text, $4::boolean, $5::boolean, $6::smallint, $7::smallint, $8::integer)
ON CONFLICT (plan, brand, plmn) DO UPDATE SET barred = excluded.barred, metered = excluded.metered, data = excluded.data,
       voice = excluded.voice, sort = excluded.sort

-- name: satellite_delete
-- $1 plmn $2 plan $3 brand
DELETE FROM satellite_network WHERE plmn = $1::text AND plan IS NOT DISTINCT FROM $2::text
       AND brand IS NOT DISTINCT FROM $3::text
