/* SPDX-License-Identifier: Apache-2.0 */
/* From the hand-over of a phone to a session. The sealed reference (ServiceFlow_UserData, sid=...) names the
 * subscriber; it opens one session, whose cookie the browser keeps. Nothing else of what a browser sends says
 * who it is. */
#include "sheet.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_BYTES = 16 };
enum { SERVICE_VOWIFI = 4, SERVICE_BOOST = 10, SERVICE_BILLING = 12, SERVICE_SATMODE = 16 };
enum { SERVICE_COMPANION = 6, SERVICE_PRIMARY = 9, SERVICE_ENTERPRISE = 11 };

static const char cookie_name[] = "ecs_sheet";

static bool digest_of(struct sheet *s, const char *label, struct ecs_str text, uint8_t out[ECS_SHEET_HANDLE])
{
    const struct ecs_str parts[] = {ecs_str_of(label), text};

    return ecs_digest(s->call->front->crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), out);
}

static bool take_secret(struct sheet *s)
{
    return digest_of(s, "sheet handle ", (struct ecs_str){(const char *)s->secret, sizeof(s->secret)},
                     s->handle);
}

bool sheet_text_token(struct sheet *s, struct ecs_str text, char *out)
{
    uint8_t mac[ECS_SHA256_LEN];

    if (!ecs_hmac(s->call->front->crypto, ECS_DIGEST_SHA256, s->secret, sizeof(s->secret), &text, 1, mac))
        return false;
    (void)ecs_base32_encode(mac, TOKEN_BYTES, out);
    return true;
}

bool sheet_step_token(struct sheet *s, int32_t step, char *out)
{
    char text[32];
    struct ecs_str part = {text, (size_t)snprintf(text, sizeof(text), "step %d", (int)step)};

    return sheet_text_token(s, part, out);
}

/* ---- the sets of pages ---- */

/* By the last part of their address: the references that open them, and how their sessions are called. */
struct place {
    const char *path, *session; /* session ends with "-": what belongs to it follows */
    uint8_t services[4];
    bool journey;
};
static const struct place places[] = {
    {"vowifi", "vowifi", {SERVICE_VOWIFI}, false},
    {"odsa", "odsa-", {SERVICE_COMPANION, SERVICE_PRIMARY, SERVICE_ENTERPRISE}, true},
    {"boost", "boost-", {SERVICE_BOOST}, false},
    {"billing", "billing-", {SERVICE_BILLING}, false},
    {"satmode", "satmode", {SERVICE_SATMODE}, false},
};

static const struct place *place_of(const struct sheet *s)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(places); i++)
        if (strcmp(places[i].path, s->place) == 0)
            return &places[i];
    return NULL;
}

static bool is_odsa(const struct sheet *s)
{
    return place_of(s) && place_of(s)->journey;
}

static bool is_for_place(const struct sheet *s)
{
    static const uint8_t none[sizeof(s->ref.account)];
    const struct place *p = place_of(s);

    if (!p || !s->ref.service || !memchr(p->services, s->ref.service, sizeof(p->services)))
        return false;
    if (s->ref.service == SERVICE_BILLING)
        return memcmp(s->ref.account, none, sizeof(none)) != 0;
    return p->journey == (s->ref.journey != 0) && (s->ref.service != SERVICE_BOOST || s->ref.boost);
}

/* A cookie of the other pages opens nothing here. */
static bool row_is_of_place(const struct sheet *s)
{
    const struct place *p = place_of(s);
    struct ecs_str session = ecs_str_of(p ? p->session : NULL);

    if (session.n && session.p[session.n - 1] == '-')
        return ecs_str_starts_with(s->row.service, session);
    return session.n && ecs_str_eq(s->row.service, session);
}

/* ---- steps ---- */

enum ecs_next sheet_begin(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = web_own(c, sizeof(*s));
    struct ecs_str cookie = web_cookie(c, cookie_name);

    if (!s)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    s->call = c;
    s->place = c->route->path;
    if (c->method == ECS_HTTP_HEAD) /* somebody looks whether there is a page: that opens nothing */
        return ECS_DONE;
    if (cookie.n == ECS_BASE32_LEN(SHEET_SECRET) &&
        ecs_base32_decode(cookie, s->secret, SHEET_SECRET) == SHEET_SECRET) {
        s->has_secret = true;
        if (!take_secret(s))
            return ecs_flow_fail(f, ECS_E_INTERNAL, "no digest");
    }
    s->sid = c->method == ECS_HTTP_POST && web_field(c, "step").p ? ECS_STR_NULL : web_field(c, "sid");
    if (!s->sid.p && c->method != ECS_HTTP_POST)
        s->back = web_field(c, "back");
    if (!s->sid.p && !s->has_secret)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "neither a reference nor a session");
    if (!s->sid.p)
        return ECS_NEXT;
    if (ecs_flow_ref_open(c->engine->flow_sealer, s->sid, &s->ref) != ECS_OK)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the reference is not one of ours");
    if (!is_for_place(s))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the reference is for another service");
    return digest_of(s, "sheet reference ", s->sid, s->ref_digest)
               ? ECS_NEXT
               : ecs_flow_fail(f, ECS_E_INTERNAL, "no digest");
}

enum ecs_next sheet_find(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return s->has_secret ? ecs_store_sheet_get(f, c->front->store, s->handle, &s->row) : ECS_NEXT;
}

/* The same reference with its own cookie: the user goes on, also after a dismissal. */
static enum ecs_next go_on(struct ecs_flow *f, struct sheet *s)
{
    if (s->row.stage != ECS_SHEET_DISMISSED || is_odsa(s))
        return sheet_redirect(f);
    s->move = (struct ecs_sheet_move){.step = s->row.step, .stage = ECS_SHEET_ASKED, .terms = -1};
    memcpy(s->move.handle, s->handle, sizeof(s->handle));
    s->opened = true; /* as far as the next step is concerned */
    return ecs_store_sheet_move(f, s->call->front->store, &s->move, &s->moved);
}

/* Begin of the reference's digest: shows that a cookie and a reference belong together, and opens nothing. */
static void write_mark(const uint8_t digest[ECS_SHEET_HANDLE], char out[ECS_BASE32_LEN(TOKEN_BYTES) + 1])
{
    (void)ecs_base32_encode(digest, TOKEN_BYTES, out);
}

/* A browser keeps the cookie back when another site's page posts to us, and shows it when that is redirected.
 */
static enum ecs_next ask_for_cookie(struct ecs_flow *f, struct sheet *s)
{
    char mark[ECS_BASE32_LEN(TOKEN_BYTES) + 1];
    const char *to;

    write_mark(s->ref_digest, mark);
    to = ecs_printf(f->arena, "%s/%s?back=%s", s->call->engine->snapshot->web->path, s->place, mark);
    if (!to)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    web_header(s->call, "Location", to);
    s->call->status = 303;
    return ECS_DONE;
}

static enum ecs_next come_back(struct ecs_flow *f, struct sheet *s)
{
    char mark[ECS_BASE32_LEN(TOKEN_BYTES) + 1];

    write_mark(s->row.ref, mark);
    if (!ecs_str_eq(s->back, ecs_str_of(mark)))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the reference was opened before, by another browser");
    return go_on(f, s);
}

static struct ecs_str service_of(struct sheet *s)
{
    struct ecs_arena *arena = s->call->flow.arena;
    const char *session = place_of(s)->session; /* the reference was judged by it */
    char account[2 * sizeof(s->ref.account) + 1];

    switch (s->ref.service) {
    case SERVICE_BOOST:
        return ecs_str_of(ecs_printf(arena, "%s%u", session, s->ref.boost));
    case SERVICE_BILLING:
        ecs_hex_encode(s->ref.account, sizeof(s->ref.account), account);
        return ecs_str_of(ecs_printf(arena, "%s%s", session, account));
    default:
        if (is_odsa(s))
            return ecs_str_of(ecs_printf(arena, "%s%lld", session, (long long)s->ref.journey));
        return ecs_str_of(session);
    }
}

enum ecs_next sheet_open(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    const struct ecs_websheet_conf *conf = c->engine->snapshot->websheet;

    if (s->row.found && !row_is_of_place(s))
        s->row.found = false;
    if (!s->sid.p && !s->row.found)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the session is unknown or has expired");
    if (!s->sid.p)
        return s->back.p ? come_back(f, s) : ECS_NEXT;
    if (s->row.found && memcmp(s->row.ref, s->ref_digest, sizeof(s->ref_digest)) == 0)
        return go_on(f, s);
    if (s->ref.expires_s <= c->now || s->ref.issued_s > c->now + 300)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the reference has expired");
    if (!ecs_random(c->front->crypto, s->secret, sizeof(s->secret)) || !take_secret(s))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "no random bytes");
    s->row = (struct ecs_sheet_row){0};
    s->open = (struct ecs_sheet_open){.imsi = ecs_str_of(s->ref.imsi.s),
                                      .service = service_of(s),
                                      .expires_s = c->now + conf->session_s,
                                      .ref_ends_s = s->ref.expires_s};
    if (!s->open.service.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    if (s->ref.tac)
        s->open.tac = ecs_str_of(ecs_printf(f->arena, "%08u", (unsigned)s->ref.tac));
    memcpy(s->open.terminal, s->ref.terminal, sizeof(s->open.terminal));
    memcpy(s->open.handle, s->handle, sizeof(s->handle));
    memcpy(s->open.ref, s->ref_digest, sizeof(s->ref_digest));
    return ecs_store_sheet_open(f, c->front->store, &s->open, &s->opened);
}

enum ecs_next sheet_opened(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    const struct ecs_snapshot *snapshot = c->engine->snapshot;
    char cookie[ECS_BASE32_LEN(SHEET_SECRET) + 1];
    const char *line;

    if (!s->sid.p && !s->back.p)
        return ECS_NEXT;
    if (!s->opened && !s->has_secret && c->method == ECS_HTTP_POST)
        return ask_for_cookie(f, s);
    if (!s->opened)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the reference was opened before, by another browser");
    if (s->open.expires_s) /* not the way back into an open one */
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_OPENED, 0);
    (void)ecs_base32_encode(s->secret, sizeof(s->secret), cookie);
    line =
        ecs_printf(f->arena, "%s=%s; Path=%s/%s; Max-Age=%lld; Secure; HttpOnly; SameSite=Lax", cookie_name,
                   cookie, snapshot->web->path, s->place, (long long)snapshot->websheet->session_s);
    ecs_wipe(cookie, sizeof(cookie));
    if (!line)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    web_header(c, "Set-Cookie", line);
    return sheet_redirect(f);
}

enum ecs_next sheet_redirect(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    const struct sheet *s = c->own;
    const char *path = ecs_printf(f->arena, "%s/%s", c->engine->snapshot->web->path, s->place);

    if (!path)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    web_header(c, "Location", path);
    c->status = 303;
    return ECS_DONE;
}
