/* SPDX-License-Identifier: Apache-2.0 */
/* Reading EAP_ID: first the form (characters, length, one "@"), then the meaning of the first digit. */
#include "ecs/eap_id.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [ECS_EAP_ID_MALFORMED] = "malformed", [ECS_EAP_ID_PERMANENT] = "permanent",
    [ECS_EAP_ID_PSEUDONYM] = "pseudonym", [ECS_EAP_ID_REAUTH] = "reauth",
    [ECS_EAP_ID_ANONYMOUS] = "anonymous", [ECS_EAP_ID_ENCRYPTED] = "encrypted",
};

/* TS 23.003 19.3.2 to 19.3.5 */
static const struct {
    char digit;
    enum ecs_eap_method method;
    enum ecs_eap_id_kind kind;
} digits[] = {
    {'0', ECS_EAP_METHOD_AKA, ECS_EAP_ID_PERMANENT},
    {'1', ECS_EAP_METHOD_SIM, ECS_EAP_ID_PERMANENT},
    {'2', ECS_EAP_METHOD_AKA, ECS_EAP_ID_PSEUDONYM},
    {'3', ECS_EAP_METHOD_SIM, ECS_EAP_ID_PSEUDONYM},
    {'4', ECS_EAP_METHOD_AKA, ECS_EAP_ID_REAUTH},
    {'5', ECS_EAP_METHOD_SIM, ECS_EAP_ID_REAUTH},
    {'6', ECS_EAP_METHOD_AKA_PRIME, ECS_EAP_ID_PERMANENT},
    {'7', ECS_EAP_METHOD_AKA_PRIME, ECS_EAP_ID_PSEUDONYM},
    {'8', ECS_EAP_METHOD_AKA_PRIME, ECS_EAP_ID_REAUTH},
};

const char *ecs_eap_id_kind_name(enum ecs_eap_id_kind kind)
{
    return (unsigned)kind < ECS_ARRAY_LEN(kind_names) ? kind_names[kind] : "unknown";
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_visible(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    return true;
}

/* Labels of letters, digits and hyphens, 1 to 63 long, with dots between. */
static bool is_realm(struct ecs_str s)
{
    struct ecs_str label;

    if (s.n == 0 || s.p[s.n - 1] == '.')
        return false;
    while (ecs_str_cut(&s, '.', &label)) {
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_alnum(label.p[i]) && label.p[i] != '-')
                return false;
    }
    return true;
}

static struct ecs_str tail(struct ecs_str s, size_t from)
{
    return (struct ecs_str){s.p + from, s.n - from};
}

/* The PLMN of "...mncNNN.mccNNN.3gppnetwork.org" (also with "pub." before 3gppnetwork). */
static void read_realm_plmn(struct ecs_str realm, struct ecs_plmn *ret_plmn)
{
    const struct ecs_str endings[] = {ECS_STR(".pub.3gppnetwork.org"), ECS_STR(".3gppnetwork.org")};
    const size_t width = sizeof("mncNNN.mccNNN") - 1;

    for (size_t i = 0; i < ECS_ARRAY_LEN(endings); i++) {
        size_t n = endings[i].n;

        if (realm.n < n + width || !ecs_str_eq_nocase(tail(realm, realm.n - n), endings[i]))
            continue;
        struct ecs_str plmn = {realm.p + realm.n - n - width, width};
        struct ecs_str mnc = {plmn.p + 3, 3}, mcc = {plmn.p + 10, 3};
        bool starts_label = plmn.p == realm.p || plmn.p[-1] == '.';
        if (!starts_label || !ecs_str_starts_with_nocase(plmn, ECS_STR("mnc")) ||
            !ecs_str_starts_with_nocase(tail(plmn, 6), ECS_STR(".mcc")) || !ecs_str_is_digits(mnc) ||
            !ecs_str_is_digits(mcc))
            return;
        memcpy(ret_plmn->mnc, mnc.p, 3);
        memcpy(ret_plmn->mcc, mcc.p, 3);
        return;
    }
}

static void malformed(struct ecs_eap_id *id, const char *reason)
{
    *id = (struct ecs_eap_id){.kind = ECS_EAP_ID_MALFORMED, .reason = reason};
}

/* NUL byte, base64, optional "," and Name=value (eap-aka.md 9). */
static void parse_encrypted(struct ecs_str text, struct ecs_eap_id *id)
{
    struct ecs_str rest = tail(text, 1), cipher;
    size_t letters = 0;

    if (text.n > ECS_EAP_ID_ENCRYPTED_MAX) {
        malformed(id, "encrypted identity too long");
        return;
    }
    if (!ecs_str_cut(&rest, ',', &cipher) || cipher.n == 0) {
        malformed(id, "encrypted identity empty");
        return;
    }
    for (size_t i = 0; i < cipher.n; i++) {
        char c = cipher.p[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (!is_alnum(c) && c != '+' && c != '/' && c != '=' && c != '-' && c != '_') {
            malformed(id, "encrypted identity is not base64");
            return;
        }
        letters++;
    }
    if (letters == 0) {
        malformed(id, "encrypted identity empty");
        return;
    }
    if (rest.n && (!is_visible(rest) || ecs_str_find(rest, ECS_STR("=")) <= 0)) {
        malformed(id, "key identifier is not Name=value");
        return;
    }
    *id = (struct ecs_eap_id){.kind = ECS_EAP_ID_ENCRYPTED, .cipher_text = cipher};
    if (rest.n)
        id->key_identifier = rest;
}

/* Splits user, realm and decoration; false with *ret_reason when the form is wrong. */
static bool split(struct ecs_str text, struct ecs_eap_id *id, const char **ret_reason)
{
    ptrdiff_t at = ecs_str_find(text, ECS_STR("@"));

    id->user = text;
    if (at >= 0) {
        id->user.n = (size_t)at;
        id->realm = tail(text, (size_t)at + 1);
        *ret_reason = "realm is not a domain name";
        if (!is_realm(id->realm)) /* a second "@" is none either */
            return false;
    }
    for (ptrdiff_t mark; (mark = ecs_str_find(id->user, ECS_STR("!"))) >= 0;) {
        *ret_reason = "decoration is not a domain name before a realm";
        id->realm.n = at >= 0 ? (size_t)mark : 0;
        id->realm.p = id->user.p; /* the realm next to the user is the home realm */
        if (!is_realm(id->realm))
            return false;
        id->user = tail(id->user, (size_t)mark + 1);
        id->decorated = true;
    }
    *ret_reason = "user part is empty";
    return id->user.n > 0;
}

/* The meaning of the user part. */
static const char *classify(struct ecs_eap_id *id)
{
    static const struct ecs_str anonymous = {"anonymous", 9};
    struct ecs_str name = id->user;

    id->kind = ECS_EAP_ID_PSEUDONYM;
    for (size_t i = 0; i < ECS_ARRAY_LEN(digits); i++) {
        if (digits[i].digit != id->user.p[0])
            continue;
        id->method = digits[i].method;
        id->kind = digits[i].kind;
        name = tail(name, 1);
    }
    if (ecs_str_eq_nocase(name, anonymous)) {
        id->kind = ECS_EAP_ID_ANONYMOUS;
        return NULL;
    }
    if (id->kind == ECS_EAP_ID_PERMANENT && !ecs_imsi_parse(name, &id->imsi))
        return "permanent identity without a valid IMSI";
    return NULL;
}

enum ecs_eap_id_kind ecs_eap_id_parse(struct ecs_str text, struct ecs_eap_id *ret_id)
{
    const char *reason = NULL;

    memset(ret_id, 0, sizeof(*ret_id));
    if (text.n == 0)
        reason = "identity is empty";
    else if (text.p[0] == '\0') {
        parse_encrypted(text, ret_id);
        return ret_id->kind;
    } else if (text.n > ECS_EAP_NAI_MAX)
        reason = "identity too long";
    else if (!is_visible(text))
        reason = "identity has a character that is not allowed";
    else if (split(text, ret_id, &reason))
        reason = classify(ret_id);
    if (reason)
        malformed(ret_id, reason);
    else if (ret_id->realm.p)
        read_realm_plmn(ret_id->realm, &ret_id->realm_plmn);
    return ret_id->kind;
}

/* "01" -> "001" */
static void pad_mnc(const struct ecs_plmn *plmn, char out[4])
{
    bool two = plmn->mnc[2] == '\0';

    out[0] = two ? '0' : plmn->mnc[0];
    out[1] = plmn->mnc[two ? 0 : 1];
    out[2] = plmn->mnc[two ? 1 : 2];
    out[3] = '\0';
}

bool ecs_eap_id_realm_is_of(const struct ecs_eap_id *id, const struct ecs_plmn *home)
{
    char mnc[4];

    if (!id->realm_plmn.mcc[0] || strcmp(id->realm_plmn.mcc, home->mcc) != 0)
        return false;
    pad_mnc(home, mnc);
    if (strcmp(id->realm_plmn.mnc, mnc) == 0)
        return true;
    return id->imsi.s[0] && ecs_plmn_matches(home, &id->imsi) &&
           strncmp(id->realm_plmn.mnc, id->imsi.s + 3, 3) == 0;
}

size_t ecs_eap_nai_make(char digit, const struct ecs_imsi *imsi, const struct ecs_plmn *home, char out[80])
{
    char mnc[4];

    pad_mnc(home, mnc);
    return (size_t)snprintf(out, 80, "%c%.15s@nai.epc.mnc%s.mcc%.3s.3gppnetwork.org", digit, imsi->s, mnc,
                            home->mcc);
}
