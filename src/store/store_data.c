/* SPDX-License-Identifier: Apache-2.0 */
/* Data of the plain applications: the columns behind the facts in sql/queries/facts_data.sql, and the
 * changes. */
#include "ecs/store_data.h"

#include <string.h>

#include "store_int.h"

/* Columns behind those of the fragment facts_columns. */
enum {
    D_SA,
    D_ACCESS,
    D_BOOSTS,
    D_USAGE,
    D_NETWORKS,
    D_BILLING_STATE,
    D_BILLING_TERMS,
    D_BILLING_CHANGED,
    D_BILLING_ORDERED,
    D_BILLING_SERIAL,
    D_PSEUDONYM,
    D_PSEUDONYM_ENDS
};
#define SEPARATOR '\x1f'

const char *const ecs_boost_offers[ECS_BOOST_OFFER_COUNT + 1] = {"offered", "included", "paused", "refused",
                                                                 NULL};
const char *const ecs_boost_states[ECS_BOOST_STATE_COUNT + 1] = {"none", "pending", "active", NULL};
const char *const ecs_billing_states[ECS_BILLING_STATE_COUNT + 1] = {"none",   "wanted",  "ordered",
                                                                     "active", "blocked", NULL};

const struct ecs_data_boost *ecs_data_boost_find(const struct ecs_data_facts *data, int64_t type)
{
    if (type == 0)
        type = ECS_BOOST_INTERACTIVE;
    for (size_t i = 0; data && i < data->n_boosts; i++)
        if (data->boosts[i].type == type)
            return &data->boosts[i];
    return NULL;
}

bool ecs_billing_account(struct ecs_crypto *crypto, struct ecs_str vendor, struct ecs_str user,
                         uint8_t ret_account[ECS_ACCOUNT_LEN])
{
    static const uint8_t label[] = "carrier-billing";
    struct ecs_str parts[4] = {{(const char *)label, sizeof(label)}};
    uint8_t full[ECS_SHA256_LEN];
    char lower[2][256];
    struct ecs_str given[2] = {vendor, user};

    for (size_t i = 0; i < 2; i++) {
        if (!given[i].n || given[i].n > sizeof(lower[i]))
            return false;
        for (size_t k = 0; k < given[i].n; k++)
            lower[i][k] =
                (char)(given[i].p[k] >= 'A' && given[i].p[k] <= 'Z' ? given[i].p[k] + 32 : given[i].p[k]);
    }
    parts[1] = (struct ecs_str){lower[0], vendor.n};
    parts[2] = (struct ecs_str){"", 1};
    parts[3] = (struct ecs_str){lower[1], user.n};
    if (!ecs_digest(crypto, ECS_DIGEST_SHA256, parts, 4, full))
        return false;
    memcpy(ret_account, full, ECS_ACCOUNT_LEN);
    return true;
}

/* ---- reading ---- */

/* The next n numbers of a row's text; false: it is not what the statement makes. */
static bool cut_numbers(struct ecs_str *text, int64_t *numbers, size_t n)
{
    struct ecs_str part;

    for (size_t i = 0; i < n; i++)
        if (!ecs_str_cut(text, SEPARATOR, &part) || !ecs_str_to_i64(part, &numbers[i]))
            return false;
    return true;
}

static bool cut_word(struct ecs_str *text, const char *const *words, size_t n, int *ret_word)
{
    struct ecs_str part;

    *ret_word = ecs_str_cut(text, SEPARATOR, &part) ? store_word(part, words, n) : -1;
    return *ret_word >= 0;
}

static bool read_access(struct ecs_str text, struct ecs_data_access *access)
{
    int64_t n[2];

    if (!cut_numbers(&text, n, 2))
        return false;
    *access = (struct ecs_data_access){.type = (uint8_t)n[0], .metered = n[1] != 0};
    return true;
}

static bool read_boost(struct ecs_str text, struct ecs_data_boost *boost)
{
    int64_t type;
    int offer, state;

    if (!cut_numbers(&text, &type, 1) || !cut_word(&text, ecs_boost_offers, ECS_BOOST_OFFER_COUNT, &offer) ||
        !cut_numbers(&text, &boost->seconds, 1) ||
        !cut_word(&text, ecs_boost_states, ECS_BOOST_STATE_COUNT, &state) ||
        !cut_numbers(&text, &boost->ends_at, 1) || !cut_numbers(&text, boost->target, ECS_BOOST_TARGETS))
        return false;
    boost->type = (uint8_t)type;
    boost->offer = (enum ecs_boost_offer)offer;
    boost->state = (enum ecs_boost_state)state;
    boost->price = text.p ? text : ECS_STR("");
    return true;
}

static bool read_usage(struct ecs_str text, struct ecs_data_usage *usage)
{
    int64_t n[4];

    if (!cut_numbers(&text, n, 4) || !ecs_str_cut(&text, SEPARATOR, &usage->name))
        return false;
    usage->type = (uint8_t)n[0];
    usage->cycle_end = n[1];
    usage->allowance = n[2];
    usage->used = n[3];
    usage->description = text.p ? text : ECS_STR("");
    return true;
}

static bool read_network(struct ecs_str text, struct ecs_satellite_network *network)
{
    int64_t n[4];

    if (!ecs_str_cut(&text, SEPARATOR, &network->plmn) || !cut_numbers(&text, n, 4))
        return false;
    network->barred = n[0] != 0;
    network->metered = (int)n[1];
    network->data = (int)n[2];
    network->voice = (int)n[3];
    return true;
}

/* A list of the column into an array of its own; *ret_list NULL with n 0. */
#define DECODE_LIST(type, read, column, list, count)                                                         \
    do {                                                                                                     \
        size_t n_;                                                                                           \
        const struct ecs_str *texts_ = ecs_pg_texts(r, 0, c + (column), arena, &n_);                         \
        type *items_ = n_ ? ecs_alloc(arena, n_ * sizeof(type)) : NULL;                                      \
        if (n_ && !items_)                                                                                   \
            return ECS_E_TOO_LARGE;                                                                          \
        for (size_t i_ = 0; i_ < n_; i_++)                                                                   \
            if (!read(texts_[i_], &items_[i_]))                                                              \
                return ECS_E_INTERNAL;                                                                       \
        data->list = items_;                                                                                 \
        data->count = n_;                                                                                    \
    } while (0)

static enum ecs_rc decode_lists(struct ecs_pg_result *r, unsigned c, struct ecs_arena *arena,
                                struct ecs_data_facts *data)
{
    DECODE_LIST(struct ecs_data_access, read_access, D_ACCESS, access, n_access);
    DECODE_LIST(struct ecs_data_boost, read_boost, D_BOOSTS, boosts, n_boosts);
    DECODE_LIST(struct ecs_data_usage, read_usage, D_USAGE, usage, n_usage);
    DECODE_LIST(struct ecs_satellite_network, read_network, D_NETWORKS, networks, n_networks);
    return ECS_OK;
}

static bool decode_billing(struct ecs_pg_result *r, unsigned c, struct ecs_billing_row *billing)
{
    struct ecs_str state = ecs_pg_text(r, 0, c + D_BILLING_STATE);
    int word = state.p ? store_word(state, ecs_billing_states, ECS_BILLING_STATE_COUNT) : ECS_BILLING_NONE;

    if (word < 0)
        return false;
    *billing = (struct ecs_billing_row){.found = state.p != NULL,
                                        .state = (enum ecs_billing_state)word,
                                        .terms = (int)ecs_pg_int(r, 0, c + D_BILLING_TERMS, 0),
                                        .changed_at = ecs_pg_time(r, 0, c + D_BILLING_CHANGED, 0),
                                        .ordered_at = ecs_pg_time(r, 0, c + D_BILLING_ORDERED, 0),
                                        .serial = ecs_pg_int(r, 0, c + D_BILLING_SERIAL, 0)};
    return true;
}

enum ecs_rc store_decode_data(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_subscriber_facts *facts = r->decode_arg;
    struct ecs_data_facts *data = ecs_alloc(f->arena, sizeof(*data));
    const unsigned c = 1 + STORE_FACTS_COLUMNS;
    enum ecs_rc rc = store_decode_facts(f, r, 1, facts);

    if (rc != ECS_OK)
        return rc;
    if (!data)
        return ECS_E_TOO_LARGE;
    rc = decode_lists(r, c, f->arena, data);
    if (rc != ECS_OK)
        return rc;
    data->sa = ecs_pg_is_null(r, 0, c + D_SA) ? -1 : ecs_pg_bool(r, 0, c + D_SA);
    data->pseudonym = ecs_pg_text(r, 0, c + D_PSEUDONYM);
    data->pseudonym_ends = ecs_pg_time(r, 0, c + D_PSEUDONYM_ENDS, 0);
    if (!decode_billing(r, c, &data->billing) || r->mistyped)
        return ECS_E_INTERNAL;
    facts->data = data;
    return ECS_OK;
}

/* ---- changes ---- */

static const char *const verdicts[ECS_DATA_VERDICT_COUNT] = {"done", "repeated", "refused", "gone"};

static enum ecs_rc decode_verdict(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int word = store_word(ecs_pg_text(r, 0, 0), verdicts, ECS_DATA_VERDICT_COUNT);

    (void)f;
    if (r->rows != 1 || word < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    *(enum ecs_data_verdict *)r->decode_arg = (enum ecs_data_verdict)word;
    return ECS_OK;
}

enum ecs_rc store_decode_bought(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_boost_bought *ret = r->decode_arg;
    struct ecs_str state = ecs_pg_text(r, 0, 1);
    int word = store_word(ecs_pg_text(r, 0, 0), verdicts, ECS_DATA_VERDICT_COUNT);
    int state_word = state.p ? store_word(state, ecs_boost_states, ECS_BOOST_STATE_COUNT) : ECS_BOOST_NONE;
    int64_t ends_at = ecs_pg_time(r, 0, 2, 0), seconds = ecs_pg_int(r, 0, 3, 0);

    (void)f;
    if (r->rows != 1 || word < 0 || state_word < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_boost_bought){.verdict = (enum ecs_data_verdict)word,
                                     .state = (enum ecs_boost_state)state_word,
                                     .ends_at = ends_at,
                                     .seconds = seconds};
    return ECS_OK;
}

static struct ecs_pg_param number_or_null(enum ecs_pg_type type, int64_t value, bool is_null)
{
    return is_null ? (struct ecs_pg_param){.type = ECS_PG_NULL} : ecs_pg_p_int(type, value);
}

enum ecs_next ecs_store_boost_buy(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_boost_buy *buy, struct ecs_boost_bought *ret_bought)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(buy->imsi),  ecs_pg_p_int(ECS_PG_INT2, buy->type),
        ecs_pg_p_text(buy->key),   number_or_null(ECS_PG_INT4, buy->seconds, buy->seconds <= 0),
        ecs_pg_p_text(buy->actor), ecs_pg_p_text(buy->subject_masked),
    };

    return store_exec(f, store, ECS_STMT_BOOST_BUY, params, ECS_ARRAY_LEN(params), store_decode_bought,
                      ret_bought);
}

enum ecs_next ecs_store_boost_end(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                  uint8_t type, struct ecs_str actor, struct ecs_str subject_masked,
                                  enum ecs_data_verdict *ret_verdict)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_int(ECS_PG_INT2, type),
                                          ecs_pg_p_text(actor), ecs_pg_p_text(subject_masked)};

    return store_exec(f, store, ECS_STMT_BOOST_END, params, ECS_ARRAY_LEN(params), decode_verdict,
                      ret_verdict);
}

enum ecs_next ecs_store_billing_set(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_billing_set *set, enum ecs_data_verdict *ret_verdict)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(set->imsi),
        ecs_pg_p_bytes(set->account, ECS_ACCOUNT_LEN),
        ecs_pg_p_text(set->vendor),
        number_or_null(ECS_PG_INT2, set->terms, set->terms < 0),
        ecs_pg_p_text(ecs_str_of(ecs_billing_states[set->state])),
        ecs_pg_p_int(ECS_PG_BOOL, set->force),
        ecs_pg_p_text(set->actor),
        ecs_pg_p_text(set->subject_masked),
        number_or_null(ECS_PG_INT8, set->serial, !set->of_order),
    };

    return store_exec(f, store, ECS_STMT_BILLING_SET, params, ECS_ARRAY_LEN(params), decode_verdict,
                      ret_verdict);
}

static enum ecs_rc decode_serial(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t serial = r->rows ? ecs_pg_int(r, 0, 0, 0) : 0;

    (void)f;
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *(int64_t *)r->decode_arg = serial;
    return ECS_OK;
}

enum ecs_next ecs_store_billing_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      const uint8_t account[ECS_ACCOUNT_LEN], int64_t every_s,
                                      int64_t *ret_serial)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_bytes(account, ECS_ACCOUNT_LEN),
                                          ecs_pg_p_int(ECS_PG_INT4, every_s)};

    return store_exec(f, store, ECS_STMT_BILLING_CLAIM, params, ECS_ARRAY_LEN(params), decode_serial,
                      ret_serial);
}

static enum ecs_rc decode_kept(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t n = ecs_pg_int(r, 0, 0, 0);

    (void)f;
    if (r->rows != 1 || r->mistyped)
        return ECS_E_INTERNAL;
    *(unsigned *)r->decode_arg = (unsigned)n;
    return ECS_OK;
}

enum ecs_next ecs_store_data_keep(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                  unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_DATA_KEEP, params, 1, decode_kept, ret_rows);
}
