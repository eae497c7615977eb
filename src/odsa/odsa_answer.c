/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of answers that several operations have: texts, the question to the user, pages, download data,
 * intervals. */
#include "op_priv.h"

#include <regex.h>
#include <string.h>

#include "ecs/form.h"
#include "ecs/json.h"
#include "ecs/log.h"
#include "ecs/negotiate.h"
#include "ecs/xml.h"

enum { RESPONSE_MAX = 1024, PAGE_DATA_MAX = 16384 };

enum ecs_next odsa_out_of_memory(struct ecs_flow *f)
{
    return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the operation");
}

/* ---- texts ---- */

struct ecs_str odsa_text(struct ecs_flow *f, const struct ecs_odsa *odsa, struct ecs_str key)
{
    struct ecs_substitution values[] = {
        {ECS_STR("brand"), odsa->line ? odsa->line->brand : ECS_STR_NULL},
        {ECS_STR("plan"), odsa->line ? odsa->line->plan_name : ECS_STR_NULL},
    };
    struct ecs_str text;

    if (!key.n || ecs_str_eq(key, ECS_STR("notice")))
        return ECS_STR_NULL;
    text = ecs_message(odsa->env->messages, odsa->language, key, values, ECS_ARRAY_LEN(values), f->arena);
    return text.n ? ecs_doc_text(f->arena, text) : ECS_STR_NULL;
}

/* Bytes of the first characters; *ret_n: how many there are in all. */
static size_t bytes_of(struct ecs_str text, size_t characters, size_t *ret_n)
{
    size_t bytes = text.n, n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (((unsigned char)text.p[i] & 0xc0) == 0x80)
            continue;
        if (n++ == characters)
            bytes = i;
    }
    *ret_n = n;
    return bytes;
}

struct ecs_str odsa_shorten(struct ecs_arena *arena, struct ecs_str text, int limit)
{
    static const char ellipsis[] = "\u2026";
    size_t n, keep, word;
    char *out;

    if (limit < 1 || (bytes_of(text, (size_t)limit, &n) == text.n && n <= (size_t)limit))
        return text;
    keep = bytes_of(text, (size_t)limit - 1, &n);
    /* At the border of a word, unless that would cost more than half of it. */
    for (word = keep; word > keep / 2 && text.p[word] != ' ';)
        word--;
    if (word > keep / 2)
        keep = word;
    while (keep && text.p[keep - 1] == ' ')
        keep--;
    out = ecs_alloc(arena, keep + sizeof(ellipsis));
    if (!out)
        return ECS_STR_NULL;
    memcpy(out, text.p, keep);
    memcpy(out + keep, ellipsis, sizeof(ellipsis) - 1);
    return (struct ecs_str){out, keep + sizeof(ellipsis) - 1};
}

/* ---- the question ---- */

static struct ecs_str part(struct ecs_flow *f, const struct ecs_odsa *odsa, enum odsa_choice choice,
                           int place)
{
    struct ecs_str text = odsa_text(f, odsa, odsa_choice(odsa, choice)->s);

    return text.n && place >= 0 ? odsa_shorten(f->arena, text, odsa->work->request.limits[place]) : text;
}

const struct odsa_message *odsa_question(struct ecs_flow *f, const struct ecs_odsa *odsa)
{
    enum { TITLE, MESSAGE, ACCEPT, REJECT, HINT, FAILED };
    struct odsa_message *m;

    if (!odsa_choice(odsa, ODSA_D_QUESTION)->s.n || !(m = ecs_alloc(f->arena, sizeof(*m))))
        return NULL;
    m->text = part(f, odsa, ODSA_D_QUESTION, MESSAGE);
    m->title = part(f, odsa, ODSA_D_QUESTION_TITLE, TITLE);
    m->accept = part(f, odsa, ODSA_D_QUESTION_ACCEPT, ACCEPT);
    m->reject = part(f, odsa, ODSA_D_QUESTION_REJECT, REJECT);
    m->has_accept = m->has_reject = true;
    m->freetext = odsa_choice(odsa, ODSA_D_QUESTION_TEXT)->i;
    if (!m->freetext)
        return m;
    m->hint = part(f, odsa, ODSA_D_QUESTION_HINT, HINT);
    m->validation = odsa_choice(odsa, ODSA_D_QUESTION_PATTERN)->s;
    if (m->validation.n)
        m->validation_error = part(f, odsa, ODSA_D_QUESTION_ERROR, FAILED);
    return m;
}

/* The pattern was compiled when the policy was loaded. */
static bool matches(struct ecs_str pattern, struct ecs_str text)
{
    char copy[RESPONSE_MAX + 1];
    regex_t compiled;
    bool good;

    if (text.n > RESPONSE_MAX || memchr(text.p, '\0', text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (regcomp(&compiled, pattern.p, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    good = regexec(&compiled, copy, 0, NULL, 0) == 0;
    regfree(&compiled);
    return good;
}

bool odsa_answer_fits(const struct ecs_odsa *odsa)
{
    const struct odsa_request *q = &odsa->work->request;
    struct ecs_str pattern = odsa_choice(odsa, ODSA_D_QUESTION_PATTERN)->s;

    if (q->button != 1)
        return false;
    if (!odsa_choice(odsa, ODSA_D_QUESTION_TEXT)->i)
        return !q->response.n;
    return q->response.n && (!pattern.n || matches(pattern, q->response));
}

/* ---- pages ---- */

static struct ecs_str keep(struct ecs_arena *arena, struct ecs_buf *buf)
{
    char *copy = buf->overflow ? NULL : ecs_strdup(arena, ecs_buf_str(buf));
    struct ecs_str text = {copy, copy ? buf->n : 0};

    ecs_buf_done(buf);
    return text;
}

static void write_pairs(const struct ecs_form *form, bool json, struct ecs_buf *out)
{
    struct ecs_json_out o = {.buf = out};

    if (json) {
        ecs_json_begin(&o, NULL, '{');
        for (size_t i = 0; i < form->n; i++) {
            if (i)
                ecs_buf_add_char(out, ',');
            ecs_json_add_name(out, form->field[i].name);
            ecs_json_add_string(out, form->field[i].value);
        }
        ecs_json_end(&o, '}');
        return;
    }
    ecs_buf_add_cstr(out, "<?xml version=\"1.0\"?><data>");
    for (size_t i = 0; i < form->n; i++)
        ecs_xml_parm(out, form->field[i].name, form->field[i].value);
    ecs_buf_add_cstr(out, "</data>");
}

/* a=b pairs in the form of the contents type (Table 50). */
static struct ecs_str body_of(struct ecs_arena *arena, struct ecs_str pairs, bool json, bool encoded)
{
    struct ecs_buf out = {.limit = PAGE_DATA_MAX}, base64 = {.limit = 2 * PAGE_DATA_MAX};
    struct ecs_form form;
    const char *why;
    char *to;

    if (ecs_form_parse(arena, pairs, &form, &why) != ECS_OK)
        return ECS_STR_NULL;
    write_pairs(&form, json, &out);
    if (!encoded || out.overflow)
        return keep(arena, &out);
    ecs_buf_add_cstr(&base64, "encodedValue=");
    to = ecs_buf_reserve(&base64, ECS_BASE64_LEN(out.n) + 1);
    if (to)
        base64.n += ecs_base64_encode(out.p, out.n, to);
    ecs_buf_done(&out);
    return keep(arena, &base64);
}

/* The client puts "?" between URL and data itself: an address has no query of its own then (O-026). */
static bool split_query(struct ecs_arena *arena, struct ecs_str *url, struct ecs_str *data)
{
    struct ecs_buf joined = {.limit = PAGE_DATA_MAX};
    const char *mark = memchr(url->p, '?', url->n);
    struct ecs_str query;

    if (!mark)
        return true;
    query = (struct ecs_str){mark + 1, url->n - (size_t)(mark - url->p) - 1};
    url->n = (size_t)(mark - url->p);
    ecs_buf_add_str(&joined, query);
    if (query.n && data->n)
        ecs_buf_add_char(&joined, '&');
    ecs_buf_add_str(&joined, *data);
    *data = keep(arena, &joined);
    return data->p != NULL;
}

static bool find_page(struct ecs_flow *f, const struct ecs_odsa *odsa, const struct ecs_journey *journey,
                      struct ecs_str *url, struct ecs_str *data)
{
    const struct odsa_request *q = &odsa->work->request;
    struct ecs_journey none = {.imsi = odsa->line ? odsa->line->imsi : ECS_STR_NULL,
                               .enterprise = q->enterprise,
                               .app = (int)ecs_app_number(q->app),
                               .operation_type = q->type,
                               .terminal_id = q->terminal_id,
                               .target_id = q->target_id};
    struct ecs_str wanted = *url, given = *data;

    if (!wanted.n)
        return false;
    if (odsa->portal)
        return odsa->portal(odsa->portal_arg, f->arena, journey ? journey : &none, wanted, given, url,
                            data) &&
               url->n;
    if (ecs_str_eq(wanted, ECS_STR("portal")))
        *url = ecs_str_of(odsa->env->portal_url);
    if (memchr(given.p ? given.p : "", '{', given.n))
        *data = ECS_STR("");
    return url->n > 0;
}

bool odsa_to_page(struct ecs_flow *f, struct ecs_odsa *odsa, const struct ecs_journey *journey)
{
    static const struct ecs_str types[] = {
        [ECS_PAGE_QUERY] = {NULL, 0}, [ECS_PAGE_JSON] = {"json", 4}, [ECS_PAGE_XML] = {"xml", 3}};
    struct odsa_answer *a = &odsa->work->answer;
    struct ecs_str url = odsa_choice(odsa, journey ? ODSA_D_PORTAL_URL : ODSA_D_NOT_ENABLED_URL)->s;
    struct ecs_str data = odsa_choice(odsa, journey ? ODSA_D_PORTAL_DATA : ODSA_D_NOT_ENABLED_DATA)->s;
    int64_t type = odsa_choice(odsa, journey ? ODSA_D_PORTAL_TYPE : ODSA_D_NOT_ENABLED_TYPE)->i;
    /* Quotes and angle brackets do not survive XML readers of phones (clients.md C-34). */
    bool encoded = odsa_choice(odsa, ODSA_D_PORTAL_ENCODED)->i ||
                   ecs_accept_read(odsa->request->accept).format != ECS_FORMAT_JSON;

    if (journey && journey->page_url.n) { /* the BSS knows best; its data are pairs, as those of the policy */
        url = journey->page_url;
        data = journey->page_data.n ? journey->page_data : ECS_STR("");
    } else if (!find_page(f, odsa, journey, &url, &data)) {
        return false;
    }
    if (type == ECS_PAGE_QUERY) {
        if (!split_query(f->arena, &url, &data))
            return false;
        data = ecs_doc_url(f->arena, data);
    } else {
        data = body_of(f->arena, data, type == ECS_PAGE_JSON, encoded);
    }
    url = ecs_doc_url(f->arena, url);
    if (!url.n || !data.p)
        return false;
    a->page_url = url;
    a->page_data = data.n ? data : ECS_STR_NULL;
    a->page_type = types[type];
    if (!journey)
        return true;
    a->subscription = ODSA_SR_WEBSHEET;
    odsa->work->pending = true;
    return true;
}

/* ---- downloads ---- */

const struct odsa_download *odsa_download_of(struct ecs_flow *f, const struct ecs_odsa *odsa,
                                             const struct ecs_profile *profile,
                                             const struct ecs_journey *journey)
{
    struct odsa_download *d = ecs_alloc(f->arena, sizeof(*d));
    struct ecs_str address = profile && profile->address.n ? profile->address
                             : journey                     ? journey->address
                                                           : ECS_STR_NULL;
    struct ecs_str sealed = profile && profile->code.n ? profile->code
                            : journey                  ? journey->code
                                                       : ECS_STR_NULL;
    struct ecs_str eid = profile && profile->eid.n ? profile->eid : journey ? journey->eid : ECS_STR_NULL;
    bool by_address = journey ? journey->flags & ECS_JOURNEY_F_BY_ADDRESS : !sealed.n;

    if (!d)
        return NULL;
    d->iccid = profile && profile->iccid.n ? profile->iccid : journey ? journey->iccid : ECS_STR_NULL;
    /* O-030, O-033: with its ICCID, and only when the profile waits for an EID. */
    if (address.n && d->iccid.n && eid.n && (by_address || !sealed.n)) {
        d->address = address;
        return d;
    }
    if (!sealed.n)
        return NULL;
    if (ecs_odsa_open(odsa->env, f->arena, sealed, &d->code) && d->code.n)
        return d;
    ecs_log_at(f->log, ECS_EV_KEYS, ECS_LOG_ERROR,
               "an activation code cannot be opened: its key was removed");
    return NULL;
}

/* ---- intervals and screens ---- */

int odsa_polling(const struct ecs_odsa_conf *conf, int64_t seconds, int *ret_unit)
{
    *ret_unit = conf->polling_minutes ? 0 : 1;
    return (int)(conf->polling_minutes ? (seconds + 59) / 60 : seconds);
}

/* "35175605", or "vendor/model" as it is sent. */
bool odsa_has_no_web_view(const struct ecs_odsa *odsa)
{
    const struct ecs_str_list *list = &odsa->env->conf->no_web_view;
    const struct ecs_ts43_request *r = odsa->request;

    for (size_t i = 0; i < list->n; i++) {
        struct ecs_str rest = list->items[i], vendor;

        if (r->terminal.tac[0] && ecs_str_eq(rest, ecs_str_of(r->terminal.tac)))
            return true;
        if (memchr(rest.p, '/', rest.n) && ecs_str_cut(&rest, '/', &vendor) &&
            ecs_str_eq_nocase(vendor, r->param[ECS_P_TERMINAL_VENDOR]) &&
            ecs_str_eq_nocase(rest, r->param[ECS_P_TERMINAL_MODEL]))
            return true;
    }
    return false;
}
