/* SPDX-License-Identifier: Apache-2.0 */
/* Identities of EAP-AKA in EAP_ID: 3GPP TS 23.003 19.3, RFC 4187 4.1, RFC 7542. Untrusted input. */
#pragma once

#include "ecs/ids.h"

#define ECS_EAP_NAI_MAX          253  /* bytes of a plain identity */
#define ECS_EAP_ID_ENCRYPTED_MAX 1016 /* bytes of an encrypted one: what AT_IDENTITY carries */

enum ecs_eap_id_kind {
    ECS_EAP_ID_MALFORMED, /* characters, length or structure; see reason */
    ECS_EAP_ID_PERMANENT, /* 0, 1 or 6 and an IMSI */
    ECS_EAP_ID_PSEUDONYM, /* 2, 3, 7, or a user part of no known form: only its issuer can tell */
    ECS_EAP_ID_REAUTH,    /* 4, 5, 8 */
    ECS_EAP_ID_ANONYMOUS, /* "anonymous", with a method digit or without */
    ECS_EAP_ID_ENCRYPTED  /* NUL byte, base64 of the encrypted identity, perhaps "," and a key identifier */
};

enum ecs_eap_method {
    ECS_EAP_METHOD_NONE, /* the identity does not say */
    ECS_EAP_METHOD_SIM,
    ECS_EAP_METHOD_AKA,
    ECS_EAP_METHOD_AKA_PRIME
};

/* The strings point into the parsed text. */
struct ecs_eap_id {
    enum ecs_eap_id_kind kind;
    enum ecs_eap_method method;
    const char *reason;   /* static text when malformed, else NULL; holds nothing of the identity */
    struct ecs_imsi imsi; /* permanent only, else "" */
    struct ecs_str user;  /* without realm and decoration; digit included */
    struct ecs_str realm; /* home realm; {NULL, 0} when there is none */
    bool decorated;       /* home!user@visited (RFC 7542 2.7) */
    struct ecs_plmn
        realm_plmn; /* from mncNNN.mccNNN.3gppnetwork.org, mnc as printed (3 digits); "" if none */
    struct ecs_str cipher_text;    /* encrypted only: base64, may hold blanks and line breaks */
    struct ecs_str key_identifier; /* encrypted only: "Name=value" or {NULL, 0} */
};

const char *ecs_eap_id_kind_name(enum ecs_eap_id_kind kind); /* "permanent" */
/* Always fills *ret_id; returns ret_id->kind. */
enum ecs_eap_id_kind ecs_eap_id_parse(struct ecs_str text, struct ecs_eap_id *ret_id);
/* The realm's PLMN against the home network: equal with a two-digit MNC padded, or, as phones that do not
 * know the length of their MNC do it, the three digits of the IMSI behind the MCC (RFC 4187 4.1.1.6). False
 * for a realm that names no PLMN. */
bool ecs_eap_id_realm_is_of(const struct ecs_eap_id *id, const struct ecs_plmn *home);
/* "<digit><IMSI>@nai.epc.mncNNN.mccNNN.3gppnetwork.org", NUL-terminated; returns the length. */
size_t ecs_eap_nai_make(char digit, const struct ecs_imsi *imsi, const struct ecs_plmn *home, char out[80]);
