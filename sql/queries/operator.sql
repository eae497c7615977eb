-- SPDX-License-Identifier: Apache-2.0
-- What the operator's interface reads and removes besides admin.sql.

-- name: device_model_get read-only
SELECT tac::text, vendor, model, category, capabilities, revision FROM device_model WHERE tac = $1::char(8)

-- name: device_identity_get read-only
-- $1 terminal_id in lower case
SELECT state, reason, updated_at FROM device_identity WHERE terminal_id = $1::text

-- name: device_identity_delete
-- $1 terminal_id in lower case
DELETE FROM device_identity WHERE terminal_id = $1::text RETURNING revision

-- name: audit_list read-only
-- $1 id below which to look (0: from the latest)  $2 most rows
SELECT id, at, actor, role, action, subject_masked, detail::text FROM audit
WHERE $1::bigint = 0 OR id < $1::bigint ORDER BY id DESC LIMIT $2::integer
