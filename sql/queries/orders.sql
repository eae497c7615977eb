-- SPDX-License-Identifier: Apache-2.0
-- Activation orders.

-- name: order_add
-- $1 imsi  $2 services. Those that have an open order or were provisioned meanwhile are left alone; the line is marked as
-- in progress.
WITH o AS (
    INSERT INTO activation_order (imsi, service)
    SELECT $1::text, s FROM unnest($2::text[]) s
    WHERE NOT EXISTS (SELECT 1 FROM line_service l WHERE l.imsi = $1::text AND l.service = s AND l.prov_status IN (1, 2))
    ON CONFLICT (imsi, service) WHERE done_at IS NULL DO NOTHING
    RETURNING imsi, service
), l AS (
    INSERT INTO line_service (imsi, service, prov_status)
    SELECT imsi, service, 3 FROM o
    ON CONFLICT (imsi, service) DO UPDATE SET prov_status = 3
        WHERE line_service.prov_status IS NULL OR line_service.prov_status NOT IN (1, 2)
    RETURNING 1
)
SELECT count(*) FROM o

-- name: order_list read-only
-- $1 most rows: open orders, oldest first; without those of a line that got provisioned at the same moment.
SELECT o.id, o.imsi, o.service, o.requested_at FROM activation_order o
WHERE o.done_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM line_service l WHERE l.imsi = o.imsi AND l.service = o.service AND l.prov_status IN (1, 2))
ORDER BY o.id LIMIT $1::integer

-- name: order_done
-- $1 id  $2 ProvStatus that the line has from now on (1 provisioned, 0 failed)
WITH o AS (
    UPDATE activation_order SET done_at = now() WHERE id = $1::bigint AND done_at IS NULL RETURNING imsi, service
)
UPDATE line_service l SET prov_status = $2::smallint FROM o WHERE l.imsi = o.imsi AND l.service = o.service
RETURNING l.revision
