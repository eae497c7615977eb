/* SPDX-License-Identifier: Apache-2.0 */
/* What a request of on-device activation needs to know: the parts of statement odsa_view into one struct. */
#include <stdio.h>

#include "ecs/flow.h"
#include "store_odsa.h"

/* Parts in their order; and cells of the first one, behind which are the capabilities of the target. */
enum { PART_HEAD, PART_PROFILE = 2, PART_JOURNEY };
enum {
    H_CATEGORY,
    H_TARGET_STATE,
    H_EID_STATE,
    H_OWNERS,
    H_FAMILY,
    H_ENTERPRISE_STATE,
    H_ENTERPRISE_MAX,
    H_ENTERPRISE_BRAND,
    H_ENTERPRISE_LIVING,
    H_COUNT
};

static bool read_word(struct ecs_str cell, const char *const *words, size_t n, int *ret_word)
{
    int word = cell.p ? store_word(cell, words, n) : 0;

    *ret_word = word;
    return word >= 0;
}

static bool read_owners(struct ecs_str cell, struct ecs_odsa_view *view)
{
    if (cell.n > ECS_ARRAY_LEN(view->owners))
        return false;
    for (size_t i = 0; i < cell.n; i++) {
        if (cell.p[i] < '0' || cell.p[i] > '0' + ECS_ICCID_FOREIGN)
            return false;
        view->owners[i] = (enum ecs_iccid_owner)(cell.p[i] - '0');
    }
    return true;
}

/* c: column of the part, in front of its item. */
static bool read_head(struct ecs_arena *arena, struct ecs_pg_result *r, unsigned row, unsigned c,
                      struct ecs_odsa_view *view)
{
    size_t n;
    const struct ecs_str *cells = ecs_pg_texts(r, row, c + 1, arena, &n);
    int category, target, eid;

    if (n < H_COUNT || !read_word(cells[H_CATEGORY], store_categories, 7, &category) ||
        !read_word(cells[H_TARGET_STATE], store_identities, 4, &target) ||
        !read_word(cells[H_EID_STATE], store_identities, 4, &eid) || !read_owners(cells[H_OWNERS], view) ||
        !ecs_str_to_i64(cells[H_FAMILY], &view->family_n) ||
        !ecs_str_to_i64(cells[H_ENTERPRISE_LIVING], &view->enterprise_living))
        return false;
    view->enterprise_max = -1;
    if (cells[H_ENTERPRISE_MAX].p && !ecs_str_to_i64(cells[H_ENTERPRISE_MAX], &view->enterprise_max))
        return false;
    view->target_known = cells[H_CATEGORY].p != NULL;
    view->target_category = (enum ecs_device_category)category;
    view->target_capabilities = cells + H_COUNT;
    view->n_target_capabilities = n - H_COUNT;
    view->target_state = (enum ecs_identity_state)target;
    view->eid_state = (enum ecs_identity_state)eid;
    view->enterprise_known = cells[H_ENTERPRISE_STATE].p != NULL;
    view->enterprise_active = ecs_str_eq(cells[H_ENTERPRISE_STATE], ECS_STR("active"));
    view->enterprise_brand = cells[H_ENTERPRISE_BRAND];
    return true;
}

static unsigned count_part(struct ecs_pg_result *r, unsigned c, int64_t part)
{
    unsigned n = 0;

    for (unsigned row = 0; row < r->rows; row++)
        n += ecs_pg_int(r, row, c, -1) == part;
    return n;
}

static enum ecs_rc read_part(struct ecs_flow *f, struct ecs_pg_result *r, unsigned row, unsigned c,
                             struct ecs_odsa_view *view)
{
    switch (ecs_pg_int(r, row, c, -1)) {
    case PART_HEAD:
        return read_head(f->arena, r, row, c, view) ? ECS_OK : ECS_E_INTERNAL;
    case PART_PROFILE:
        return store_read_profile(f, r, row, c + 1, &view->profiles[view->n_profiles++]);
    case PART_JOURNEY:
        return store_read_journey(f, r, row, c + 1, &view->journeys[view->n_journeys++]);
    default:
        return ECS_E_INTERNAL;
    }
}

static enum ecs_rc decode_from(struct ecs_flow *f, struct ecs_pg_result *r, unsigned c)
{
    struct ecs_odsa_view *ret = r->decode_arg, view = {0};
    enum ecs_rc rc = ECS_OK;

    view.profiles = ecs_alloc(f->arena, (count_part(r, c, PART_PROFILE) + 1) * sizeof(*view.profiles));
    view.journeys = ecs_alloc(f->arena, (count_part(r, c, PART_JOURNEY) + 1) * sizeof(*view.journeys));
    if (!view.profiles || !view.journeys)
        return ECS_E_TOO_LARGE;
    if (r->rows == 0 || ecs_pg_int(r, 0, c, -1) != PART_HEAD)
        return ECS_E_INTERNAL;
    for (unsigned row = 0; row < r->rows && rc == ECS_OK; row++)
        rc = read_part(f, r, row, c, &view);
    if (rc == ECS_OK && r->mistyped)
        rc = ECS_E_INTERNAL;
    if (rc == ECS_OK)
        *ret = view;
    return rc;
}

static enum ecs_rc decode_view(struct ecs_flow *f, struct ecs_pg_result *r)
{
    return decode_from(f, r, 0);
}

/* ---- polls ---- */

/* Most polls find nothing to count: the look-up goes out with others in a batch, the count by itself. The key
 * stays with the caller until the flow goes on. */
struct poll {
    struct ecs_store *store;
    const struct ecs_odsa_key *key;
    struct ecs_odsa_view *view;
    struct ecs_str app;
    char app_text[12];
};

static enum ecs_rc decode_poll(struct ecs_flow *f, struct ecs_pg_result *r)
{
    return decode_from(f, r, 1);
}

static enum ecs_next look_up(struct ecs_flow *f)
{
    struct poll *p = f->self;
    struct ecs_str columns[ECS_PG_KEYS_MAX] = {p->key->imsi, p->app, p->key->target_id, p->key->target_tac,
                                               p->key->terminal_id};
    struct ecs_pg_result *r = ecs_alloc(f->arena, sizeof(*r));

    if (!r)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: request memory is used up");
    r->decode = decode_poll;
    r->decode_arg = p->view;
    return ecs_pg_batch(f, p->store->pg, &p->store->polls, columns, r);
}

static enum ecs_rc take_counts(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_odsa_view *view = r->decode_arg;

    (void)f;
    for (unsigned row = 0; row < r->rows; row++)
        for (size_t i = 0; i < view->n_journeys; i++)
            if (view->journeys[i].id == ecs_pg_int(r, row, 0, 0))
                view->journeys[i].polls = (int)ecs_pg_int(r, row, 1, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

static enum ecs_next count(struct ecs_flow *f)
{
    struct poll *p = f->self;
    bool open = false;
    const struct ecs_pg_param params[] = {ecs_pg_p_text(p->key->imsi), ecs_pg_p_int(ECS_PG_INT4, p->key->app),
                                          ecs_pg_p_text(p->key->target_id),
                                          ecs_pg_p_text(p->key->terminal_id)};

    for (size_t i = 0; i < p->view->n_journeys; i++)
        open |=
            !p->view->journeys[i].ended_at &&
            (!p->key->target_id.p || ecs_str_eq_nocase(p->key->target_id, p->view->journeys[i].target_id));
    if (!open)
        return ECS_DONE;
    return store_exec(f, p->store, ECS_STMT_ODSA_COUNT_POLL, params, ECS_ARRAY_LEN(params), take_counts,
                      p->view);
}

static enum ecs_next counted(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

enum { POLL_LIMIT_MS = 5000 };
static const struct ecs_step poll_steps[] = {
    {"look-up", look_up, POLL_LIMIT_MS},
    {"count", count, POLL_LIMIT_MS},
    {"counted", counted, 0},
    {0},
};

static enum ecs_next poll(struct ecs_flow *f, struct ecs_store *store, const struct ecs_odsa_key *key,
                          struct ecs_odsa_view *ret_view)
{
    struct poll *p = ecs_alloc(f->arena, sizeof(*p));

    if (!p)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: request memory is used up");
    *p = (struct poll){.store = store, .key = key, .view = ret_view};
    p->app =
        (struct ecs_str){p->app_text, (size_t)snprintf(p->app_text, sizeof(p->app_text), "%d", key->app)};
    return ecs_flow_call(f, poll_steps, p);
}

enum ecs_next ecs_store_odsa_view(struct ecs_flow *f, struct ecs_store *store, const struct ecs_odsa_key *key,
                                  struct ecs_odsa_view *ret_view)
{
    size_t named = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(key->iccids); i++) {
        if (key->iccids[i].p)
            named = i + 1;
    }
    if (key->poll && key->imsi.p && !key->eid.p && !named)
        return poll(f, store, key, ret_view);
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(key->imsi),
        ecs_pg_p_text(key->enterprise),
        ecs_pg_p_int(ECS_PG_INT4, key->app),
        ecs_pg_p_text(key->target_id),
        ecs_pg_p_text(key->target_tac),
        ecs_pg_p_text(key->eid),
        ecs_pg_p_texts(named ? key->iccids : NULL, named),
        ecs_pg_p_text(key->terminal_id),
    };

    return store_exec(f, store, key->poll ? ECS_STMT_ODSA_VIEW_POLL : ECS_STMT_ODSA_VIEW, params,
                      ECS_ARRAY_LEN(params), decode_view, ret_view);
}
