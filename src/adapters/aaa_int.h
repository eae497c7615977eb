/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the AAA providers. Builders and readers of messages are pure, so that tests look at
 * them. */
#pragma once

#include <stdio.h>

#include "ecs/aaa_conf.h"
#include "ecs/crypto.h"
#include "ecs/radius_relay.h"

enum { AAA_WAIT_MS = 25000 /* limit of steps that ask */, AAA_ENDINGS_MAX = 256 /* STR under way */ };

struct aaa_provider {
    const struct ecs_aaa_conf *conf;
    struct ecs_radius *radius; /* type radius */
    uint64_t asked, answered, failed;
};

struct aaa_ending; /* an STR under way */

struct ecs_aaa {
    struct ecs_aaa_env env;
    struct aaa_ending *endings;
    size_t n;
    struct aaa_provider provider[];
};

/* --- aaa_settings.c --- */
bool aaa_fault(struct ecs_faults *faults, const struct ecs_yaml_node *node, const char *key,
               const char *text);
bool aaa_is_name(const char *name);

/* --- aaa_code.c --- */
/* "5450", "result:5012"; vendor 0: Result-Code. False: not of that form, or a code that may not be chosen. */
bool aaa_code_read(struct ecs_str text, struct ecs_diameter_result *ret_code);
/* TS.43 Table 7 with the row's own codes. */
enum ecs_aaa_verdict aaa_code_verdict(const struct ecs_aaa_conf *conf, uint32_t vendor, uint32_t code);

/* --- aaa_thread.c --- */
/* What ties the rounds of a conversation together. */
struct aaa_thread {
    struct ecs_str server;  /* RADIUS: its name; Diameter: Origin-Host of the last answer */
    struct ecs_str session; /* Diameter: Session-Id */
    struct ecs_str state;   /* {NULL, 0}: none */
};
/* False: too long, or no memory. */
bool aaa_thread_write(struct ecs_arena *arena, bool diameter, const struct aaa_thread *thread,
                      struct ecs_str *ret_bytes) ECS_MUST_CHECK;
/* False: not of our making. Strings point into bytes. */
bool aaa_thread_read(struct ecs_str bytes, bool diameter, struct aaa_thread *ret_thread) ECS_MUST_CHECK;

/* --- aaa_diameter.c --- */
struct aaa_origin {
    const char *host, *realm;
};
uint32_t aaa_application(int type); /* enum ecs_aaa_type */
/* AVPs of one request; buf->overflow says whether it was well. */
void aaa_put_der(struct ecs_buf *buf, const struct ecs_aaa_conf *conf, const struct aaa_origin *me,
                 const char *session, const struct aaa_thread *thread, struct ecs_str user_name,
                 const struct ecs_aaa_round *round);
void aaa_put_str(struct ecs_buf *buf, uint32_t application, struct ecs_str realm, const struct aaa_origin *me,
                 const struct aaa_thread *thread, struct ecs_str user_name);
/* Fills what comes out of round but thread_out. */
void aaa_judge_dea(const struct ecs_aaa_conf *conf, const struct ecs_diameter_answer *answer, bool first,
                   struct ecs_arena *arena, struct ecs_aaa_round *round);
struct ecs_str aaa_msisdn_of(struct ecs_str avps); /* of Subscription-Id; {NULL, 0}: none */
/* Digits of the IMSI in a User-Name: "0<IMSI>@realm", "6<IMSI>@...", the IMSI itself; {NULL, 0}: none. */
struct ecs_str aaa_imsi_of_name(struct ecs_str user_name);
enum ecs_next aaa_diameter_ask(struct ecs_flow *f, struct ecs_aaa *aaa, struct aaa_provider *p,
                               struct ecs_str user_name, struct ecs_aaa_round *round);

/* --- aaa_radius.c --- */
enum ecs_next aaa_radius_ask(struct ecs_flow *f, struct ecs_aaa *aaa, struct aaa_provider *p,
                             struct ecs_str user_name, struct ecs_aaa_round *round);
/* former: the row's client of the configuration before; NULL: none. */
struct ecs_radius *aaa_radius_open(const struct ecs_aaa_env *env, struct ecs_radius *former,
                                   const struct ecs_aaa_conf *conf, const struct ecs_radius_row *servers,
                                   size_t servers_n, char *err, size_t err_size);
void aaa_judge_radius(const struct ecs_aaa_conf *conf, const struct ecs_radius_answer *answer, bool first,
                      struct ecs_arena *arena, struct ecs_aaa_round *round, struct ecs_str *ret_state);

/* --- aaa_swx.c --- */
void aaa_put_mar(struct ecs_buf *buf, const struct ecs_aaa_conf *conf, const struct aaa_origin *me,
                 const char *session, const struct ecs_hss_vector *ask);
void aaa_put_sar(struct ecs_buf *buf, const struct ecs_aaa_conf *conf, const struct aaa_origin *me,
                 const char *session, struct ecs_str imsi);
void aaa_judge_maa(const struct ecs_aaa_conf *conf, const struct ecs_diameter_answer *answer,
                   struct ecs_hss_vector *ask);
void aaa_judge_saa(const struct ecs_aaa_conf *conf, const struct ecs_diameter_answer *answer,
                   struct ecs_arena *arena, struct ecs_hss_profile *ask);

/* --- aaa_end.c --- */
void aaa_forget_endings(struct ecs_aaa *aaa);

/* --- aaa.c --- */
struct aaa_provider *aaa_find(struct ecs_aaa *aaa, struct ecs_str name);
void aaa_count(struct ecs_aaa *aaa, struct aaa_provider *p, enum ecs_aaa_verdict verdict, bool answered);
/* The name under which an identity of a phone is sent: itself, or "anonymous" where it is encrypted; in the
 * arena or identity. NULL, or why it is not handed on (aaa.md 8.4). */
const char *aaa_user_name(const struct ecs_aaa_conf *conf, struct ecs_str identity, struct ecs_arena *arena,
                          struct ecs_str *ret_name);
/* The row's limit, or what the caller has left. */
uint32_t aaa_limit(const struct ecs_aaa_conf *conf, uint32_t limit_ms);
/* ECS_NEXT from inside a step of the table: the request goes out, or ret_answer says why not. */
enum ecs_next aaa_send(struct ecs_flow *f, struct ecs_aaa *aaa, enum ecs_diameter_command command,
                       uint32_t application, struct ecs_buf *avps, uint32_t limit_ms, bool stay,
                       struct ecs_diameter_answer *ret_answer);
