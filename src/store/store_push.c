/* SPDX-License-Identifier: Apache-2.0 */
/* Push registrations: as the facts of a request tell them, as a request changes them, as care agents see
 * them. */
#include "ecs/store_push.h"

#include "store_int.h"

bool ecs_registration_read(struct ecs_str text, struct ecs_registration *ret_registration)
{
    struct ecs_registration r;
    struct ecs_str channel, at;
    uint32_t number;

    if (!ecs_str_cut(&text, ' ', &channel) || !ecs_str_cut(&text, ' ', &r.digest) ||
        !ecs_str_cut(&text, ' ', &r.apps) || !ecs_str_cut(&text, ' ', &at) ||
        !ecs_str_to_i64(at, &r.registered_at))
        return false;
    if (!ecs_str_to_u32(channel, &number) || number < 1 || number > 4 ||
        r.digest.n != 2 * ECS_TOKEN_DIGEST_LEN || !r.apps.n)
        return false;
    r.channel = (int)number;
    r.app_name = text;
    *ret_registration = r;
    return true;
}

bool ecs_registration_has(const struct ecs_registration *registration, struct ecs_str app)
{
    struct ecs_str rest = registration->apps, part;

    while (ecs_str_cut(&rest, ',', &part))
        if (ecs_str_eq(part, app))
            return true;
    return false;
}

static enum ecs_rc decode_status(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int *ret_status = r->decode_arg;
    int64_t status = ecs_pg_int(r, 0, 0, -1);

    (void)f;
    if (r->mistyped || (status != ECS_REGISTERED && status != ECS_REGISTER_DUPLICATE))
        return ECS_E_INTERNAL;
    *ret_status = (int)status;
    return ECS_OK;
}

enum ecs_next ecs_store_push_register(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_register *entry, int *ret_status)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(entry->imsi),
        ecs_pg_p_text(entry->terminal_id),
        ecs_pg_p_text(entry->app_name.p ? entry->app_name : ECS_STR("")),
        ecs_pg_p_int(ECS_PG_INT2, entry->channel),
        ecs_pg_p_text(entry->token),
        ecs_pg_p_bytes(entry->digest, sizeof(entry->digest)),
        ecs_pg_p_texts(entry->apps, entry->n_apps),
    };

    return store_exec(f, store, ECS_STMT_PUSH_REGISTER, params, ECS_ARRAY_LEN(params), decode_status,
                      ret_status);
}

enum ecs_next ecs_store_push_unregister(struct ecs_flow *f, struct ecs_store *store,
                                        const struct ecs_register *entry)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(entry->imsi), ecs_pg_p_text(entry->terminal_id),
                                          ecs_pg_p_bytes(entry->digest, sizeof(entry->digest))};

    return store_exec(f, store, ECS_STMT_PUSH_UNREGISTER, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

static enum ecs_rc decode_rows(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_push_rows *ret = r->decode_arg;
    struct ecs_push_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        rows[i] = (struct ecs_push_row){
            .id = ecs_pg_int(r, i, 0, 0),
            .terminal_id = ecs_pg_text(r, i, 1),
            .app_name = ecs_pg_text(r, i, 2),
            .channel = (int)ecs_pg_int(r, i, 3, 0),
            .registered_at = ecs_pg_time(r, i, 5, 0),
            .last_success_at = ecs_pg_time(r, i, 6, 0),
            .failures = ecs_pg_int(r, i, 7, 0),
        };
        rows[i].apps = ecs_pg_texts(r, i, 4, f->arena, &rows[i].n_apps);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_push_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_push_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                  struct ecs_push_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_PUSH_LIST, params, 1, decode_rows, ret_rows);
}
