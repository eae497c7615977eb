-- SPDX-License-Identifier: Apache-2.0
-- Where the BSS wants the user to go on (answer "website"): kept with the journey, and given to the device instead of the
-- policy's portal. The functions are those of 0008 with two more members at the end of the list.

ALTER TABLE journey ADD page_url text CHECK (length(page_url) <= 2048), ADD page_data text CHECK (length(page_data) <= 8192);
COMMENT ON COLUMN journey.page_url IS 'page that the BSS has named; NULL: that of the policy';
COMMENT ON COLUMN journey.page_data IS 'user data for it';

CREATE OR REPLACE FUNCTION journey_add(p text[], p_steps integer, p_lease_s integer) RETURNS journey LANGUAGE plpgsql AS $$
DECLARE
    v journey;
BEGIN
    INSERT INTO journey (kind, state, imsi, enterprise, requestor, app, operation_type, terminal_id, target_id, eid, old_id,
                         old_iccid, iccid, service, plan, profile_type, name, vendor, model, sw_version, smdp, address, code,
                         matching_id, bss_reference, line_imsi, msisdn, reason, profile, old_profile, flags, attempts, calls,
                         steps, due_at, deadline_at, ended_at, leased_until, page_url, page_data)
    VALUES (p[3], p[4], p[6], lower(p[7]), nullif(p[8], ''), p[9]::integer, p[10]::smallint, lower(nullif(p[11], '')),
            lower(nullif(p[12], '')), nullif(p[13], ''), lower(nullif(p[14], '')), bare_iccid(p[15]), bare_iccid(p[16]),
            nullif(p[17], ''), nullif(p[18], ''), nullif(p[19], ''), left(nullif(p[20], ''), 256), left(nullif(p[21], ''), 256),
            left(nullif(p[22], ''), 256), left(nullif(p[23], ''), 256), nullif(p[24], ''), nullif(p[25], ''),
            decode(nullif(p[26], ''), 'hex'), decode(nullif(p[27], ''), 'hex'), nullif(p[28], ''), nullif(p[29], ''),
            ltrim(nullif(p[30], ''), '+'), left(coalesce(p[31], ''), 500), nullif(p[32], '0')::bigint,
            nullif(p[33], '0')::bigint, p[34]::integer, p[36]::integer, p[37]::integer, p_steps, unix_time(p[40]),
            unix_time(p[41]), CASE WHEN p[42] <> '0' THEN now() END,
            CASE WHEN p_lease_s > 0 THEN now() + make_interval(secs => p_lease_s) END, nullif(p[44], ''), nullif(p[45], ''))
    ON CONFLICT DO NOTHING RETURNING * INTO v;
    RETURN v;
END $$;

CREATE OR REPLACE FUNCTION journey_set(p text[], p_profile bigint, p_steps integer, p_release boolean, p_lease_s integer)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE journey j SET
        version = j.version + 1, state = p[4], operation_type = p[10]::smallint, terminal_id = lower(nullif(p[11], '')),
        target_id = lower(nullif(p[12], '')), eid = nullif(p[13], ''), old_id = lower(nullif(p[14], '')),
        old_iccid = bare_iccid(p[15]), iccid = bare_iccid(p[16]), service = nullif(p[17], ''), plan = nullif(p[18], ''),
        profile_type = nullif(p[19], ''), name = left(nullif(p[20], ''), 256), vendor = left(nullif(p[21], ''), 256),
        model = left(nullif(p[22], ''), 256), sw_version = left(nullif(p[23], ''), 256), smdp = nullif(p[24], ''),
        address = nullif(p[25], ''), code = decode(nullif(p[26], ''), 'hex'), matching_id = decode(nullif(p[27], ''), 'hex'),
        bss_reference = nullif(p[28], ''), line_imsi = nullif(p[29], ''), msisdn = ltrim(nullif(p[30], ''), '+'),
        reason = left(coalesce(p[31], ''), 500), profile = coalesce(p_profile, nullif(p[32], '0')::bigint),
        -- Told later than at the beginning, by device or portal.
        old_profile = CASE WHEN j.old_iccid IS NULL AND coalesce(p[33], '0') = '0'
                           THEN (SELECT o.id FROM profile o
                                 WHERE o.iccid = bare_iccid(p[15]) AND o.status <> 4
                                       AND (o.imsi = j.imsi OR o.enterprise = j.enterprise))
                           ELSE nullif(p[33], '0')::bigint END,
        flags = p[34]::integer, page_url = nullif(p[44], ''), page_data = nullif(p[45], ''),
        -- Others count polls meanwhile.
        polls = CASE WHEN j.state <> p[4] OR p[35] = '0' THEN 0 ELSE j.polls END,
        attempts = p[36]::integer, calls = p[37]::integer, steps = j.steps + p_steps, changed_at = now(),
        due_at = unix_time(p[40]), deadline_at = unix_time(p[41]),
        ended_at = CASE WHEN p[42] <> '0' THEN coalesce(j.ended_at, now()) END,
        leased_until = CASE WHEN p_release THEN NULL WHEN p_lease_s > 0 THEN now() + make_interval(secs => p_lease_s)
                            ELSE j.leased_until END
    WHERE j.id = p[1]::bigint;
END $$;
