/* SPDX-License-Identifier: Apache-2.0 */
/* ES2+ bodies (SGP.22 6.5, smdp.md 2 and 3): requests as they are due, answers read as tolerantly as real
 * SM-DP+ need it. Texts for log and journal are constant or made of status codes: nothing that the other side
 * wrote in words goes further. */
#include "adapters/smdp_int.h"
#include "ecs/ids.h"
#include "ecs/json.h"

/* ---- reading JSON ---- */

static const struct ecs_json_member *find(const struct ecs_json_flat *flat, const char *name)
{
    for (size_t i = 0; i < flat->n; i++)
        if (flat->member[i].kind != ECS_JSON_NULL && ecs_str_eq(flat->member[i].name, ecs_str_of(name)))
            return &flat->member[i];
    return NULL;
}

struct ecs_str smdp_json_text(const struct ecs_json_flat *flat, const char *name)
{
    const struct ecs_json_member *m = find(flat, name);

    return m && m->kind == ECS_JSON_STRING ? m->value : ECS_STR_NULL;
}

bool smdp_json_object(struct ecs_arena *arena, const struct ecs_json_flat *flat, const char *name,
                      struct ecs_json_flat *ret_object)
{
    const struct ecs_json_member *m = find(flat, name);
    const char *ignored;

    return m && m->kind == ECS_JSON_OBJECT &&
           ecs_json_flat_parse(arena, m->value, ret_object, &ignored) == ECS_OK;
}

void smdp_json_form(struct ecs_arena *arena, const struct ecs_json_flat *object,
                    struct smdp_form_read *ret_form)
{
    static const struct {
        const char *word;
        enum smdp_form form;
    } words[] = {
        {"Executed-Success", SMDP_DONE},
        {"Executed-WithWarning", SMDP_DONE_WARNING},
        {"Failed", SMDP_FAILED},
        {"Expired", SMDP_EXPIRED},
    };
    struct ecs_str status = smdp_json_text(object, "status");
    struct ecs_json_flat data;

    *ret_form = (struct smdp_form_read){.form = SMDP_UNREADABLE};
    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (ecs_str_eq_nocase(status, ecs_str_of(words[i].word)))
            ret_form->form = words[i].form;
    if (!smdp_json_object(arena, object, "statusCodeData", &data))
        return;
    ret_form->subject = smdp_json_text(&data, "subjectCode");
    ret_form->reason = smdp_json_text(&data, "reasonCode");
    if (!smdp_is_code(ret_form->subject))
        ret_form->subject = ECS_STR_NULL;
    if (!smdp_is_code(ret_form->reason))
        ret_form->reason = ECS_STR_NULL;
}

/* ---- requests ---- */

static void write_iccid(struct ecs_json_out *out, const struct smdp_call *call)
{
    struct ecs_str iccid = call->iccid;
    char padded[SMDP_ICCID_MAX];

    if (call->smdp->conf->pad_iccid && iccid.n == SMDP_ICCID_MAX - 1) {
        memcpy(padded, iccid.p, iccid.n);
        padded[iccid.n] = 'F';
        iccid = (struct ecs_str){padded, SMDP_ICCID_MAX};
    }
    ecs_json_str(out, "iccid", iccid);
}

static void write_text(struct ecs_json_out *out, const char *name, struct ecs_str text)
{
    if (text.p)
        ecs_json_str(out, name, text);
}

static void write_members(struct ecs_json_out *out, const struct smdp_call *call)
{
    const char *smds = call->smdp->conf->smds;

    switch (call->function) {
    case ECS_SMDP_FN_ORDER:
        write_text(out, "eid", call->eid);
        if (call->iccid.p)
            write_iccid(out, call);
        write_text(out, "profileType", call->profile_type);
        break;
    case ECS_SMDP_FN_CONFIRM:
        write_iccid(out, call);
        write_text(out, "eid", call->eid);
        write_text(out, "matchingId", call->matching_id);
        write_text(out, "confirmationCode", call->confirmation_code);
        if (call->eid.p && smds) /* an event at the SM-DS is for one eUICC */
            ecs_json_str(out, "smdsAddress", ecs_str_of(smds));
        ecs_json_bool(out, "releaseFlag", call->release);
        break;
    case ECS_SMDP_FN_CANCEL:
        write_iccid(out, call);
        write_text(out, "eid", call->eid);
        write_text(out, "matchingId", call->matching_id);
        ecs_json_str(out, "finalProfileStatusIndicator",
                     call->reusable ? ECS_STR("Available") : ECS_STR("Unavailable"));
        break;
    case ECS_SMDP_FN_RELEASE:
        write_iccid(out, call);
        break;
    default:
        ecs_json_begin(out, "iccidList", '[');
        ecs_json_begin(out, NULL, '{');
        write_iccid(out, call);
        ecs_json_end(out, '}');
        ecs_json_end(out, ']');
        break;
    }
}

void smdp_es2_write(const struct smdp_call *call, struct ecs_buf *buf)
{
    struct ecs_json_out out = {.buf = buf};

    ecs_json_begin(&out, NULL, '{');
    ecs_json_begin(&out, "header", '{');
    ecs_json_str(&out, "functionRequesterIdentifier", ecs_str_of(call->smdp->conf->requester));
    ecs_json_str(&out, "functionCallIdentifier", call->call_id);
    ecs_json_end(&out, '}');
    write_members(&out, call);
    ecs_json_end(&out, '}');
}

/* ---- answers ---- */

static void warn(struct ecs_smdp_result *r, const char *why)
{
    r->warning = true;
    if (!r->why)
        r->why = why;
}

static void end(struct ecs_smdp_result *r, enum ecs_smdp_status status, const char *why)
{
    r->status = status;
    r->why = why;
}

/* Without an answer nothing is known; a repetition finds out. */
static void read_silence(const struct ecs_ask_answer *answer, struct ecs_smdp_result *r)
{
    end(r, answer->rc == ECS_E_BAD_PARAMETER ? ECS_SMDP_DENIED : ECS_SMDP_AGAIN,
        answer->error ? answer->error : ecs_strerror(answer->rc));
}

static void read_status(const struct smdp_call *call, struct ecs_arena *arena,
                        const struct ecs_ask_answer *answer, bool *ret_credentials)
{
    struct ecs_smdp_result *r = call->result;
    const char *why = ecs_printf(arena, "HTTP status %d", answer->status);
    bool no_such = answer->status == 404 || answer->status == 405 || answer->status == 501;

    *ret_credentials = answer->status == 401 || answer->status == 403;
    if (call->function == ECS_SMDP_FN_STATE && no_such)
        end(r, ECS_SMDP_REFUSED, "it has no such function");
    else if (answer->status == 408 || answer->status == 425 || answer->status == 429 ||
             (answer->status >= 500 && answer->status != 501))
        end(r, ECS_SMDP_AGAIN, why ? why : "HTTP error status");
    else if (answer->status >= 200 && answer->status < 300)
        end(r, ECS_SMDP_AGAIN, "the answer is no JSON of an ES2+ function");
    else /* redirects are not followed */
        end(r, ECS_SMDP_DENIED, why ? why : "HTTP error status");
}

static void read_refusal(const struct smdp_call *call, struct ecs_arena *arena,
                         const struct smdp_form_read *form, bool *ret_credentials)
{
    struct ecs_smdp_result *r = call->result;
    const char *why = "its time for the function was over", *text;

    r->subject = form->subject;
    r->reason = form->reason;
    r->status = ECS_SMDP_AGAIN;
    if (form->form == SMDP_FAILED)
        r->status = smdp_judge(call, form->subject, form->reason, &why);
    *ret_credentials = ecs_str_eq(form->subject, ECS_STR("1.1")) && r->status == ECS_SMDP_DENIED;
    r->warning = r->status == ECS_SMDP_OK;
    text = form->subject.n || form->reason.n
               ? ecs_printf(arena, "%s (%.*s/%.*s)", why, ECS_FMT(form->subject), ECS_FMT(form->reason))
               : why;
    r->why = text ? text : why;
}

/* What an earlier call did: the answer that was lost is put together from what we had asked for. */
static void restore(const struct smdp_call *call)
{
    struct ecs_smdp_result *r = call->result;

    r->iccid = call->iccid;
    if (call->function != ECS_SMDP_FN_CONFIRM)
        return;
    r->eid = call->eid;
    r->matching_id = call->matching_id;
    r->address = ecs_str_of(call->smdp->conf->address);
}

/* ICCID of an answer: {NULL, 0} when there is none; *ret_strange: there is one that cannot be. */
static struct ecs_str iccid_of(const struct smdp_call *call, const struct ecs_json_flat *flat,
                               bool *ret_strange)
{
    struct ecs_str text = smdp_json_text(flat, "iccid"), iccid = smdp_iccid(text);

    *ret_strange = text.p && (!iccid.p || (call->iccid.p && !ecs_str_eq(iccid, call->iccid)));
    return iccid;
}

static void read_order(const struct smdp_call *call, const struct ecs_json_flat *flat)
{
    struct ecs_smdp_result *r = call->result;
    bool strange;

    r->iccid = iccid_of(call, flat, &strange);
    r->address = ecs_str_of(call->smdp->conf->address);
    if (!strange && !r->iccid.p && call->iccid.p) {
        r->iccid = call->iccid;
        warn(r, "the answer names no ICCID");
    }
    if (strange || !r->iccid.p) {
        end(r, ECS_SMDP_DENIED,
            strange ? "the answer names another ICCID, or none that can be one"
                    : "the answer names no ICCID");
        r->iccid = ECS_STR_NULL;
    }
}

static void read_address(const struct smdp_call *call, const struct ecs_json_flat *flat)
{
    struct ecs_smdp_result *r = call->result;
    struct ecs_str told = smdp_json_text(flat, "smdpAddress");

    r->address = ecs_str_of(call->smdp->conf->address);
    if (!told.n || !call->smdp->conf->confirm_address)
        return;
    if (smdp_is_fqdn(told))
        r->address = told;
    else
        warn(r, "the smdpAddress of the answer is no domain name");
}

static void read_confirm(const struct smdp_call *call, const struct ecs_json_flat *flat)
{
    struct ecs_smdp_result *r = call->result;
    struct ecs_str told = smdp_json_text(flat, "matchingId"), eid = smdp_json_text(flat, "eid");
    struct ecs_eid checked;

    r->iccid = call->iccid;
    r->eid = ecs_eid_parse(eid, &checked) ? eid : call->eid;
    read_address(call, flat);
    r->matching_id = told.p ? told : call->matching_id;
    if (!r->matching_id.p)
        end(r, ECS_SMDP_DENIED, "the answer has no matching id");
    else if (!smdp_is_matching_id(told))
        end(r, ECS_SMDP_DENIED, "the matching id of the answer cannot stand in an activation code");
    else if (!told.p)
        warn(r, "the answer has no matching id");
    else if (call->matching_id.p && !ecs_str_eq(told, call->matching_id))
        warn(r, "the answer has another matching id than ours");
    if (r->status != ECS_SMDP_OK)
        r->matching_id = ECS_STR_NULL;
}

static bool is_state(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == ' '))
            return false;
    }
    return text.n >= 1 && text.n <= 40;
}

static void read_state(const struct smdp_call *call, struct ecs_arena *arena,
                       const struct ecs_json_flat *flat)
{
    const struct ecs_json_member *list = find(flat, "profileStatusList");
    struct ecs_smdp_result *r = call->result;
    struct ecs_json_flat items = {0}, entry;
    const char *ignored;

    if (!list || list->kind != ECS_JSON_ARRAY ||
        ecs_json_flat_items(arena, list, &items, &ignored) != ECS_OK) {
        end(r, ECS_SMDP_DENIED, "the answer has no profileStatusList");
        return;
    }
    for (size_t i = 0; i < items.n; i++) {
        if (items.member[i].kind != ECS_JSON_OBJECT ||
            ecs_json_flat_parse(arena, items.member[i].value, &entry, &ignored) != ECS_OK ||
            !ecs_str_eq(smdp_iccid(smdp_json_text(&entry, "iccid")), call->iccid))
            continue;
        r->iccid = call->iccid;
        r->state = smdp_json_text(&entry, "state");
        r->eid = smdp_json_text(&entry, "eid");
        r->matching_id = smdp_json_text(&entry, "acToken");
        if (!ecs_str_is_digits(r->eid))
            r->eid = ECS_STR_NULL;
        if (!smdp_is_matching_id(r->matching_id))
            r->matching_id = ECS_STR_NULL;
        if (is_state(r->state))
            return;
        r->state = ECS_STR_NULL;
        end(r, ECS_SMDP_DENIED, "the answer has no state of the profile");
        return;
    }
    end(r, ECS_SMDP_REFUSED, "it does not know the profile");
}

static void read_done(const struct smdp_call *call, struct ecs_arena *arena, const struct ecs_json_flat *flat)
{
    switch (call->function) {
    case ECS_SMDP_FN_ORDER:
        read_order(call, flat);
        break;
    case ECS_SMDP_FN_CONFIRM:
        read_confirm(call, flat);
        break;
    case ECS_SMDP_FN_STATE:
        read_state(call, arena, flat);
        break;
    default:
        call->result->iccid = call->iccid;
        break;
    }
}

static void check_head(const struct ecs_ask_answer *answer, struct ecs_smdp_result *r)
{
    const char *protocol = ecs_ask_header(answer, "x-admin-protocol");
    struct ecs_str type = answer->content_type, media = ECS_STR_NULL;

    if (!protocol)
        warn(r, "the answer has no X-Admin-Protocol");
    else if (!ecs_str_starts_with_nocase(ecs_str_of(protocol), ECS_STR("gsma/rsp/v")))
        warn(r, "the X-Admin-Protocol of the answer is another one");
    if (!ecs_str_cut(&type, ';', &media) ||
        !ecs_str_eq_nocase(ecs_str_trim(media), ECS_STR("application/json")))
        warn(r, "the Content-Type of the answer is not application/json");
}

/* functionExecutionStatus of a body; UNREADABLE: no JSON, or nothing of that form. */
static void read_form(struct ecs_arena *arena, struct ecs_str body, struct ecs_json_flat *ret_flat,
                      struct smdp_form_read *ret_form)
{
    struct ecs_json_flat header, status;
    const char *ignored;

    *ret_form = (struct smdp_form_read){.form = SMDP_UNREADABLE};
    if (ecs_json_flat_parse(arena, body, ret_flat, &ignored) == ECS_OK &&
        smdp_json_object(arena, ret_flat, "header", &header) &&
        smdp_json_object(arena, &header, "functionExecutionStatus", &status))
        smdp_json_form(arena, &status, ret_form);
}

void smdp_es2_read(const struct smdp_call *call, struct ecs_arena *arena, const struct ecs_ask_answer *answer,
                   bool *ret_credentials)
{
    struct ecs_smdp_result *r = call->result;
    bool good = answer->status >= 200 && answer->status < 300;
    struct ecs_json_flat flat = {0};
    struct smdp_form_read form;

    *r = (struct ecs_smdp_result){.status = ECS_SMDP_OK};
    *ret_credentials = false;
    if (answer->rc != ECS_OK) {
        read_silence(answer, r);
        return;
    }
    if (answer->retry_after_s > 0)
        r->retry_after_s = answer->retry_after_s < 86400 ? (uint32_t)answer->retry_after_s : 86400;
    read_form(arena, answer->body, &flat, &form);
    if (form.form == SMDP_FAILED || form.form == SMDP_EXPIRED) {
        read_refusal(call, arena, &form, ret_credentials);
        if (r->status == ECS_SMDP_OK)
            restore(call);
    } else if (good && form.form != SMDP_UNREADABLE) {
        r->subject = form.subject;
        r->reason = form.reason;
        if (form.form == SMDP_DONE_WARNING)
            warn(r, "executed with a warning");
        check_head(answer, r);
        read_done(call, arena, &flat);
    } else if (answer->status == 204 && answer->body.n == 0 &&
               (call->function == ECS_SMDP_FN_CANCEL || call->function == ECS_SMDP_FN_RELEASE)) {
        warn(r, "the answer is empty");
        r->iccid = call->iccid;
    } else {
        read_status(call, arena, answer, ret_credentials);
    }
}
