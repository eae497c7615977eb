/* SPDX-License-Identifier: Apache-2.0 */
/* What a load run asks, and how each answer is verified: nothing counts that was not the expected answer. */

#include <stdlib.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/eap_prf.h"
#include "load.h"

enum { FULL_CHECK_EVERY = 64 }; /* documents are read to the last value that often, else searched for marks */

static bool fail_memory(struct ecs_load_conn *conn)
{
    ecs_load_conn_fail(conn, ECS_LOAD_E_HTTP, "the load client is out of memory");
    return false;
}

/* ---- requests ---- */

/* Token requests of one subscriber are the same each time. */
static bool token_request(struct ecs_load_conn *conn)
{
    struct ecs_load_subscriber *who = conn->subscriber;
    struct ecs_sim_device *d = &conn->load->device;

    if (!who->request) {
        struct ecs_arena *arena = ecs_arena_new(&conn->load->cache, 0);
        struct ecs_sim_params params, user;
        struct ecs_buf text = {0};

        if (!arena)
            return fail_memory(conn);
        ecs_sim_params_init(&params, arena);
        ecs_sim_params_init(&user, arena);
        ecs_load_subscriber_params(&user, &d->params, who);
        ecs_sim_wire_params(&params, &d->wire, &user, ECS_SIM_AUTH_TOKEN, &who->usim, ecs_str_of(who->token));
        ecs_sim_wire_first(&text, &d->wire, &params, ECS_SIM_FAST, NULL);
        ecs_arena_free(arena);
        if (!text.overflow && !params.no_memory)
            who->request = malloc(text.n);
        if (who->request) {
            memcpy(who->request, text.p, text.n);
            who->request_n = text.n;
        }
        ecs_buf_done(&text);
    }
    if (!who->request)
        return fail_memory(conn);
    ecs_buf_reset(&conn->out);
    ecs_buf_add(&conn->out, who->request, who->request_n);
    return true;
}

static bool eap_request(struct ecs_load_conn *conn)
{
    struct ecs_sim_device *d = &conn->load->device;
    struct ecs_sim_params user;

    conn->arena = ecs_arena_new(&conn->load->cache, 0);
    if (!conn->arena)
        return fail_memory(conn);
    ecs_sim_params_init(&conn->params, conn->arena);
    conn->cookies = (struct ecs_sim_cookies){.arena = conn->arena};
    conn->rounds = 0;
    conn->eap_answered = false;
    ecs_sim_params_init(&user, conn->arena);
    ecs_load_subscriber_params(&user, &d->params, conn->subscriber);
    ecs_sim_wire_params(&conn->params, &d->wire, &user, ECS_SIM_AUTH_EAP, &conn->subscriber->usim,
                        ECS_STR_NULL);
    ecs_buf_reset(&conn->out);
    ecs_sim_wire_first(&conn->out, &d->wire, &conn->params, ECS_SIM_START, NULL);
    return !conn->params.no_memory || fail_memory(conn);
}

static bool plain_request(struct ecs_load_conn *conn)
{
    ecs_buf_reset(&conn->out);
    ecs_buf_printf(&conn->out, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: entitlement-devsim\r\n\r\n",
                   conn->load->plain_path, conn->load->device.url.authority);
    return true;
}

bool ecs_load_job_request(struct ecs_load_conn *conn)
{
    bool good;

    if (conn->load->plain_path)
        good = plain_request(conn);
    else
        good = conn->kind == ECS_LOAD_EAP ? eap_request(conn) : token_request(conn);
    if (good && conn->out.overflow)
        return fail_memory(conn);
    return good;
}

/* ---- verification ---- */

static bool wrong(struct ecs_load_conn *conn, const char *text)
{
    ecs_load_conn_fail(conn, ECS_LOAD_E_VERIFY, text);
    return false;
}

/* The value of the first token: name="token" value="X" or "token":"X". */
static struct ecs_str find_token(struct ecs_str body)
{
    ptrdiff_t at = ecs_str_find(body, ECS_STR("\"token\""));
    const char *open, *close, *end = body.p + body.n;

    if (at < 0)
        return ECS_STR_NULL;
    open = memchr(body.p + at + 7, '"', body.n - (size_t)at - 7);
    close = open ? memchr(open + 1, '"', (size_t)(end - open) - 1) : NULL;
    if (!close || close == open + 1)
        return ECS_STR_NULL;
    return (struct ecs_str){open + 1, (size_t)(close - open) - 1};
}

static bool check_marks(struct ecs_load_conn *conn, struct ecs_str body)
{
    bool json = body.n && *body.p == '{';

    if (!json && (ecs_str_find(body, ECS_STR("<wap-provisioningdoc")) < 0 ||
                  !ecs_str_ends_with(ecs_str_trim(body), ECS_STR("</wap-provisioningdoc>"))))
        return wrong(conn, "the answer is not a complete document");
    if (json && *(ecs_str_trim(body).p + ecs_str_trim(body).n - 1) != '}')
        return wrong(conn, "the answer is not a complete document");
    for (const struct ecs_sim_param *p = conn->load->device.params.first; p; p = p->next) {
        char mark[40];

        if (!ecs_str_eq(p->name, ECS_STR("app")))
            continue;
        snprintf(mark, sizeof(mark), "\"%.*s\"", (int)(p->value.n < 30 ? p->value.n : 30), p->value.p);
        if (ecs_str_find(body, ecs_str_of(mark)) < 0)
            return wrong(conn, "an application that was asked for is not in the answer");
    }
    return find_token(body).n || wrong(conn, "there is no token in the answer");
}

static bool check_fully(struct ecs_load_conn *conn, const struct ecs_sim_response *response)
{
    struct ecs_arena *arena = ecs_arena_new(&conn->load->cache, 0);
    struct ecs_sim_report report;
    struct ecs_sim_document document;
    struct ecs_sim_params *asked = &conn->load->device.params;
    bool good;
    char text[200] = "";

    if (!arena)
        return fail_memory(conn);
    ecs_sim_report_init(&report, arena);
    good = ecs_sim_document_read(&document, arena, response->body, *response->body.p == '{', &report);
    if (good)
        ecs_sim_document_check(&document, ecs_sim_response_header(response, "Content-Type"), asked, &report);
    if (report.first)
        snprintf(text, sizeof(text), "%s", report.first->text);
    good = good && !report.breaks && !report.faults;
    ecs_arena_free(arena);
    return good || wrong(conn, text);
}

static bool keep_token(struct ecs_load_conn *conn, struct ecs_str token)
{
    struct ecs_load_subscriber *who = conn->subscriber;

    if (who->token && ecs_str_eq(token, ecs_str_of(who->token)))
        return true;
    free(who->token);
    free(who->request);
    who->request = NULL;
    who->token = strndup(token.p, token.n);
    return who->token || fail_memory(conn);
}

static bool take_document(struct ecs_load_conn *conn, const struct ecs_sim_response *response)
{
    if (!check_marks(conn, response->body))
        return false;
    if (conn->load->stats.requests % FULL_CHECK_EVERY == 1 && !check_fully(conn, response))
        return false;
    return conn->kind != ECS_LOAD_EAP || keep_token(conn, find_token(response->body));
}

/* ---- challenge ---- */

static bool answer_challenge(struct ecs_load_conn *conn, const struct ecs_sim_response *response)
{
    struct ecs_sim_device *d = &conn->load->device;
    struct ecs_sim_challenge challenge;
    struct ecs_aka_usim_answer sim;
    uint8_t mk[20], k_aut[16], packet[64];
    size_t n = 0;

    if (conn->rounds++ > 3 ||
        !ecs_sim_packet_take(response->body, d->wire.who->packet_reader, &challenge, NULL) ||
        !ecs_sim_challenge_read(&challenge, d->wire.who->attr_reader, NULL) || !challenge.has_vector)
        return wrong(conn, "the challenge cannot be used, or there are too many");
    ecs_sim_cookies_take(&conn->cookies, d->wire.who, response, NULL);
    if (ecs_aka_usim_answer(d->crypto, &conn->subscriber->usim.key, challenge.rand, challenge.autn,
                            &conn->subscriber->usim.state, &sim) != ECS_OK)
        return fail_memory(conn);
    if (sim.kind == ECS_USIM_MAC_FAILURE) {
        ecs_load_conn_fail(conn, ECS_LOAD_E_SIM,
                           "the SIM refuses the challenge: wrong key in the list or the server");
        return false;
    }
    if (sim.kind == ECS_USIM_AUTS) {
        conn->load->stats.resyncs++;
        n = ecs_sim_answer_auts(challenge.identifier, sim.auts, packet);
    } else if (ecs_eap_aka_mk(d->crypto, ecs_sim_params_get(&conn->params, "EAP_ID"), sim.ik, sim.ck, mk)) {
        ecs_eap_aka_k_aut(mk, k_aut);
        if (ecs_sim_mac_check(d->crypto, challenge.packet, challenge.n, k_aut) <= 0)
            return wrong(conn, "AT_MAC of the challenge is missing or wrong");
        n = ecs_sim_answer_res(d->crypto, challenge.identifier, sim.res, sim.res_n, k_aut, packet);
    }
    ecs_buf_reset(&conn->out);
    ecs_sim_wire_answer(&conn->out, &d->wire, &conn->params,
                        sim.kind == ECS_USIM_AUTS ? ECS_SIM_AUTS : ECS_SIM_ANSWER, &conn->cookies, packet, n);
    conn->eap_answered = sim.kind == ECS_USIM_RES;
    return (n && !conn->out.overflow) || fail_memory(conn);
}

bool ecs_load_job_answer(struct ecs_load_conn *conn, const struct ecs_sim_response *response)
{
    struct ecs_load_stats *stats = &conn->load->stats;
    char text[80];

    stats->requests++;
    stats->status[response->status < 600 ? response->status : 0]++;
    if (response->status != 200) {
        snprintf(text, sizeof(text), "the server answered %d", response->status);
        ecs_load_conn_fail(conn, ECS_LOAD_E_STATUS, text);
        return false;
    }
    if (conn->load->plain_path) {
        if (!response->body.n)
            wrong(conn, "the answer is empty");
        return false;
    }
    if (conn->kind == ECS_LOAD_EAP && ecs_str_find(response->body, ECS_STR("eap-relay-packet")) >= 0)
        return answer_challenge(conn, response);
    if (conn->kind == ECS_LOAD_EAP && !conn->eap_answered)
        return wrong(conn, "a document came without authentication");
    take_document(conn, response);
    return false;
}
