-- SPDX-License-Identifier: Apache-2.0
-- Service availability: what the network can do now, per service, radio access, brand and area; where a line was last; the
-- networks it may visit; the enterprise whose line it is.
--   service_state       states that stand until they are changed
--   availability_feed   where each poll of the operator's own status system has come to
--   visited_network     networks of roaming partners
--
-- Of all states that fit a line the most specific one counts: by area (the longer name), then brand, then radio access;
-- of equal ones the operator's word before that of a feed, then the worse state (src/store/availability_pick.c).

ALTER TABLE subscriber ADD COLUMN area text COLLATE "C"
    CHECK (area ~ '^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$' AND length(area) <= 63 AND area !~ '^(mcc|plmn)-');
ALTER TABLE subscriber ADD COLUMN enterprise text COLLATE "C" REFERENCES enterprise ON DELETE SET NULL;
CREATE INDEX subscriber_enterprise ON subscriber (enterprise) WHERE enterprise IS NOT NULL;
COMMENT ON COLUMN subscriber.area IS 'last known area, a name of the operator''s; parts from large to small with dots between: "north.coast"';
COMMENT ON COLUMN subscriber.enterprise IS 'enterprise that pays for the line, NULL: a private customer';

CREATE TABLE service_state (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source       text COLLATE "C" NOT NULL CHECK (source ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    service      text COLLATE "C" NOT NULL
                 CHECK (service IN ('volte', 'vonr', 'vowifi', 'smsoip', 'data', 'boost', 'billing', 'satellite')),
    rat          text COLLATE "C" CHECK (rat IN ('lte', 'nr', 'wifi', 'satellite')),
    brand        text COLLATE "C" REFERENCES brand ON DELETE CASCADE,
    area         text COLLATE "C" CHECK (area ~ '^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$' AND length(area) <= 63),
    state        text NOT NULL CHECK (state IN ('ready', 'degraded', 'unavailable', 'not-deployed')),
    message_key  text COLLATE "C" CHECK (message_key ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    validity_s   integer CHECK (validity_s BETWEEN 1 AND 31536000),
    since        timestamptz NOT NULL DEFAULT now(),
    expected_end timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (source, service, rat, brand, area)
);
COMMENT ON TABLE service_state IS 'What the network can do now; no row: ready. At most 200 rows: all of them are read with every request.';
COMMENT ON COLUMN service_state.id IS 'handle for removal';
COMMENT ON COLUMN service_state.source IS '"operator", or the name of the feed that told it';
COMMENT ON COLUMN service_state.service IS 'volte, vonr, vowifi, smsoip, data, boost, billing, satellite';
COMMENT ON COLUMN service_state.rat IS 'radio access it is about: lte, nr, wifi, satellite; NULL: all';
COMMENT ON COLUMN service_state.brand IS 'NULL: all brands';
COMMENT ON COLUMN service_state.area IS 'name of an area, with all that lie in it; "mcc-262": lines in that country; "plmn-26201": in that network; NULL: everywhere';
COMMENT ON COLUMN service_state.state IS 'ready; degraded; unavailable: for now; not-deployed: not offered there';
COMMENT ON COLUMN service_state.message_key IS 'text in conf/messages, NULL: that of the policy';
COMMENT ON COLUMN service_state.validity_s IS 'longest validity of documents given out meanwhile, seconds; NULL: the policy''s';
COMMENT ON COLUMN service_state.since IS 'when this state began';
COMMENT ON COLUMN service_state.expected_end IS 'when it is expected to end: documents are valid until then at most; the state stands until it is changed';
COMMENT ON COLUMN service_state.updated_at IS 'last change of the row';

CREATE TABLE availability_feed (
    source       text COLLATE "C" PRIMARY KEY CHECK (source ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    etag         text CHECK (octet_length(etag) <= 256),
    asked_at     timestamptz,
    good_at      timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    wanted_until timestamptz NOT NULL DEFAULT now(),
    error        text NOT NULL DEFAULT ''
);
COMMENT ON TABLE availability_feed IS 'Polls of the operator''s status systems: one node at a time asks.';
COMMENT ON COLUMN availability_feed.source IS 'name in the configuration';
COMMENT ON COLUMN availability_feed.etag IS 'of the document whose states are in service_state; NULL: ask for the whole';
COMMENT ON COLUMN availability_feed.asked_at IS 'last question';
COMMENT ON COLUMN availability_feed.good_at IS 'last answer that could be used, also "nothing new"';
COMMENT ON COLUMN availability_feed.leased_until IS 'a node asks; after this time another one may';
COMMENT ON COLUMN availability_feed.wanted_until IS 'the nodes that have it in their configuration ask again before; then it is nobody''s, and may be forgotten';
COMMENT ON COLUMN availability_feed.error IS 'what was wrong with the last answer, empty: nothing';

CREATE TABLE visited_network (
    plmn     text COLLATE "C" PRIMARY KEY CHECK (plmn ~ '^[0-9]{5,6}$'),
    name     text NOT NULL DEFAULT '' CHECK (octet_length(name) <= 200),
    country  text COLLATE "C" CHECK (country ~ '^[A-Z]{2}$'),
    services text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE visited_network IS 'Networks of roaming partners: what works there by agreement.';
COMMENT ON COLUMN visited_network.plmn IS 'MCC and MNC';
COMMENT ON COLUMN visited_network.name IS 'name for people';
COMMENT ON COLUMN visited_network.country IS 'ISO 3166-1 alpha-2, NULL: not told';
COMMENT ON COLUMN visited_network.services IS 'words: volte, vonr, vowifi, smsoip, data ...';

ALTER TABLE content_base ADD COLUMN states text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN content_base.states IS 'service_state in short, "O-OR-F STATE SERVICE RAT-OR-* BRAND-OR-* AREA-OR-* VALIDITY END MESSAGE" each, O the operator''s, F a feed''s, END in Unix seconds or 0: read with every request, so kept here';

-- Revisions (0001) --------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION subscriber_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was integer := 0;
    is_now integer := 0;
    n integer;
BEGIN
    IF NEW.plan IS DISTINCT FROM OLD.plan THEN
        SELECT revision INTO n FROM plan WHERE plan.plan = OLD.plan FOR SHARE;
        was := was + coalesce(n, 0);
        SELECT revision INTO n FROM plan WHERE plan.plan = NEW.plan FOR SHARE;
        is_now := is_now + coalesce(n, 0);
    END IF;
    IF NEW.plan IS DISTINCT FROM OLD.plan OR NEW.brand IS DISTINCT FROM OLD.brand THEN
        SELECT b.revision INTO n FROM plan p JOIN brand b ON b.brand = coalesce(OLD.brand, p.brand)
            WHERE p.plan = OLD.plan FOR SHARE OF b;
        was := was + coalesce(n, 0);
        SELECT b.revision INTO n FROM plan p JOIN brand b ON b.brand = coalesce(NEW.brand, p.brand)
            WHERE p.plan = NEW.plan FOR SHARE OF b;
        is_now := is_now + coalesce(n, 0);
    END IF;
    IF NEW.imsi IS DISTINCT FROM OLD.imsi THEN
        RAISE EXCEPTION 'the IMSI of a subscriber cannot be changed' USING ERRCODE = 'check_violation';
    END IF;
    NEW.revision := greatest(NEW.revision, OLD.revision);
    IF (NEW.msisdn, NEW.iccid, NEW.line_state, NEW.plan, NEW.brand, NEW.roaming, NEW.visited_plmn, NEW.language, NEW.area,
        NEW.enterprise)
       IS DISTINCT FROM
       (OLD.msisdn, OLD.iccid, OLD.line_state, OLD.plan, OLD.brand, OLD.roaming, OLD.visited_plmn, OLD.language, OLD.area,
        OLD.enterprise) THEN
        NEW.revision := NEW.revision + 1 + greatest(0, was - is_now);
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;

-- States concern many lines; so does a visited network. One writer at a time: who waits sees the rows of the one before.
CREATE FUNCTION states_write() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4316);
    IF (SELECT count(*) FROM service_state) > 200 THEN
        RAISE EXCEPTION 'more than 200 states of services' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE content_base SET base = base + 1, states = coalesce(
        (SELECT array_agg(concat_ws(' ', CASE WHEN source = 'operator' THEN 'O' ELSE 'F' END, state, service,
                                    coalesce(rat, '*'), coalesce(brand, '*'), coalesce(area, '*'), coalesce(validity_s, 0),
                                    coalesce(extract(epoch FROM expected_end)::bigint, 0), coalesce(message_key, ''))
                          ORDER BY id)
         FROM service_state), '{}');
END $$;

-- availability_put() writes once for all its rows.
CREATE FUNCTION states_in_short() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed_rows) AND coalesce(current_setting('entitlementd.states', true), '') <> 'later' THEN
        PERFORM states_write();
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER service_state_new AFTER INSERT ON service_state REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION states_in_short();
CREATE TRIGGER service_state_set AFTER UPDATE ON service_state REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION states_in_short();
CREATE TRIGGER service_state_gone AFTER DELETE ON service_state REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION states_in_short();

CREATE FUNCTION visited_network_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed_rows) THEN
        UPDATE content_base SET base = base + 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER visited_network_new AFTER INSERT ON visited_network REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION visited_network_changed();
CREATE TRIGGER visited_network_set AFTER UPDATE ON visited_network REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION visited_network_changed();
CREATE TRIGGER visited_network_gone AFTER DELETE ON visited_network REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION visited_network_changed();

-- Notifications (0005) ----------------------------------------------------------------------------------------------

-- The same in C: src/store/availability_pick.c.
CREATE FUNCTION area_fits(p_area text, l_area text, l_visited text, l_roaming text, l_imsi text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_area IS NULL THEN true
                WHEN p_area LIKE 'mcc-%' OR p_area LIKE 'plmn-%' THEN
                     coalesce(starts_with(coalesce(l_visited, CASE WHEN l_roaming <> 'roaming' THEN l_imsi END),
                                          split_part(p_area, '-', 2))
                              AND (p_area LIKE 'mcc-%' OR l_visited IS NULL OR l_visited = split_part(p_area, '-', 2)), false)
                ELSE coalesce(l_area = p_area OR starts_with(l_area, p_area || '.'), false) END $$;

CREATE FUNCTION state_apps(p_service text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_service WHEN 'volte' THEN '{ap2003}'::text[] WHEN 'vonr' THEN '{ap2003}' WHEN 'vowifi' THEN '{ap2004}'
                          WHEN 'smsoip' THEN '{ap2005}' WHEN 'data' THEN '{ap2010}' WHEN 'boost' THEN '{ap2010}'
                          WHEN 'billing' THEN '{ap2012}' WHEN 'satellite' THEN '{ap2016}' END $$;

ALTER TABLE notify_campaign ADD COLUMN brand text COLLATE "C";
ALTER TABLE notify_campaign DROP CONSTRAINT notify_campaign_scope_check;
ALTER TABLE notify_campaign ADD CONSTRAINT notify_campaign_scope_check
    CHECK (scope IN ('all', 'plan', 'brand', 'lines', 'services', 'area'));
COMMENT ON COLUMN notify_campaign.scope IS 'all; plan, brand: the lines that have it; area: the lines that were last there; lines, services: rows that one statement changed';
COMMENT ON COLUMN notify_campaign.value IS 'plan, brand, area or service';
COMMENT ON COLUMN notify_campaign.brand IS 'area: only lines of this brand, NULL: of all';

-- The lines that a state is about, at the pace of campaigns.
CREATE FUNCTION state_campaign(p_service text, p_brand text, p_area text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c_apps constant text[] := state_apps(p_service);
BEGIN
    IF p_area IS NULL THEN
        PERFORM notify_campaign_add(CASE WHEN p_brand IS NULL THEN 'all' ELSE 'brand' END, p_brand, NULL, c_apps,
                                    'availability', NULL, NULL, now());
        RETURN;
    END IF;
    IF NOT (SELECT enabled FROM notify_control) THEN
        RETURN;
    END IF;
    UPDATE notify_campaign k SET cursor = '', total = NULL, walked = 0, next_at = now()
    WHERE k.done_at IS NULL AND k.scope = 'area' AND k.reason = 'availability'
          AND (k.value, k.brand, k.apps) IS NOT DISTINCT FROM (p_area COLLATE "C", p_brand COLLATE "C", c_apps);
    IF NOT FOUND THEN
        INSERT INTO notify_campaign (scope, value, brand, apps, reason) VALUES ('area', p_area, p_brand, c_apps, 'availability');
    END IF;
END $$;

-- As in 0005, with the scope area.
CREATE OR REPLACE FUNCTION notify_campaign_step(p_page integer) RETURNS integer LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    c notify_control;
    k notify_campaign;
    by_lines boolean;
    page integer := p_page;
    rate double precision;
    walk text[];
    chosen text[];
    put integer;
    pace double precision;
BEGIN
    SELECT * INTO k FROM notify_campaign WHERE done_at IS NULL AND next_at <= now() ORDER BY next_at LIMIT 1
        FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;
    SELECT * INTO c FROM notify_control;
    by_lines := c.sms IN ('unregistered', 'instead') OR coalesce(k.apps && c.hook_apps, false);
    k.total := coalesce(k.total, notify_campaign_size(by_lines));
    rate := c.campaign_rate;
    IF k.spread_s > 0 THEN
        rate := greatest(k.total, 1)::double precision / k.spread_s;
        page := greatest(1, least(p_page, ceil(rate)::integer));
    END IF;
    IF by_lines THEN
        SELECT array_agg(i ORDER BY i) INTO walk FROM
            (SELECT s.imsi AS i FROM subscriber s WHERE s.imsi > k.cursor ORDER BY s.imsi LIMIT page) w;
    ELSE
        SELECT array_agg(i ORDER BY i) INTO walk FROM
            (SELECT DISTINCT r.imsi AS i FROM push_registration r WHERE r.imsi > k.cursor ORDER BY r.imsi LIMIT page) w;
    END IF;
    SELECT array_agg(s.imsi) INTO chosen FROM unnest(walk) w JOIN subscriber s ON s.imsi = w JOIN plan p ON p.plan = s.plan
    WHERE CASE k.scope
          WHEN 'all' THEN true
          WHEN 'plan' THEN s.plan = k.value
          WHEN 'brand' THEN coalesce(s.brand, p.brand) = k.value
          WHEN 'area' THEN (k.brand IS NULL OR coalesce(s.brand, p.brand) = k.brand)
                           AND area_fits(k.value, s.area, s.visited_plmn, s.roaming, s.imsi)
          WHEN 'lines' THEN s.notify_at = k.changed_at
          ELSE EXISTS (SELECT FROM line_service l WHERE l.imsi = s.imsi AND l.service = k.value AND l.notify_at = k.changed_at)
          END;
    -- By spread the whole walk has its time, else each notification has its share of a second.
    pace := CASE WHEN k.spread_s IS NULL THEN coalesce(cardinality(chosen), 0) WHEN k.spread_s > 0 THEN coalesce(cardinality(walk), 0)
                 ELSE 0 END / rate;
    BEGIN
        put := notify_enqueue(chosen, k.apps, k.reason, pace);
    EXCEPTION WHEN lock_not_available THEN -- somebody's open transaction holds a line of this page
        UPDATE notify_campaign SET next_at = now() + interval '2 seconds', total = k.total WHERE id = k.id;
        RETURN 0;
    END;
    UPDATE notify_campaign SET
        cursor = coalesce(walk[cardinality(walk)], k.cursor), total = k.total, queued = k.queued + put,
        walked = k.walked + coalesce(cardinality(walk), 0),
        next_at = greatest(k.next_at, now() - interval '10 seconds') + make_interval(secs => pace),
        done_at = CASE WHEN coalesce(cardinality(walk), 0) < page THEN now() END
    WHERE id = k.id;
    RETURN put;
END $$;

-- An enterprise is as good as a plan to the policy; an area matters as long as a state by area stands.
DROP TRIGGER notify_mark ON subscriber;
CREATE TRIGGER notify_mark BEFORE UPDATE ON subscriber FOR EACH ROW
    WHEN ((OLD.plan, OLD.line_state, OLD.brand, OLD.enterprise, OLD.area)
          IS DISTINCT FROM (NEW.plan, NEW.line_state, NEW.brand, NEW.enterprise, NEW.area))
    EXECUTE FUNCTION notify_mark();
CREATE OR REPLACE FUNCTION notify_subscriber() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
DECLARE
    c notify_control;
    by_area constant boolean := EXISTS (SELECT FROM service_state WHERE area IS NOT NULL AND area !~ '^(mcc|plmn)-');
    imsis text[];
BEGIN
    SELECT * INTO c FROM notify_control;
    IF NOT c.enabled THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(n.imsi) INTO imsis FROM
        (SELECT n.imsi FROM new_rows n JOIN old_rows o ON o.imsi = n.imsi
         WHERE (n.plan, n.line_state, n.brand, n.enterprise) IS DISTINCT FROM (o.plan, o.line_state, o.brand, o.enterprise)
               OR (by_area AND n.area IS DISTINCT FROM o.area) LIMIT c.bulk_rows + 1) n;
    IF cardinality(imsis) > c.bulk_rows THEN
        PERFORM notify_campaign_add('lines', NULL, now(), NULL, 'subscriber', NULL, NULL, now());
    ELSIF cardinality(imsis) > 0 THEN
        PERFORM notify_enqueue(imsis, NULL, 'subscriber');
    END IF;
    RETURN NULL;
END $$;

-- Changes -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION state_works(p_state text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(p_state, 'ready') IN ('ready', 'degraded') $$;

-- What counts where the row s does not stand: states that are not more special and about some of its lines. All of them
-- work, all of its lines are without the service, or it depends on the line.
CREATE FUNCTION state_beneath(s service_state, OUT r_some_down boolean, OUT r_all_down boolean) LANGUAGE sql STABLE AS $$
    SELECT coalesce(bool_or(NOT o.works), false), coalesce(bool_or(NOT o.works AND o.whole) AND NOT bool_or(o.works), false)
    FROM (SELECT state_works(u.state) AS works,
                 (u.area IS NULL OR u.area = s.area OR starts_with(s.area, u.area || '.')
                  OR (u.area LIKE 'mcc-%' AND starts_with(s.area, 'plmn-' || substr(u.area, 5))))
                 AND (u.brand IS NULL OR u.brand = s.brand) AND (u.rat IS NULL OR u.rat = s.rat) AS whole
          FROM service_state u
          WHERE u.id <> s.id AND u.service = s.service AND (u.rat IS NULL OR s.rat IS NULL OR u.rat = s.rat)
                AND CASE WHEN u.area IS NOT DISTINCT FROM s.area THEN u.brand IS NULL OR u.brand = s.brand
                         WHEN s.area IS NULL THEN false
                         ELSE (u.brand IS NULL OR s.brand IS NULL OR u.brand = s.brand)
                              AND (u.area IS NULL OR starts_with(s.area, u.area || '.')
                                   OR (u.area ~ '^(mcc|plmn)-' AND s.area !~ '^(mcc|plmn)-')
                                   OR (u.area LIKE 'mcc-%' AND starts_with(s.area, 'plmn-' || substr(u.area, 5)))) END) o $$;

-- Told is what makes a difference to documents: whether the service works. 'none', 'recovery' or 'all' of p_tell. Before a row
-- stands and after it has gone (NULL) what is beneath it counts: "ready in the north" is a recovery when it is down elsewhere.
CREATE FUNCTION state_tell(p_tell text, s service_state, p_was text, p_is text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    works constant boolean := state_works(coalesce(p_is, p_was)); -- of the row itself
    under record;
    recovers boolean;
BEGIN
    IF p_was IS NOT NULL AND p_is IS NOT NULL THEN
        IF state_works(p_was) = state_works(p_is) THEN
            RETURN 0;
        END IF;
        recovers := works;
    ELSE
        SELECT * INTO under FROM state_beneath(s);
        IF (works AND NOT under.r_some_down) OR (NOT works AND under.r_all_down) THEN
            RETURN 0;
        END IF;
        recovers := works = (p_is IS NOT NULL);
    END IF;
    IF p_tell = 'none' OR (p_tell = 'recovery' AND NOT recovers) THEN
        RETURN 0;
    END IF;
    PERFORM state_campaign(s.service, s.brand, s.area);
    RETURN 1;
END $$;

-- States that a source tells, as parallel arrays; '' is NULL. p_whole: what it does not tell is over. A row of an unknown
-- brand is left out. p_since '' begins now, unless the same state stands already.
CREATE FUNCTION availability_put(p_source text, p_whole boolean, p_tell text, p_service text[], p_rat text[], p_brand text[],
    p_area text[], p_state text[], p_message text[], p_validity integer[], p_since bigint[], p_end bigint[],
    OUT r_changed integer, OUT r_told integer, OUT r_skipped integer) LANGUAGE plpgsql AS $$
DECLARE
    g record;
    o service_state;
    made service_state;
BEGIN
    r_changed := 0;
    r_told := 0;
    r_skipped := 0;
    PERFORM pg_advisory_xact_lock(4316);
    PERFORM set_config('entitlementd.states', 'later', true);
    IF p_whole THEN
        FOR o IN SELECT * FROM service_state s WHERE s.source = p_source AND NOT EXISTS (
                     SELECT FROM unnest(p_service, p_rat, p_brand, p_area) n(service, rat, brand, area)
                     WHERE (n.service, nullif(n.rat, ''), nullif(n.brand, ''), nullif(n.area, ''))
                           IS NOT DISTINCT FROM (s.service, s.rat, s.brand, s.area))
                 ORDER BY s.id LOOP
            DELETE FROM service_state WHERE id = o.id;
            r_changed := r_changed + 1;
            r_told := r_told + state_tell(p_tell, o, o.state, NULL);
        END LOOP;
    END IF;
    FOR g IN SELECT n.service, nullif(n.rat, '') AS rat, nullif(n.brand, '') AS brand, nullif(n.area, '') AS area, n.state,
                    nullif(n.message, '') AS message, nullif(n.validity, 0) AS validity,
                    CASE WHEN n.since > 0 THEN to_timestamp(n.since) END AS since,
                    CASE WHEN n.ends > 0 THEN to_timestamp(n.ends) END AS ends
             FROM unnest(p_service, p_rat, p_brand, p_area, p_state, p_message, p_validity, p_since, p_end)
                  WITH ORDINALITY n(service, rat, brand, area, state, message, validity, since, ends, ord)
             ORDER BY n.ord LOOP
        IF g.brand IS NOT NULL AND NOT EXISTS (SELECT FROM brand b WHERE b.brand = g.brand) THEN
            r_skipped := r_skipped + 1;
            CONTINUE;
        END IF;
        SELECT * INTO o FROM service_state s WHERE s.source = p_source AND s.service = g.service
            AND (s.rat, s.brand, s.area) IS NOT DISTINCT FROM (g.rat, g.brand, g.area);
        IF o.id IS NULL THEN
            INSERT INTO service_state (source, service, rat, brand, area, state, message_key, validity_s, since, expected_end)
            VALUES (p_source, g.service, g.rat, g.brand, g.area, g.state, g.message, g.validity, coalesce(g.since, now()), g.ends)
            RETURNING * INTO made;
        ELSE
            g.since := coalesce(g.since, CASE WHEN o.state = g.state THEN o.since ELSE now() END);
            CONTINUE WHEN (o.state, o.message_key, o.validity_s, o.since, o.expected_end)
                          IS NOT DISTINCT FROM (g.state, g.message, g.validity, g.since, g.ends);
            UPDATE service_state SET state = g.state, message_key = g.message, validity_s = g.validity, since = g.since,
                   expected_end = g.ends, updated_at = now() WHERE id = o.id
            RETURNING * INTO made;
        END IF;
        r_changed := r_changed + 1;
        r_told := r_told + state_tell(p_tell, made, o.state, g.state);
    END LOOP;
    PERFORM set_config('entitlementd.states', '', true);
    IF r_changed > 0 THEN
        PERFORM states_write();
    END IF;
END $$;

-- Of the operator's own rows those that fit what is given ('' any), or one by its id. Rows that were removed.
CREATE FUNCTION availability_clear(p_id bigint, p_service text, p_rat text, p_brand text, p_area text, p_tell text)
    RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    o service_state;
    n integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(4316);
    FOR o IN SELECT * FROM service_state s
             WHERE CASE WHEN p_id > 0 THEN s.id = p_id
                        ELSE s.source = 'operator' AND p_service IN ('', s.service) AND p_rat IN ('', s.rat)
                             AND p_brand IN ('', s.brand) AND p_area IN ('', s.area) END
             ORDER BY s.id LOOP
        DELETE FROM service_state WHERE id = o.id;
        PERFORM state_tell(p_tell, o, o.state, NULL);
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;
