/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox of notifications and its campaigns (sql/schema/0005_notifications.sql). */
#include "ecs/store_push.h"
#include "store_int.h"

enum ecs_next ecs_store_notify_control(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_notify_control *control)
{
    static const struct ecs_str none = {"", 0}; /* an empty array, not NULL */
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_BOOL, control->enabled),
        ecs_pg_p_text(control->sms),
        ecs_pg_p_int(ECS_PG_BOOL, control->with_vowifi),
        ecs_pg_p_int(ECS_PG_BOOL, control->on_policy),
        ecs_pg_p_int(ECS_PG_INT4, control->policy_delay_s),
        ecs_pg_p_int(ECS_PG_INT4, control->bulk_rows),
        ecs_pg_p_int(ECS_PG_INT4, control->campaign_rate),
        ecs_pg_p_int(ECS_PG_INT4, control->ttl_s),
        ecs_pg_p_texts(control->n_hook_apps ? control->hook_apps : &none, control->n_hook_apps),
    };

    return store_exec(f, store, ECS_STMT_NOTIFY_CONTROL, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

static void decode_outgoing(struct ecs_flow *f, struct ecs_pg_result *r, unsigned i, struct ecs_outgoing *row)
{
    *row = (struct ecs_outgoing){
        .id = ecs_pg_int(r, i, 0, 0),
        .serial = ecs_pg_int(r, i, 1, 0),
        .imsi = ecs_pg_text(r, i, 2),
        .msisdn = ecs_pg_text(r, i, 3),
        .registration = ecs_pg_int(r, i, 4, 0),
        .channel = (int)ecs_pg_int(r, i, 5, 0),
        .attempts = ecs_pg_int(r, i, 7, 0),
        .token = ecs_pg_text(r, i, 8),
        .timestamp = ecs_pg_int(r, i, 9, 0),
        .life_s = ecs_pg_int(r, i, 10, 0),
    };
    row->apps = ecs_pg_texts(r, i, 6, f->arena, &row->n_apps);
}

static enum ecs_rc decode_taken(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_outgoing_rows *ret = r->decode_arg;
    struct ecs_outgoing *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        decode_outgoing(f, r, i, &rows[i]);
        if (rows[i].channel < 1 || rows[i].channel >= ECS_NOTIFY_CHANNELS ||
            (rows[i].registration && !rows[i].token.n))
            return ECS_E_INTERNAL;
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_outgoing_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_notify_take(struct ecs_flow *f, struct ecs_store *store,
                                    const unsigned most[ECS_NOTIFY_CHANNELS], unsigned lease_s,
                                    struct ecs_outgoing_rows *ret_rows)
{
    struct ecs_pg_param params[ECS_NOTIFY_CHANNELS];

    for (unsigned i = 1; i < ECS_NOTIFY_CHANNELS; i++)
        params[i - 1] = ecs_pg_p_int(ECS_PG_INT4, most[i]);
    params[ECS_NOTIFY_CHANNELS - 1] = ecs_pg_p_int(ECS_PG_INT4, lease_s);
    return store_exec(f, store, ECS_STMT_NOTIFY_TAKE, params, ECS_ARRAY_LEN(params), decode_taken, ret_rows);
}

static enum ecs_rc decode_word(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_str *ret_word = r->decode_arg;

    (void)f;
    *ret_word = ecs_pg_text(r, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_notify_finish(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_notify_finish *finish, struct ecs_str *ret_outcome)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_INT8, finish->id),           ecs_pg_p_int(ECS_PG_INT8, finish->serial),
        ecs_pg_p_int(ECS_PG_INT4, finish->class),        ecs_pg_p_int(ECS_PG_INT8, finish->delay_ms),
        ecs_pg_p_int(ECS_PG_INT8, finish->dead_since_s), ecs_pg_p_int(ECS_PG_BOOL, finish->may_sms),
    };

    return store_exec(f, store, ECS_STMT_NOTIFY_FINISH, params, ECS_ARRAY_LEN(params), decode_word,
                      ret_outcome);
}

static enum ecs_rc decode_kept(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_notify_kept *ret = r->decode_arg;
    struct ecs_notify_kept kept = {.addresses = ecs_pg_int(r, 0, 0, 0),
                                   .queued = ecs_pg_int(r, 0, 1, -1),
                                   .expired = ecs_pg_int(r, 0, 2, 0)};

    (void)f;
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = kept;
    return ECS_OK;
}

enum ecs_next ecs_store_notify_keep(struct ecs_flow *f, struct ecs_store *store, unsigned most,
                                    struct ecs_notify_kept *ret_kept)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, most)};

    return store_exec(f, store, ECS_STMT_NOTIFY_KEEP, params, 1, decode_kept, ret_kept);
}

static enum ecs_rc decode_depth(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_notify_depth *ret = r->decode_arg;
    struct ecs_notify_depth depth = {0};

    (void)f;
    for (unsigned i = 0; i < r->rows; i++) {
        int64_t channel = ecs_pg_int(r, i, 0, 0), oldest = ecs_pg_int(r, i, 3, 0);

        if (channel < 1 || channel >= ECS_NOTIFY_CHANNELS)
            return ECS_E_INTERNAL;
        depth.waiting[channel] = ecs_pg_int(r, i, 1, 0);
        depth.due[channel] = ecs_pg_int(r, i, 2, 0);
        if (oldest > depth.oldest_s)
            depth.oldest_s = oldest;
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = depth;
    return ECS_OK;
}

enum ecs_next ecs_store_notify_depth(struct ecs_flow *f, struct ecs_store *store,
                                     struct ecs_notify_depth *ret_depth)
{
    return store_exec(f, store, ECS_STMT_NOTIFY_DEPTH, NULL, 0, decode_depth, ret_depth);
}

/* ---- by hand ---- */

/* NULL, which stands for "switched off", gives -1. */
static enum ecs_rc decode_number(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t *ret_number = r->decode_arg;
    int64_t number;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    number = ecs_pg_int(r, 0, 0, -1);
    if (r->mistyped)
        return ECS_E_INTERNAL;
    if (ret_number)
        *ret_number = number;
    return ECS_OK;
}

enum ecs_next ecs_store_notify_add(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                   const struct ecs_str *apps, size_t n, struct ecs_str reason,
                                   int64_t *ret_queued)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_texts(n ? apps : NULL, n),
                                          ecs_pg_p_text(reason)};

    return store_exec(f, store, ECS_STMT_NOTIFY_ADD, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_queued);
}

enum ecs_next ecs_store_campaign_add(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_campaign_row *campaign, int64_t *ret_id)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(campaign->scope),
        ecs_pg_p_text(campaign->value),
        ecs_pg_p_texts(campaign->n_apps ? campaign->apps : NULL, campaign->n_apps),
        ecs_pg_p_text(campaign->reason),
        ecs_pg_p_int(campaign->spread_s < 0 ? ECS_PG_NULL : ECS_PG_INT4, campaign->spread_s),
    };

    return store_exec(f, store, ECS_STMT_CAMPAIGN_ADD, params, ECS_ARRAY_LEN(params), decode_number, ret_id);
}

static enum ecs_rc decode_campaigns(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_campaign_rows *ret = r->decode_arg;
    struct ecs_campaign_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        rows[i] = (struct ecs_campaign_row){
            .id = ecs_pg_int(r, i, 0, 0),
            .scope = ecs_pg_text(r, i, 1),
            .value = ecs_pg_text(r, i, 2),
            .reason = ecs_pg_text(r, i, 4),
            .spread_s = ecs_pg_int(r, i, 5, -1),
            .starts_at = ecs_pg_time(r, i, 6, 0),
            .total = ecs_pg_int(r, i, 7, -1),
            .walked = ecs_pg_int(r, i, 8, 0),
            .queued = ecs_pg_int(r, i, 9, 0),
            .done_at = ecs_pg_time(r, i, 10, 0),
        };
        rows[i].apps = ecs_pg_texts(r, i, 3, f->arena, &rows[i].n_apps);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_campaign_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_campaign_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                      struct ecs_campaign_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_CAMPAIGN_LIST, params, 1, decode_campaigns, ret_rows);
}

enum ecs_next ecs_store_campaign_cancel(struct ecs_flow *f, struct ecs_store *store, int64_t id)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id)};

    return store_exec(f, store, ECS_STMT_CAMPAIGN_CANCEL, params, 1, decode_number, NULL);
}
