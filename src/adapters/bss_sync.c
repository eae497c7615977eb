/* SPDX-License-Identifier: Apache-2.0 */
/* Hubs and reconciliation of a BSS in TM Forum shapes. A pass reads services and products that have changed
 * since the one before, page by page; how far it has come stands in the database, so that any node goes on.
 */
#include "ecs/bss_sync.h"

#include <stdio.h>
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/store_bss.h"

enum { PAGE = 50, LEASE_S = 120, OVERLAP_S = 300, CALL_LIMIT_MS = 130000 };

struct bss_sync_work {
    unsigned at; /* hub, or kind of rows */
    struct ecs_str api;
    bool known;
    struct ecs_bss_pass pass;
    struct bss_call *call;
    const json_t *page;
    bool posted;
    struct ecs_str imsi[PAGE], msisdn[PAGE], a[PAGE], b[PAGE];
    struct ecs_bss_rows rows;
    unsigned changed;
};

static enum ecs_next begin(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;

    s->work = ecs_alloc(f->arena, sizeof(*s->work));
    return s->work ? ECS_NEXT : ecs_flow_fail(f, ECS_E_NO_MEMORY, "the work does not fit into memory");
}

/* One exchange without a meaning of its own: the next step looks at the answer. */
static bool once(struct bss_call *call)
{
    return call->stage == 0;
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

/* ---- hubs ---- */

static const struct {
    const char *api;
    enum bss_name path;
} hubs[] = {
    {"service-hub", BSS_P_SERVICE_HUB},
    {"product-hub", BSS_P_PRODUCT_HUB},
    {"service-order-hub", BSS_P_ORDER_HUB},
    {"product-order-hub", BSS_P_PRODUCT_ORDER_HUB},
};

static bool is_wanted(const struct ecs_bss_sync *s, unsigned at)
{
    enum bss_name path = hubs[at].path;

    if (path == BSS_P_ORDER_HUB && s->bss->conf->order_api != ECS_BSS_ORDERS_SERVICE)
        return false;
    if (path == BSS_P_PRODUCT_ORDER_HUB && s->bss->conf->order_api != ECS_BSS_ORDERS_PRODUCT)
        return false;
    return s->bss->conf->callback[0] && s->bss->dialect == &bss_tmf && s->bss->names.name[path].n;
}

static enum ecs_next next_hub(struct ecs_flow *f);

static enum ecs_next look_up_hub(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;

    while (w->at < ECS_ARRAY_LEN(hubs) && !is_wanted(s, w->at))
        w->at++;
    if (w->at == ECS_ARRAY_LEN(hubs))
        return ECS_DONE;
    w->api = ecs_str_of(hubs[w->at].api);
    return ecs_store_bss_hub_known(f, s->store, w->api, ecs_str_of(s->bss->conf->callback), &w->known);
}

static enum ecs_next register_hub(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;
    json_t *body;

    if (w->known)
        return ecs_flow_goto(f, next_hub);
    w->call = bss_call_new(f, s->bss, once);
    body = json_pack("{s:s}", "callback", s->bss->conf->callback);
    if (!w->call || !body || !bss_ask_post(w->call, hubs[w->at].path, body, ECS_STR_NULL)) {
        s->why = "the registration does not fit into memory";
        return ecs_flow_goto(f, next_hub);
    }
    return bss_call_run(w->call);
}

/* A hub that has us already may say so by 409. */
static enum ecs_next keep_hub(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;
    const char *why = NULL, *ignored;
    enum ecs_bss_status status = bss_http_status(w->call, &why);
    bool again = w->call->answer.rc == ECS_OK && w->call->answer.status == 409;
    struct ecs_str id;

    if (status != ECS_BSS_DONE && !again) {
        s->why = why;
        return ecs_flow_goto(f, next_hub);
    }
    id = again ? ECS_STR_NULL : bss_member(f->arena, bss_body(w->call, &ignored), "id");
    s->registered++;
    return ecs_store_bss_hub_put(f, s->store, w->api, ecs_str_of(s->bss->conf->callback), id);
}

static enum ecs_next next_hub(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;

    s->work->at++;
    return ecs_flow_goto(f, look_up_hub);
}

const struct ecs_step ecs_bss_hub_steps[] = {
    {"begin-hubs", begin, 0},
    {"look-up-hub", look_up_hub, 0},
    {"register-hub", register_hub, CALL_LIMIT_MS},
    {"keep-hub", keep_hub, 0},
    {"next-hub", next_hub, 0},
    {"end-hubs", finish, 0},
    {0},
};

/* ---- what has changed ---- */

enum { SERVICES, PRODUCTS, KINDS };
static const struct {
    const char *what;
    enum bss_name path, filter;
} kinds[KINDS] = {
    [SERVICES] = {"service", BSS_P_SERVICE, BSS_T_SERVICE_CHANGED},
    [PRODUCTS] = {"product", BSS_P_PRODUCT, BSS_T_PRODUCT_CHANGED},
};

static enum ecs_next next_kind(struct ecs_flow *f);

static enum ecs_next claim(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;

    while (w->at < KINDS && !s->bss->names.name[kinds[w->at].path].n)
        w->at++;
    if (w->at == KINDS || s->bss->dialect != &bss_tmf || !s->bss->conf->sync_every_s)
        return ECS_DONE;
    return ecs_store_bss_sync_claim(f, s->store, ecs_str_of(kinds[w->at].what),
                                    (unsigned)s->bss->conf->sync_every_s, LEASE_S, &w->pass);
}

/* The first pass reads everything; later ones a little of the time before, for clocks that differ. */
static enum ecs_next ask_page(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;
    struct ecs_str filter = ECS_STR_NULL;
    const char *query;

    if (!w->pass.taken)
        return ecs_flow_goto(f, next_kind);
    w->call = bss_call_new(f, s->bss, once);
    if (!w->call)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the work does not fit into memory");
    w->call->since = w->pass.since ? w->pass.since - OVERLAP_S : 0;
    if (!bss_fill(w->call, s->bss->names.name[kinds[w->at].filter], &filter))
        filter = ECS_STR_NULL;
    query = ecs_printf(f->arena, "%.*s%soffset=%u&limit=%d", ECS_FMT(filter), filter.n ? "&" : "",
                       w->pass.page, PAGE);
    if (!query || !bss_ask_get(w->call, kinds[w->at].path, ECS_STR_NULL, ecs_str_of(query)))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the work does not fit into memory");
    return bss_call_run(w->call);
}

static enum ecs_next put_services(struct ecs_flow *f);

static enum ecs_next read_page(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;
    const char *why = NULL;

    w->page = bss_http_status(w->call, &why) == ECS_BSS_DONE ? bss_body(w->call, &why) : NULL;
    if (json_is_array(w->page) && json_array_size(w->page) <= PAGE)
        return ecs_flow_goto(f, put_services);
    s->why = why ? why : "a page of the BSS is no list, or longer than asked for";
    return ecs_store_bss_sync_drop(f, s->store, ecs_str_of(kinds[w->at].what));
}

static enum ecs_next drop_page(struct ecs_flow *f)
{
    return ecs_flow_goto(f, next_kind);
}

static const char *prov_status(struct ecs_str state)
{
    if (ecs_str_eq(state, ECS_STR("provisioned")))
        return "1";
    return ecs_str_eq(state, ECS_STR("in-progress")) ? "3" : "0";
}

static void add_event(struct ecs_bss_sync *s, const struct bss_call *call, const json_t *service)
{
    static const char *const apps[] = {"ap2006", "ap2009", "ap2011"};
    struct ecs_bss_event e = {.kind = ECS_BSS_EVENT_PROFILE};
    unsigned kind;

    if (!bss_tmf_profile(s->bss, call->arena, service, &e.profile, &kind) || !e.profile.iccid.p ||
        !e.profile.status)
        return;
    bss_tmf_line_ids(s->bss, call->arena, service, &e.subject);
    e.subject.app = ecs_str_of(apps[kind]);
    if (!s->events)
        s->events = ecs_alloc(call->arena, PAGE * sizeof(*s->events));
    if (s->events && s->n_events < PAGE)
        s->events[s->n_events++] = e;
}

/* One row of the page into the columns; false: it says nothing about a line. */
static bool take_row(struct ecs_bss_sync *s, const json_t *object)
{
    struct bss_sync_work *w = s->work;
    struct ecs_bss_subject ids = {0};
    size_t n = w->rows.n;
    struct ecs_str state;

    bss_tmf_line_ids(s->bss, w->call->arena, object, &ids);
    if (!ids.imsi.p && !ids.msisdn.p)
        return false;
    if (w->at == PRODUCTS) {
        if (!bss_tmf_product(s->bss, w->call->arena, object, &w->a[n], &w->b[n]) && !w->b[n].p)
            return false;
    } else if (bss_tmf_line_service(s->bss, w->call->arena, object, &w->a[n], &state)) {
        w->b[n] = ecs_str_of(prov_status(state));
    } else {
        return false;
    }
    w->imsi[n] = ids.imsi;
    w->msisdn[n] = ids.msisdn;
    w->rows.n++;
    return true;
}

static enum ecs_next put_services(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;

    w->rows = (struct ecs_bss_rows){.imsi = w->imsi, .msisdn = w->msisdn, .a = w->a, .b = w->b};
    w->changed = 0;
    for (size_t i = 0; i < json_array_size(w->page); i++)
        if (!take_row(s, json_array_get(w->page, i)) && w->at == SERVICES)
            add_event(s, w->call, json_array_get(w->page, i));
    if (!w->rows.n)
        return ECS_NEXT;
    return w->at == SERVICES ? ecs_store_bss_services(f, s->store, &w->rows, &w->changed)
                             : ecs_store_bss_lines(f, s->store, &w->rows, &w->changed);
}

/* By the number that the BSS tells; else an empty page is the last one, since it may cut pages as it likes.
 */
static bool is_last(const struct bss_sync_work *w, unsigned n)
{
    const char *told = ecs_ask_header(&w->call->answer, "x-total-count");
    int64_t total;

    if (n == 0)
        return true;
    return told && ecs_str_to_i64(ecs_str_of(told), &total) && (int64_t)w->pass.page + n >= total;
}

static enum ecs_next end_page(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;
    struct bss_sync_work *w = s->work;
    unsigned n = (unsigned)json_array_size(w->page);
    bool last = is_last(w, n);

    s->seen += n;
    s->changed += w->changed;
    s->more |= !last;
    return ecs_store_bss_sync_page(f, s->store, ecs_str_of(kinds[w->at].what),
                                   last ? -1 : (int)(w->pass.page + n), n, w->changed);
}

static enum ecs_next next_kind(struct ecs_flow *f)
{
    struct ecs_bss_sync *s = f->self;

    s->work->at++;
    return ecs_flow_goto(f, claim);
}

const struct ecs_step ecs_bss_sync_steps[] = {
    {"begin-sync", begin, 0},
    {"claim-pass", claim, 0},
    {"ask-page", ask_page, CALL_LIMIT_MS},
    {"read-page", read_page, 0},
    {"drop-page", drop_page, 0},
    {"put-rows", put_services, 0},
    {"end-page", end_page, 0},
    {"next-kind", next_kind, 0},
    {"end-sync", finish, 0},
    {0},
};
