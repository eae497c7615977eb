/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of one device: sending, judging what came back, and answering challenges with the SIM. */

#include "device.h"

#include <string.h>

#include "ecs/eap_prf.h"
#include "redirect.h"

const char *const ecs_sim_variant_names[ECS_SIM_VARIANT_COUNT] = {
    [ECS_SIM_RIGHT] = "right",
    [ECS_SIM_WRONG_RES] = "wrong-res",
    [ECS_SIM_WRONG_MAC] = "wrong-mac",
    [ECS_SIM_FORCE_AUTS] = "auts",
    [ECS_SIM_WRONG_AUTS] = "wrong-auts",
    [ECS_SIM_WRONG_IDENTIFIER] = "wrong-identifier",
    [ECS_SIM_REJECT] = "authentication-reject",
    [ECS_SIM_CLIENT_ERROR] = "client-error",
    [ECS_SIM_REPLAY] = "replay",
    [ECS_SIM_TRUNCATED] = "truncated",
};

/* ---- what came back ---- */

static enum ecs_sim_outcome rubbish(struct ecs_sim_device *d, const char *rule, const char *text)
{
    ecs_sim_find(&d->report, ECS_SIM_BREAK, rule, "%s", text);
    return ECS_SIM_GOT_RUBBISH;
}

static bool decode_body(struct ecs_sim_device *d)
{
    struct ecs_str coding = ecs_sim_response_header(&d->response, "Content-Encoding");

    d->body = d->response.body;
    if (d->wire.who->body_max && d->body.n > d->wire.who->body_max) {
        ecs_sim_find(&d->report, ECS_SIM_BREAK, "", "the answer is larger than this client reads");
        return false;
    }
    if (!coding.n || ecs_str_eq_nocase(coding, ECS_STR("identity")))
        return true;
    ecs_buf_reset(&d->decoded);
    if (!d->wire.who->gzip) {
        ecs_sim_find(&d->report, ECS_SIM_BREAK, "C-11",
                     "the answer is coded, and this client did not ask for it");
        return false;
    }
    if (!ecs_str_eq_nocase(coding, ECS_STR("gzip")) ||
        ecs_gzip_inflate(d->gzip, d->response.body, ECS_SIM_BODY_MAX, &d->decoded) != ECS_OK) {
        ecs_sim_find(&d->report, ECS_SIM_BREAK, "C-11", "the coded body cannot be decoded");
        return false;
    }
    d->body = ecs_buf_str(&d->decoded);
    return true;
}

static void check_relay_head(struct ecs_sim_device *d)
{
    struct ecs_str type = ecs_sim_response_header(&d->response, "Content-Type");
    struct ecs_str cookie = ecs_sim_response_header(&d->response, "Set-Cookie"), pair;

    if (!ecs_str_eq(type, ecs_str_of(ecs_sim_relay_type)))
        ecs_sim_find(&d->report, ECS_SIM_FAULT, "C-12", "Content-Type of the challenge is not exactly %s",
                     ecs_sim_relay_type);
    ecs_sim_cookies_check(&d->response, &d->report);
    if (!ecs_str_cut(&cookie, ';', &pair))
        pair = ECS_STR("");
    if (!d->first_cookie.p) {
        char *kept = ecs_strdup(d->arena, pair);

        d->first_cookie = kept ? (struct ecs_str){kept, pair.n} : ECS_STR("");
    } else if (!ecs_str_eq(pair, d->first_cookie)) {
        ecs_sim_find(&d->report, ECS_SIM_FAULT, "C-18", "a later challenge does not repeat the first cookie");
    }
}

static enum ecs_sim_outcome take_challenge(struct ecs_sim_device *d)
{
    const struct ecs_sim_personality *who = d->wire.who;
    struct ecs_buf text = {0};
    bool good;

    if (!ecs_sim_packet_take(d->body, who->packet_reader, &d->challenge, &d->report))
        return ECS_SIM_GOT_RUBBISH;
    ecs_sim_packet_explain(&text, d->challenge.packet, d->challenge.n, "   ", d->explain.secrets);
    ecs_sim_explain_text(&d->explain, ecs_buf_str(&text), "");
    ecs_buf_done(&text);
    check_relay_head(d);
    ecs_sim_cookies_take(&d->cookies, who, &d->response, &d->report);
    if (who->needs_cookie && !ecs_sim_cookies_have(&d->cookies, who->needs_cookie) &&
        ecs_str_find(d->body, ECS_STR("session_id")) < 0 && ecs_str_find(d->body, ECS_STR("eap_session")) < 0)
        return rubbish(d, "", "this client finds its session in a cookie called eap_session only");
    good = ecs_sim_challenge_read(&d->challenge, who->attr_reader, &d->report);
    if (good)
        ecs_sim_challenge_check(&d->challenge, d->body, &d->report);
    if (!good)
        return ECS_SIM_GOT_RUBBISH;
    if (d->challenges++ > who->more_challenges)
        return rubbish(d, "C-21", "this client does not answer that many challenges");
    return ECS_SIM_GOT_CHALLENGE;
}

/* A token anywhere in the answer, as a client looks for it that reads nothing else first. */
static bool holds_token(struct ecs_sim_device *d, bool is_json)
{
    struct ecs_sim_document document;

    if (!ecs_sim_document_read(&document, d->arena, d->body, is_json, NULL))
        return false;
    if (is_json)
        return ecs_sim_document_get(&document, "TOKEN/token").n > 0;
    for (const struct ecs_sim_value *v = document.first; v; v = v->next) {
        if (ecs_str_eq(v->name, ECS_STR("token")) && v->value.n)
            return true;
    }
    return false;
}

static enum ecs_sim_outcome take_document(struct ecs_sim_device *d, bool is_json)
{
    return ecs_sim_document_read(&d->document, d->arena, d->body, is_json, &d->report) ? ECS_SIM_GOT_DOCUMENT
                                                                                       : ECS_SIM_GOT_RUBBISH;
}

static enum ecs_sim_outcome judge_token_first(struct ecs_sim_device *d, enum ecs_sim_request_kind kind,
                                              bool is_json, bool has_key)
{
    if (kind == ECS_SIM_FAST || holds_token(d, is_json))
        return take_document(d, is_json);
    if (has_key)
        return take_challenge(d);
    return rubbish(d, "C-30", "there is neither a token nor a packet: this client gives up");
}

static enum ecs_sim_outcome judge_success(struct ecs_sim_device *d, enum ecs_sim_request_kind kind)
{
    const struct ecs_sim_personality *who = d->wire.who;
    struct ecs_str type = ecs_sim_response_header(&d->response, "Content-Type");
    enum ecs_sim_content content = ecs_sim_content(who, type, d->body);
    bool has_key = ecs_str_find(d->body, ECS_STR("\"eap-relay-packet\"")) >= 0;

    if (who->token_is_final)
        return judge_token_first(d, kind, content == ECS_SIM_CONTENT_JSON, has_key);
    if (content == ECS_SIM_CONTENT_UNKNOWN)
        return rubbish(d, "C-27", "this client does not know the Content-Type of the answer");
    if (kind == ECS_SIM_FAST && has_key)
        return rubbish(d, "", "a challenge answers a token request: the client takes it for the document");
    if (content == ECS_SIM_CONTENT_JSON && kind != ECS_SIM_FAST && (has_key || who->json_is_challenge))
        return take_challenge(d);
    if (kind == ECS_SIM_START && d->auth == ECS_SIM_AUTH_EAP)
        return rubbish(d, "C-12", "EAP_ID was sent and no challenge came back: the client gives up");
    return take_document(d, content == ECS_SIM_CONTENT_JSON);
}

/* What is hidden in printed documents. */
static const char *const secret_names[] = {
    "token", "access_token", "TemporaryToken",        "msisdn",        "ICCID",
    "SimID", "ProfileIccid", "ProfileActivationCode", "PrivateUserID", "ServiceFlow_UserData",
    NULL};

/* One request and its answer; false with the outcome set when there is none that can be read. */
static bool ask(struct ecs_sim_device *d, const struct ecs_sim_url *url, struct ecs_str request)
{
    d->has_document = false;
    ecs_sim_explain_request(&d->explain, request);
    if (ecs_sim_client_exchange(&d->client, url, request, &d->response) != ECS_SIM_EXCHANGED) {
        ecs_sim_explain_say(&d->explain, "   %s", d->client.error);
        d->response.status = 0;
        d->outcome = ECS_SIM_GOT_NOTHING;
        return false;
    }
    if (!decode_body(d)) {
        d->outcome = ECS_SIM_GOT_RUBBISH;
        return false;
    }
    ecs_sim_explain_mask_named(&d->explain, d->body, secret_names);
    ecs_sim_explain_response(&d->explain, &d->response, d->body);
    return true;
}

enum ecs_sim_exchange ecs_sim_device_exchange(struct ecs_sim_device *d, const struct ecs_sim_url *url,
                                              struct ecs_str request)
{
    struct ecs_sim_url here = *url;
    struct ecs_buf again = {0};
    bool answered;

    d->redirects = 0;
    while ((answered = ask(d, &here, request))) {
        struct ecs_buf next = {0};

        if (!ecs_sim_redirect(d, &here, request, &next)) {
            ecs_buf_done(&next);
            break;
        }
        ecs_buf_done(&again);
        again = next;
        request = ecs_buf_str(&again);
    }
    ecs_buf_done(&again);
    return answered ? ECS_SIM_EXCHANGED : ECS_SIM_NO_ANSWER;
}

static enum ecs_sim_outcome exchange(struct ecs_sim_device *d, struct ecs_str request,
                                     enum ecs_sim_request_kind kind)
{
    int status;

    if (ecs_sim_device_exchange(d, d->wire.url, request) != ECS_SIM_EXCHANGED)
        return d->outcome;
    status = d->response.status;
    d->outcome = status == 200 || (d->wire.who->takes_2xx && status / 100 == 2) ? judge_success(d, kind)
                                                                                : ECS_SIM_GOT_STATUS;
    d->has_document = d->outcome == ECS_SIM_GOT_DOCUMENT;
    return d->outcome;
}

/* ---- first request ---- */

enum ecs_sim_outcome ecs_sim_device_start(struct ecs_sim_device *d, enum ecs_sim_auth auth)
{
    enum ecs_sim_request_kind kind =
        auth == ECS_SIM_AUTH_EAP || auth == ECS_SIM_AUTH_NONE ? ECS_SIM_START : ECS_SIM_FAST;
    struct ecs_buf request = {0};

    d->auth = auth;
    d->challenges = 0;
    d->first_cookie = ECS_STR_NULL;
    d->was_led = false;
    d->wire.url = &d->url;
    d->wire.bare_address = false;
    if (d->wire.who->cookies != ECS_SIM_COOKIES_PAIRS && d->wire.who->cookies != ECS_SIM_COOKIES_JAR)
        d->cookies.n = 0;
    d->cookies.first_taken = false;
    d->cookies.arena = d->arena;
    d->cookies.host = d->url.host;
    d->cookies.path = d->url.path;
    ecs_sim_params_init(&d->sent, d->arena);
    ecs_sim_wire_params(&d->sent, &d->wire, &d->params, auth, d->usim,
                        auth == ECS_SIM_AUTH_TEMPORARY && d->temporary.n ? d->temporary : d->token);
    for (const struct ecs_sim_param *p = d->sent.first; p; p = p->next) {
        static const char *const secret[] = {"IMSI",
                                             "EAP_ID",
                                             "token",
                                             "temporary_token",
                                             "terminal_id",
                                             "notif_token",
                                             "msisdn",
                                             "otp",
                                             "companion_terminal_id",
                                             "terminal_iccid",
                                             "terminal_eid",
                                             "access_token",
                                             "companion_terminal_eid",
                                             "companion_terminal_iccid"};

        for (size_t i = 0; i < ECS_ARRAY_LEN(secret); i++) {
            if (ecs_str_eq_nocase(p->name, ecs_str_of(secret[i])))
                ecs_sim_explain_mask(&d->explain, p->value);
        }
    }
    if (d->usim)
        ecs_sim_explain_mask(&d->explain, ecs_str_of(d->usim->imsi.s));
    ecs_sim_wire_first(&request, &d->wire, &d->sent, kind, &d->cookies);
    exchange(d, ecs_buf_str(&request), kind);
    ecs_buf_done(&request);
    return d->outcome;
}

enum ecs_sim_outcome ecs_sim_device_raw(struct ecs_sim_device *d, struct ecs_str bytes)
{
    return exchange(d, bytes, ECS_SIM_FAST);
}

/* ---- SIM ---- */

/* Moves the card's sequence numbers so far that the challenge is too old. */
static bool force_auts(struct ecs_sim_device *d, struct ecs_aka_usim_answer *answer)
{
    uint64_t highest = ecs_aka_usim_sqn(&d->usim->state) >> ECS_AKA_IND_BITS;

    for (unsigned bit = 10; bit < 43; bit++) {
        for (size_t i = 0; i < ECS_AKA_SLOTS; i++)
            d->usim->state.seq[i] = highest + (UINT64_C(1) << bit);
        if (ecs_aka_usim_answer(d->crypto, &d->usim->key, d->challenge.rand, d->challenge.autn,
                                &d->usim->state, answer) != ECS_OK)
            return false;
        if (answer->kind == ECS_USIM_AUTS)
            return true;
        if (answer->kind == ECS_USIM_MAC_FAILURE)
            return true; /* the caller sees it */
    }
    return false;
}

static bool ask_sim(struct ecs_sim_device *d, enum ecs_sim_variant variant,
                    struct ecs_aka_usim_answer *answer)
{
    char err[200];

    if (!d->usim || !d->challenge.has_vector)
        return false;
    if (variant == ECS_SIM_FORCE_AUTS || variant == ECS_SIM_WRONG_AUTS) {
        if (!force_auts(d, answer))
            return false;
    } else if (ecs_aka_usim_answer(d->crypto, &d->usim->key, d->challenge.rand, d->challenge.autn,
                                   &d->usim->state, answer) != ECS_OK) {
        return false;
    }
    if (!ecs_sim_usim_save(d->usim, err, sizeof(err)))
        ecs_sim_explain_say(&d->explain, "   %s", err);
    return true;
}

static void judge_mac(struct ecs_sim_device *d, const uint8_t k_aut[16])
{
    int mac = ecs_sim_mac_check(d->crypto, d->challenge.packet, d->challenge.n, k_aut);

    ecs_sim_explain_say(&d->explain, "   the SIM accepts AUTN; AT_MAC of the server is %s",
                        mac > 0    ? "right"
                        : mac == 0 ? "wrong"
                                   : "missing");
    if (mac <= 0)
        ecs_sim_find(&d->report, d->wire.who->verifies_mac ? ECS_SIM_BREAK : ECS_SIM_FAULT, "C-13",
                     "AT_MAC of the challenge is %s", mac ? "missing" : "wrong for the EAP_ID that was sent");
}

static bool make_k_aut(struct ecs_sim_device *d, struct ecs_str identity,
                       const struct ecs_aka_usim_answer *sim, uint8_t k_aut[16])
{
    uint8_t mk[20];
    bool made = ecs_eap_aka_mk(d->crypto, identity, sim->ik, sim->ck, mk);

    if (made)
        ecs_eap_aka_k_aut(mk, k_aut);
    ecs_wipe(mk, sizeof(mk));
    return made;
}

/* The identity that goes into the keys of the answer: one client always takes the usual one (clients.md 6).
 */
static struct ecs_str mk_identity(struct ecs_sim_device *d, struct ecs_str sent)
{
    bool usual = d->mk_identity == ECS_SIM_MK_USUAL ||
                 (d->mk_identity == ECS_SIM_MK_BY_CLIENT && d->wire.who->mk_usual_realm);
    struct ecs_str nai =
        usual ? ecs_str_of(ecs_sim_usim_nai(d->usim, d->arena, '0', "nai.epc")) : ECS_STR_NULL;

    if (!nai.n || ecs_str_eq(nai, sent))
        return sent;
    ecs_sim_explain_mask(&d->explain, nai);
    ecs_sim_explain_say(&d->explain, "   this client makes its keys with %.*s, not with EAP_ID",
                        ECS_FMT(nai));
    return nai;
}

static size_t make_res(struct ecs_sim_device *d, enum ecs_sim_variant variant,
                       struct ecs_aka_usim_answer *sim)
{
    struct ecs_str identity = ecs_sim_params_get(&d->sent, "EAP_ID");
    uint8_t k_aut[16];
    size_t n;

    if (!make_k_aut(d, identity, sim, k_aut))
        return 0;
    judge_mac(d, k_aut);
    if (!make_k_aut(d, mk_identity(d, identity), sim, k_aut))
        return 0;
    if (variant == ECS_SIM_WRONG_RES)
        sim->res[0] ^= 1;
    n = ecs_sim_answer_res(d->crypto, d->challenge.identifier, sim->res, sim->res_n, k_aut, d->answer);
    if (n && variant == ECS_SIM_WRONG_MAC)
        d->answer[n - 1] ^= 1;
    if (n && variant == ECS_SIM_WRONG_IDENTIFIER)
        d->answer[1] ^= 0x55;
    if (n && variant == ECS_SIM_TRUNCATED)
        n -= 4;
    ecs_wipe(k_aut, sizeof(k_aut));
    return n;
}

static enum ecs_sim_outcome answer_challenge(struct ecs_sim_device *d, enum ecs_sim_variant variant)
{
    struct ecs_aka_usim_answer sim = {0};

    if (!ask_sim(d, variant, &sim))
        return rubbish(d, "", "the SIM cannot answer: no SIM, no vector or no memory");
    d->answer_kind = ECS_SIM_ANSWER;
    if (sim.kind == ECS_USIM_MAC_FAILURE) {
        ecs_sim_explain_say(&d->explain, "   the SIM refuses AUTN (wrong key): the device sends nothing");
        return ECS_SIM_SILENT;
    }
    if (sim.kind == ECS_USIM_AUTS) {
        ecs_sim_explain_say(&d->explain,
                            "   the SIM finds the sequence number out of range and asks for another");
        if (variant == ECS_SIM_WRONG_AUTS)
            sim.auts[13] ^= 1;
        d->answer_n = ecs_sim_answer_auts(d->challenge.identifier, sim.auts, d->answer);
        d->answer_kind = ECS_SIM_AUTS;
    } else {
        d->answer_n = make_res(d, variant, &sim);
    }
    ecs_wipe(&sim, sizeof(sim));
    return d->answer_n ? ECS_SIM_GOT_CHALLENGE : rubbish(d, "", "the answer cannot be computed");
}

/* Packets other than a challenge: only some clients know them. */
static enum ecs_sim_outcome answer_other(struct ecs_sim_device *d)
{
    const struct ecs_sim_personality *who = d->wire.who;
    struct ecs_str identity = ecs_sim_params_get(&d->sent, "EAP_ID");
    bool aka = d->challenge.code == 1 && d->challenge.type == ECS_SIM_EAP_AKA;

    d->answer_kind = ECS_SIM_ANSWER;
    if (aka && d->challenge.subtype == ECS_SIM_AKA_IDENTITY && who->answers_identity)
        d->answer_n = ecs_sim_answer_identity(d->challenge.identifier, identity, d->answer);
    else if (aka && d->challenge.subtype == ECS_SIM_AKA_NOTIFICATION && who->answers_notification)
        d->answer_n = ecs_sim_answer_plain(d->challenge.identifier, ECS_SIM_AKA_NOTIFICATION, d->answer);
    else if (d->challenge.code == 3 && who->tolerates_success)
        return rubbish(d, "C-14", "EAP-Success came alone, and the document is missing");
    else
        return rubbish(d, "C-14", "this client knows AKA-Challenge only and gives up at this packet");
    return d->answer_n ? ECS_SIM_GOT_CHALLENGE : rubbish(d, "", "the identity is too long");
}

enum ecs_sim_outcome ecs_sim_device_answer(struct ecs_sim_device *d, enum ecs_sim_variant variant)
{
    struct ecs_buf request = {0}, text = {0};
    bool is_challenge = d->challenge.code == 1 && d->challenge.type == ECS_SIM_EAP_AKA &&
                        d->challenge.subtype == ECS_SIM_AKA_CHALLENGE;

    d->outcome = ECS_SIM_GOT_CHALLENGE;
    if (d->was_led && d->wire.who->redirects == ECS_SIM_REDIRECTS_SAME) {
        d->wire.url = &d->led_to;
        d->wire.bare_address = d->led_to.query.n > 0; /* it has the query of the answer before */
    }
    if (variant == ECS_SIM_REJECT || variant == ECS_SIM_CLIENT_ERROR) {
        d->answer_kind = ECS_SIM_ANSWER;
        d->answer_n = ecs_sim_answer_plain(
            d->challenge.identifier,
            variant == ECS_SIM_REJECT ? ECS_SIM_AKA_REJECT : ECS_SIM_AKA_CLIENT_ERROR, d->answer);
    } else if (variant != ECS_SIM_REPLAY) {
        d->outcome = is_challenge ? answer_challenge(d, variant) : answer_other(d);
    } else if (!d->answer_n) {
        d->outcome = rubbish(d, "", "there is no answer to repeat");
    }
    if (d->outcome != ECS_SIM_GOT_CHALLENGE)
        return d->outcome;
    ecs_sim_wire_answer(&request, &d->wire, &d->sent, d->answer_kind, &d->cookies, d->answer, d->answer_n);
    if (d->explain.out)
        ecs_sim_packet_explain(&text, d->answer, d->answer_n, "   sends: ", d->explain.secrets);
    ecs_sim_explain_text(&d->explain, ecs_buf_str(&text), "");
    exchange(d, ecs_buf_str(&request), ECS_SIM_ANSWER);
    ecs_buf_done(&request);
    ecs_buf_done(&text);
    return d->outcome;
}

enum ecs_sim_outcome ecs_sim_device_go_on(struct ecs_sim_device *d)
{
    unsigned rounds = 0;

    while (d->outcome == ECS_SIM_GOT_CHALLENGE && rounds++ < 12)
        ecs_sim_device_answer(d, ECS_SIM_RIGHT);
    return d->outcome;
}
