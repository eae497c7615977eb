/* SPDX-License-Identifier: Apache-2.0 */
/* policy compare: both policies over the facts of all subscribers, read page by page; what differs is counted
 * by rule, without identities. */
#include "ctl.h"

#include <stdatomic.h>
#include <unistd.h>

#include "ecs/app.h"
#include "ecs/clock.h"
#include "ecs/flow.h"
#include "ecs/sim.h"
#include "ecs/store_admin.h"
#include "policy.h"

enum { PAGE = 500, PAGE_MEMORY = 16 << 20, FACTS_LIMIT_MS = 20000, TIMEOUT_MS = 20000, MOST = 4 * PAGE };

struct compare {
    struct ctl *ctl;
    struct ecs_loop *loop;
    struct ecs_store *store;
    struct ecs_policy *from, *to;
    struct ecs_policy_compare *result;
    struct ecs_ts43_request request;
    int64_t now, left, seen; /* left: subscribers still to be looked at */
    int utc_offset_s;
    const struct ecs_plmn *plmns;
    size_t plmn_n;
    struct ecs_gate gate;
    bool terminal;
};

/* ---- one page ---- */

struct page {
    struct ecs_flow flow;
    struct compare *compare;
    struct ecs_str after;
    unsigned limit;
    struct ecs_subscriber_rows rows;
    unsigned pending;
    enum ecs_rc rc;
    const char *reason;
    bool done;
};

struct line {
    struct ecs_flow flow;
    struct page *page;
    struct ecs_imsi imsi;
    struct ecs_facts_key key;
    struct ecs_subscriber_facts facts;
    struct ecs_app_context context;
};

static size_t plmn_digits(const struct compare *c, const struct ecs_imsi *imsi)
{
    for (size_t i = 0; i < c->plmn_n; i++)
        if (ecs_plmn_matches(&c->plmns[i], imsi))
            return 3 + (c->plmns[i].mnc[2] ? 3 : 2);
    return 0;
}

static enum ecs_next load_facts(struct ecs_flow *f)
{
    struct line *l = f->self;

    return ecs_store_facts(f, l->page->compare->store, &l->key, &l->facts);
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct line *l = f->self;
    struct compare *c = l->page->compare;

    l->context = (struct ecs_app_context){.arena = f->arena,
                                          .policy = c->to,
                                          .request = &c->request,
                                          .line = &l->facts,
                                          .imsi = &l->imsi,
                                          .gate = &c->gate,
                                          .plmn_n = plmn_digits(c, &l->imsi),
                                          .now = c->now,
                                          .utc_offset_s = c->utc_offset_s};
    ecs_app_facts(&l->context);
    (void)ecs_policy_compare_add(c->result, &l->context.facts);
    c->seen++;
    return ECS_DONE;
}

static enum ecs_next line_failed(struct ecs_flow *f)
{
    struct line *l = f->self;

    if (l->page->rc == ECS_OK) {
        l->page->rc = f->rc;
        l->page->reason = ecs_strerror(f->rc);
    }
    return ECS_DONE;
}

static const struct ecs_step line_steps[] = {
    {"load-facts", load_facts, FACTS_LIMIT_MS},
    {"judge", judge, 0},
    {"line-failed", line_failed, 0},
    {0},
};

static void line_end(struct ecs_flow *f)
{
    struct page *page = ((struct line *)f->self)->page;

    ecs_arena_free(f->arena);
    page->pending--;
    if (!page->pending)
        ecs_flow_resume(&page->flow);
}

static bool start_line(struct page *page, struct ecs_str imsi)
{
    struct compare *c = page->compare;
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct line *l = arena ? ecs_alloc(arena, sizeof(*l)) : NULL;

    if (!l || !ecs_imsi_parse(imsi, &l->imsi)) {
        ecs_arena_free(arena);
        return false;
    }
    l->page = page;
    l->key.imsi = ecs_str_of(l->imsi.s);
    l->key.data = ECS_STR(
        ECS_DATA_PLAN ECS_DATA_IDENTITY ECS_DATA_SATELLITE); /* boosts and accounts are not one by one */
    if (c->request.has_terminal) {
        l->key.terminal_id = (struct ecs_str){c->request.terminal.s, c->request.terminal.n};
        if (c->request.terminal.tac[0])
            l->key.tac = ecs_str_of(c->request.terminal.tac);
    }
    page->pending++;
    ecs_flow_start(&l->flow, c->loop, arena, NULL, line_steps, l, line_end);
    return true;
}

static enum ecs_next read_page(struct ecs_flow *f)
{
    struct page *page = f->self;

    return ecs_store_subscriber_list(f, page->compare->store, page->after, page->limit, &page->rows);
}

static enum ecs_next start_lines(struct ecs_flow *f)
{
    struct page *page = f->self;

    page->pending = 1; /* ours: none of the lines ends the wait before all have begun */
    for (size_t i = 0; i < page->rows.n; i++)
        if (!start_line(page, page->rows.rows[i].imsi) && page->rc == ECS_OK) {
            page->rc = ECS_E_NO_MEMORY;
            page->reason = ecs_strerror(page->rc);
        }
    page->pending--;
    return page->pending ? ecs_flow_wait(f, NULL, NULL) : ECS_NEXT;
}

static enum ecs_next page_complete(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static enum ecs_next page_failed(struct ecs_flow *f)
{
    struct page *page = f->self;

    page->rc = f->rc;
    page->reason = f->reason;
    return ECS_DONE;
}

static const struct ecs_step page_steps[] = {
    {"read-page", read_page, FACTS_LIMIT_MS},
    {"start-lines", start_lines, 4 * FACTS_LIMIT_MS},
    {"page-complete", page_complete, 0},
    {"page-failed", page_failed, 0},
    {0},
};

static void page_end(struct ecs_flow *f)
{
    ((struct page *)f->self)->done = true;
}

/* ---- all pages ---- */

static enum ctl_status run_page(struct compare *c, struct ecs_imsi *after, bool *ret_more)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, PAGE_MEMORY);
    struct page *page = arena ? ecs_alloc(arena, sizeof(*page)) : NULL;
    enum ctl_status status = CTL_OK;

    if (!page) {
        ecs_arena_free(arena);
        return ctl_fail(c->ctl, CTL_FAILED, "out of memory");
    }
    page->compare = c;
    page->after = ecs_str_of(after->s);
    page->limit = c->left < PAGE ? (unsigned)c->left : PAGE;
    ecs_flow_start(&page->flow, c->loop, arena, NULL, page_steps, page, page_end);
    while (!page->done && ecs_loop_turn(c->loop, -1) == ECS_OK)
        ;
    if (page->rc != ECS_OK || !page->done)
        status = ctl_fail(c->ctl, page->rc == ECS_E_BACKEND ? CTL_UNREACHABLE : CTL_FAILED,
                          "the database: %s", page->reason ? page->reason : "no answer");
    else if (page->rows.n && !ecs_imsi_parse(page->rows.rows[page->rows.n - 1].imsi, after))
        status = ctl_fail(c->ctl, CTL_FAILED, "the database has a malformed IMSI");
    c->left -= page->limit;
    *ret_more = page->rows.n == page->limit && c->left > 0;
    ecs_arena_free(arena);
    return status;
}

static enum ctl_status run_pages(struct compare *c)
{
    struct ecs_imsi after = {""};
    enum ctl_status status = CTL_OK;
    bool more = true;

    while (status == CTL_OK && more) {
        status = run_page(c, &after, &more);
        if (c->terminal)
            fprintf(stderr, "\r%lld subscribers ", (long long)c->seen);
    }
    if (c->terminal)
        fputc('\n', stderr);
    return status;
}

/* ---- set-up ---- */

static enum ctl_status read_options(struct compare *c)
{
    struct ctl *ctl = c->ctl;
    const char *limit = ctl_get(ctl, CTL_LIMIT), *at = ctl_get(ctl, CTL_AT),
               *device = ctl_get(ctl, CTL_DEVICE);
    const char *version = ctl_get(ctl, CTL_VERSION);

    c->left = INT64_MAX;
    c->now = ecs_clock_now();
    c->request.kind = ECS_TS43_NEW;
    c->request.notif_action = -1;
    c->request.has_version = true;
    if (limit && (!ecs_str_to_i64(ecs_str_of(limit), &c->left) || c->left < 1))
        return ctl_fail(ctl, CTL_USAGE, "--limit must be a positive number");
    if (at && !ecs_time_parse(ecs_str_of(at), &c->now))
        return ctl_fail(ctl, CTL_USAGE, "--at must be a time such as 2026-01-31T12:00:00Z");
    if (!ecs_version_parse(ecs_str_of(version ? version : "8.0"), &c->request.version))
        return ctl_fail(ctl, CTL_USAGE, "--version must be a version of TS.43 such as 8.0");
    c->request.has_terminal = device != NULL;
    if (device && !ecs_terminal_id_parse(ecs_str_of(device), &c->request.terminal))
        return ctl_fail(ctl, CTL_USAGE, "--device must be an IMEI or a UUID");
    for (unsigned app = 0; app < ECS_APP_COUNT; app++) {
        enum ecs_service service;

        if (ecs_app_service((enum ecs_app)app, &service))
            c->request.apps[c->request.n_apps++] = (enum ecs_app)app;
    }
    return CTL_OK;
}

static enum ctl_status read_plmns(struct compare *c)
{
    const struct ecs_auth_conf *auth = ecs_conf_get(c->ctl->conf, "auth");
    const struct ecs_policy_conf *policy = ecs_conf_get(c->ctl->conf, "policy");
    struct ecs_plmn *plmns = ecs_alloc(c->ctl->arena, (auth->plmns.n + 1) * sizeof(*plmns));

    if (!plmns)
        return ctl_fail(c->ctl, CTL_FAILED, "out of memory");
    for (size_t i = 0; i < auth->plmns.n; i++)
        if (ecs_plmn_parse(auth->plmns.items[i], &plmns[c->plmn_n]))
            c->plmn_n++;
    c->plmns = plmns;
    c->gate.sims = ecs_conf_list(c->ctl->conf, "sims", &c->gate.n_sims);
    c->gate.home = plmns;
    c->gate.n_home = c->plmn_n;
    c->utc_offset_s = (int)policy->utc_offset_minutes * 60;
    return CTL_OK;
}

static enum ctl_status open_store(struct compare *c, struct ecs_pg_stats *stats)
{
    const struct ecs_database_conf *database;
    struct ecs_store_conf conf = {0};
    struct ecs_pg_sync *probe = NULL;
    enum ctl_status status = ctl_database(c->ctl, &probe); /* says at once what is wrong */

    if (status != CTL_OK)
        return status;
    ecs_pg_sync_free(probe);
    database = ecs_conf_get(c->ctl->conf, "database");
    conf.pg.conninfo = database->conninfo;
    conf.pg.statement_timeout_ms = TIMEOUT_MS;
    conf.pg.max_waiting = MOST;
    conf.ind_bits = 5;
    conf.limit_attempts = conf.limit_window_s = 1;
    conf.session_life_s = 5;
    c->loop = ecs_loop_new();
    c->store = c->loop ? ecs_store_new(c->loop, &conf, stats) : NULL;
    return c->store ? read_plmns(c)
                    : ctl_fail(c->ctl, CTL_FAILED, "the database connection cannot be set up");
}

static enum ctl_status print_result(struct compare *c)
{
    static const char *const columns[] = {"count", "service",  "decision", "old",
                                          "new",   "old_rule", "new_rule", NULL};
    struct ecs_buf buf = {0};
    json_t *json;

    ecs_policy_compare_write(c->result, &buf);
    if (c->ctl->json) {
        ecs_buf_add_char(&buf, '\n');
        return ctl_print_buf(c->ctl, &buf);
    }
    json = buf.overflow ? NULL : json_loadb(buf.p, buf.n, 0, NULL);
    ecs_buf_done(&buf);
    if (!json)
        return ctl_fail(c->ctl, CTL_FAILED, "out of memory");
    printf("%lld subscribers, %lld with other decisions\n",
           (long long)json_integer_value(json_object_get(json, "seen")),
           (long long)json_integer_value(json_object_get(json, "changed")));
    if (json_array_size(json_object_get(json, "changes"))) {
        putchar('\n');
        ctl_print_table(c->ctl, json_object_get(json, "changes"), columns);
    }
    if (json_integer_value(json_object_get(json, "others")))
        printf("and %lld further changes of other kinds\n",
               (long long)json_integer_value(json_object_get(json, "others")));
    json_decref(json);
    return CTL_OK;
}

enum ctl_status ctl_policy_compare(struct ctl *ctl)
{
    struct compare c = {.ctl = ctl, .terminal = isatty(STDERR_FILENO) && !ctl->json};
    struct ecs_pg_stats stats = {0};
    enum ctl_status status = read_options(&c);

    if (status == CTL_OK)
        status = ctl_policy_load(ctl, ctl->arg[0], &c.from);
    if (status == CTL_OK)
        status = ctl_policy_load(ctl, ctl->arg[1], &c.to);
    if (status == CTL_OK)
        status = open_store(&c, &stats);
    if (status == CTL_OK) {
        c.result = ecs_policy_compare_new(c.from, c.to);
        status = c.result ? run_pages(&c) : ctl_fail(ctl, CTL_FAILED, "out of memory");
    }
    if (status == CTL_OK)
        status = print_result(&c);
    ecs_policy_compare_free(c.result);
    ecs_store_free(c.store);
    ecs_loop_free(c.loop);
    ecs_policy_free(c.from);
    ecs_policy_free(c.to);
    return status;
}
