-- SPDX-License-Identifier: Apache-2.0
-- The one statement of the hot path: everything the rules need, for a batch of requests. Index look-ups only.
-- A "fragment" is text that other blocks of these files take over by its name in double braces. facts_lines makes several rows
-- of one key: it stands last.

-- fragment: facts_columns
s.imsi, s.msisdn, s.iccid, s.line_state, s.roaming, s.visited_plmn, s.language, s.token_generation,
s.sim_changed_at, s.device, s.device_since,
b.brand, b.default_language, p.plan, p.name, p.features,
m.vendor, m.model, m.category, m.capabilities, i.state,
(c.base + c.edges + coalesce(s.revision, 0) + coalesce(p.revision, 0) + coalesce(b.revision, 0)
 + coalesce(m.revision, 0) + coalesce(i.revision, 0))::bigint,
l.service, l.tc_status, l.tc_version, l.tc_at, l.addr_status, l.addr_expiry, l.addr_identifier, l.prov_status,
l.override, l.flow_closed_at, l.revision,
c.notices, (extract(epoch FROM now()) * 1000000)::bigint, g.registrations,
c.states, s.area, s.enterprise, v.country, v.services, s.non3gpp

-- fragment: facts_joins
JOIN content_base c ON c.one
LEFT JOIN subscriber s ON s.imsi = k.imsi
LEFT JOIN plan p ON p.plan = s.plan
LEFT JOIN brand b ON b.brand = coalesce(s.brand, p.brand)
LEFT JOIN visited_network v ON v.plmn = s.visited_plmn
LEFT JOIN device_model m ON m.tac = k.tac::char(8)
LEFT JOIN device_identity i ON i.terminal_id = k.terminal
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(' ', r.channel, encode(r.token_digest, 'hex'), array_to_string(r.apps, ','),
                               extract(epoch FROM r.registered_at)::bigint, r.app_name)) AS registrations
    FROM push_registration r WHERE r.imsi = s.imsi AND r.terminal_id = k.terminal) g ON true

-- fragment: facts_lines
LEFT JOIN line_service l ON l.imsi = s.imsi

-- name: facts read-only
-- $1 IMSIs, $2 terminal identities in lower case, $3 TACs (NULL elements allowed in $2 and $3)
SELECT k.ord, {{facts_columns}}
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY k(imsi, terminal, tac, ord)
{{facts_joins}}
{{facts_lines}}
