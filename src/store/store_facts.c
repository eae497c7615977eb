/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a request: rows of sql/queries/facts.sql, one per service of the line, into one struct. */
#include <string.h>

#include "ecs/store_availability.h"
#include "store_int.h"

/* Columns of the fragment facts_columns, in its order. */
enum {
    C_IMSI,
    C_MSISDN,
    C_ICCID,
    C_LINE_STATE,
    C_ROAMING,
    C_VISITED,
    C_LANGUAGE,
    C_GENERATION,
    C_SIM_CHANGED,
    C_DEVICE,
    C_DEVICE_SINCE,
    C_BRAND,
    C_BRAND_LANGUAGE,
    C_PLAN,
    C_PLAN_NAME,
    C_FEATURES,
    C_VENDOR,
    C_MODEL,
    C_CATEGORY,
    C_CAPABILITIES,
    C_IDENTITY,
    C_REVISION,
    C_SERVICE,
    C_TC_STATUS,
    C_TC_VERSION,
    C_TC_AT,
    C_ADDR_STATUS,
    C_ADDR_EXPIRY,
    C_ADDR_IDENTIFIER,
    C_PROV_STATUS,
    C_OVERRIDE,
    C_FLOW_CLOSED,
    C_SERVICE_REVISION,
    C_NOTICES,
    C_NOW,
    C_REGISTRATIONS,
    C_STATES,
    C_AREA,
    C_ENTERPRISE,
    C_COUNTRY,
    C_VISITED_SERVICES,
    C_NON3GPP,
    C_COUNT
};
_Static_assert((int)C_COUNT == (int)STORE_FACTS_COLUMNS, "facts_columns");

/* A word of a column with a CHECK constraint; an unknown one means that the schema is not ours. */
static int word_at(struct ecs_pg_result *r, unsigned column, const char *const *words, size_t n)
{
    struct ecs_str text = ecs_pg_text(r, 0, column);
    int word = text.p ? store_word(text, words, n) : 0;

    if (word < 0)
        r->mistyped = true;
    return word < 0 ? 0 : word;
}

static void decode_line_device(struct ecs_pg_result *r, struct ecs_str digest,
                               struct ecs_subscriber_facts *facts)
{
    facts->has_device = digest.p != NULL;
    if (digest.p && digest.n == sizeof(facts->device))
        memcpy(facts->device, digest.p, sizeof(facts->device));
    else if (digest.p)
        r->mistyped = true;
}

static enum ecs_non3gpp decode_non3gpp(struct ecs_str word)
{
    if (!word.p)
        return ECS_ROW_NON3GPP_UNKNOWN;
    return ecs_str_eq(word, ECS_STR("barred")) ? ECS_ROW_NON3GPP_BARRED : ECS_ROW_NON3GPP_ALLOWED;
}

static void decode_subscriber(struct ecs_pg_result *r, unsigned c, struct ecs_arena *arena,
                              struct ecs_subscriber_facts *facts)
{
    facts->imsi = ecs_pg_text(r, 0, c + C_IMSI);
    facts->known = facts->imsi.p != NULL;
    facts->msisdn = ecs_pg_text(r, 0, c + C_MSISDN);
    facts->iccid = ecs_pg_text(r, 0, c + C_ICCID);
    facts->line_state = (enum ecs_line_state)word_at(r, c + C_LINE_STATE, store_line_states, 4);
    facts->roaming = (enum ecs_roaming)word_at(r, c + C_ROAMING, store_roamings, 3);
    facts->visited_plmn = ecs_pg_text(r, 0, c + C_VISITED);
    facts->language = ecs_pg_text(r, 0, c + C_LANGUAGE);
    facts->non3gpp = decode_non3gpp(ecs_pg_text(r, 0, c + C_NON3GPP));
    facts->token_generation = (int32_t)ecs_pg_int(r, 0, c + C_GENERATION, 0);
    facts->sim_changed_at = ecs_pg_time(r, 0, c + C_SIM_CHANGED, 0);
    facts->device_since = ecs_pg_time(r, 0, c + C_DEVICE_SINCE, 0);
    decode_line_device(r, ecs_pg_bytes(r, 0, c + C_DEVICE), facts);
    facts->brand = ecs_pg_text(r, 0, c + C_BRAND);
    facts->brand_language = ecs_pg_text(r, 0, c + C_BRAND_LANGUAGE);
    facts->plan = ecs_pg_text(r, 0, c + C_PLAN);
    facts->plan_name = ecs_pg_text(r, 0, c + C_PLAN_NAME);
    facts->features = ecs_pg_texts(r, 0, c + C_FEATURES, arena, &facts->n_features);
}

static void decode_device(struct ecs_pg_result *r, unsigned c, struct ecs_arena *arena,
                          struct ecs_subscriber_facts *facts)
{
    facts->vendor = ecs_pg_text(r, 0, c + C_VENDOR);
    facts->model = ecs_pg_text(r, 0, c + C_MODEL);
    facts->category = (enum ecs_device_category)word_at(r, c + C_CATEGORY, store_categories, 7);
    facts->capabilities = ecs_pg_texts(r, 0, c + C_CAPABILITIES, arena, &facts->n_capabilities);
    facts->identity = (enum ecs_identity_state)word_at(r, c + C_IDENTITY, store_identities, 4);
}

static void decode_service(struct ecs_pg_result *r, unsigned row, unsigned c, struct ecs_line_service *s)
{
    int override = store_word(ecs_pg_text(r, row, c + C_OVERRIDE), store_overrides, 4);

    if (override < 0)
        r->mistyped = true;
    *s = (struct ecs_line_service){
        .service = ecs_pg_text(r, row, c + C_SERVICE),
        .tc_status = (int)ecs_pg_int(r, row, c + C_TC_STATUS, -1),
        .tc_version = (int32_t)ecs_pg_int(r, row, c + C_TC_VERSION, -1),
        .tc_at = ecs_pg_time(r, row, c + C_TC_AT, 0),
        .addr_status = (int)ecs_pg_int(r, row, c + C_ADDR_STATUS, -1),
        .addr_expiry = ecs_pg_time(r, row, c + C_ADDR_EXPIRY, 0),
        .addr_identifier = ecs_pg_text(r, row, c + C_ADDR_IDENTIFIER),
        .prov_status = (int)ecs_pg_int(r, row, c + C_PROV_STATUS, -1),
        .override = override < 0 ? ECS_ROW_OVERRIDE_NONE : (enum ecs_override) override,
        .flow_closed_at = ecs_pg_time(r, row, c + C_FLOW_CLOSED, 0),
    };
}

static enum ecs_rc decode_services(struct ecs_pg_result *r, unsigned c, struct ecs_arena *arena,
                                   struct ecs_subscriber_facts *facts)
{
    struct ecs_line_service *list;

    if (ecs_pg_is_null(r, 0, c + C_SERVICE))
        return ECS_OK;
    list = ecs_alloc(arena, r->rows * sizeof(*list));
    if (!list)
        return ECS_E_TOO_LARGE;
    for (unsigned row = 0; row < r->rows; row++) {
        decode_service(r, row, c, &list[row]);
        facts->content_revision += ecs_pg_int(r, row, c + C_SERVICE_REVISION, 0);
    }
    facts->services = list;
    facts->n_services = r->rows;
    return ECS_OK;
}

/* "START END VALIDITY EFFECT SERVICE BRAND-OR-* MESSAGE" of content_base.notices */
static bool parse_notice(struct ecs_str text, int64_t *ret_start_us, int64_t *ret_end_us,
                         struct ecs_str *ret_brand, struct ecs_notice *notice)
{
    struct ecs_str part[6];

    for (size_t i = 0; i < ECS_ARRAY_LEN(part); i++)
        if (!ecs_str_cut(&text, ' ', &part[i]))
            return false;
    notice->unavailable = ecs_str_eq(part[3], ECS_STR("unavailable"));
    notice->service = part[4];
    *ret_brand = part[5];
    notice->message_key = text;
    if (!ecs_str_to_i64(part[0], ret_start_us) || !ecs_str_to_i64(part[1], ret_end_us))
        return false;
    notice->ends_at = *ret_end_us / 1000000;
    return ecs_str_to_u32(part[2], &notice->validity_s);
}

/* Of all notices, in force or not: kept are those of now for every brand or for the line's. Each begin and
 * each end that has passed counts in the content revision. */
static enum ecs_rc decode_notices(struct ecs_pg_result *r, unsigned c, struct ecs_arena *arena,
                                  struct ecs_subscriber_facts *facts)
{
    int64_t now_us = ecs_pg_int(r, 0, c + C_NOW, 0), start_us, end_us; /* one clock for all nodes */
    size_t n;
    const struct ecs_str *texts = ecs_pg_texts(r, 0, c + C_NOTICES, arena, &n);
    struct ecs_notice *list;

    if (n == 0)
        return ECS_OK;
    list = ecs_alloc(arena, n * sizeof(*list));
    if (!list)
        return ECS_E_TOO_LARGE;
    for (size_t i = 0; i < n; i++) {
        struct ecs_notice *notice = &list[facts->n_notices];
        struct ecs_str brand;

        if (!parse_notice(texts[i], &start_us, &end_us, &brand, notice))
            return ECS_E_INTERNAL;
        facts->content_revision += (start_us <= now_us) + (end_us <= now_us);
        if (start_us <= now_us && end_us > now_us &&
            (ecs_str_eq(brand, ECS_STR("*")) || ecs_str_eq(brand, facts->brand)))
            facts->n_notices++;
    }
    facts->notices = list;
    return ECS_OK;
}

/* What the network can do where the line is, and whose it is. */
static enum ecs_rc decode_place(struct ecs_pg_result *r, unsigned c, struct ecs_arena *arena,
                                struct ecs_subscriber_facts *facts)
{
    struct ecs_place *place = ecs_alloc(arena, sizeof(*place));
    size_t n;
    const struct ecs_str *texts = ecs_pg_texts(r, 0, c + C_STATES, arena, &n);
    struct ecs_service_state *states = ecs_alloc(arena, (n + 1) * sizeof(*states));
    struct ecs_state_line line = {.brand = facts->brand,
                                  .visited = facts->visited_plmn,
                                  .imsi = facts->imsi,
                                  .roams = facts->roaming == ECS_ROW_ROAMING_ROAMING};

    if (!place || !states)
        return ECS_E_TOO_LARGE;
    line.area = place->area = ecs_pg_text(r, 0, c + C_AREA);
    place->enterprise = ecs_pg_text(r, 0, c + C_ENTERPRISE);
    place->country = ecs_pg_text(r, 0, c + C_COUNTRY);
    place->partner = !ecs_pg_is_null(r, 0, c + C_VISITED_SERVICES);
    place->visited = ecs_pg_texts(r, 0, c + C_VISITED_SERVICES, arena, &place->n_visited);
    place->states = states;
    facts->place = place;
    return ecs_states_pick(texts, n, &line, states, &place->n_states) ? ECS_OK : ECS_E_INTERNAL;
}

enum ecs_rc store_decode_facts(struct ecs_flow *f, struct ecs_pg_result *r, unsigned first_column,
                               struct ecs_subscriber_facts *ret_facts)
{
    struct ecs_subscriber_facts facts = {0};
    enum ecs_rc rc;

    if (r->rows == 0)
        return ECS_E_INTERNAL; /* the statement gives a row for every key */
    decode_subscriber(r, first_column, f->arena, &facts);
    decode_device(r, first_column, f->arena, &facts);
    facts.content_revision = ecs_pg_int(r, 0, first_column + C_REVISION, 0);
    facts.registrations =
        ecs_pg_texts(r, 0, first_column + C_REGISTRATIONS, f->arena, &facts.n_registrations);
    rc = decode_services(r, first_column, f->arena, &facts);
    if (rc == ECS_OK)
        rc = decode_notices(r, first_column, f->arena, &facts);
    if (rc == ECS_OK)
        rc = decode_place(r, first_column, f->arena, &facts);
    if (rc == ECS_OK && r->mistyped)
        rc = ECS_E_INTERNAL;
    if (rc == ECS_OK)
        *ret_facts = facts;
    return rc;
}

static enum ecs_rc decode(struct ecs_flow *f, struct ecs_pg_result *r)
{
    return store_decode_facts(f, r, 1, r->decode_arg);
}

enum ecs_next ecs_store_facts(struct ecs_flow *f, struct ecs_store *store, const struct ecs_facts_key *key,
                              struct ecs_subscriber_facts *ret_facts)
{
    struct ecs_pg_result *r = ecs_alloc(f->arena, sizeof(*r));
    struct ecs_str columns[5] = {key->imsi, key->terminal_id, key->tac, key->data, key->account};

    if (!r)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: request memory is used up");
    r->decode = key->data.n ? store_decode_data : decode;
    r->decode_arg = ret_facts;
    return ecs_pg_batch(f, store->pg, key->data.n ? &store->facts_data : &store->facts, columns, r);
}

static bool has_word(const struct ecs_str *list, size_t n, struct ecs_str word)
{
    for (size_t i = 0; i < n; i++) {
        if (ecs_str_eq(list[i], word))
            return true;
    }
    return false;
}

bool ecs_facts_has_feature(const struct ecs_subscriber_facts *facts, struct ecs_str feature)
{
    return has_word(facts->features, facts->n_features, feature);
}

bool ecs_facts_has_capability(const struct ecs_subscriber_facts *facts, struct ecs_str capability)
{
    return has_word(facts->capabilities, facts->n_capabilities, capability);
}

const struct ecs_line_service *ecs_facts_service(const struct ecs_subscriber_facts *facts,
                                                 struct ecs_str service)
{
    for (size_t i = 0; i < facts->n_services; i++) {
        if (ecs_str_eq(facts->services[i].service, service))
            return &facts->services[i];
    }
    return NULL;
}
