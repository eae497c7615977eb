/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in consent pages: their settings, and a request of theirs in work. */
#pragma once

#include "ecs/address.h"
#include "ecs/store_sheet.h"
#include "sheet_set.h"
#include "web.h"

/* Section "websheet". */
struct ecs_websheet_conf {
    bool enabled;
    const char *directory;
    const char *operator_name; /* "" none */
    struct ecs_str_list countries;
    int64_t session_s, address_validity_s; /* address_validity_s 0: without end */
    int64_t esim_terms;                    /* version of the terms of the eSIM pages, 0: none */
    int64_t boost_terms, billing_terms;    /* of the pages of these services, 0: none */
    bool transfer_code, boost_order;
};
extern const struct ecs_setting sheet_settings[];
bool sheet_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

/* Snapshot: pages and the address of the portal. */
void sheet_snapshot_load(struct ecs_snapshot *s, const char *path, struct ecs_faults *faults,
                         struct ecs_faults *warnings);
/* Engine: false when memory is short. */
bool engine_sheet_new(struct front *front, struct engine *e);
void engine_sheet_free(struct engine *e);

/* Route. */
bool sheet_enabled(const struct ecs_snapshot *s);
extern const struct ecs_step sheet_vowifi_steps[];
void sheet_error(struct web_call *call, enum ecs_rc rc);

/* ---- inside ---- */

enum { SHEET_SECRET = 32 };

/* What the user typed, and what is wrong with it: bits 1 << enum ecs_address_field. */
struct sheet_form {
    bool given;   /* the user has sent the form */
    bool refused; /* by the validator, as a whole */
    unsigned missing, wrong, bad;
    struct ecs_address address, suggestion;
};

struct sheet_odsa;
struct sheet_service;
struct sheet {
    struct web_call *call;
    const char *place;        /* below web.path: "vowifi", "odsa", "boost" ... */
    struct ecs_str sid, back; /* p NULL: none */
    struct ecs_flow_ref ref;
    bool has_secret;
    uint8_t secret[SHEET_SECRET], handle[ECS_SHEET_HANDLE], ref_digest[ECS_SHEET_HANDLE];
    struct ecs_sheet_row row;
    bool opened, moved, written;
    struct ecs_imsi imsi;
    struct ecs_subscriber_facts facts;
    struct ecs_ts43_request request; /* empty: the pages know nothing of the device's requests */
    struct ecs_app_context context;
    struct ecs_vowifi_view state;
    struct sheet_view view;
    struct sheet_form form;
    struct ecs_address_result checked;
    struct ecs_sheet_open open;
    struct ecs_sheet_move move;
    struct ecs_sheet_result result;
    struct sheet_odsa *odsa;       /* of the eSIM pages (sheet_odsa.h) */
    struct sheet_service *service; /* of boost, carrier billing, satellite (sheet_service.h) */
};

/* sheet_open.c: steps until the session is known. The first two end with ECS_DONE when there is nothing to
 * open. */
enum ecs_next sheet_begin(struct ecs_flow *f);
enum ecs_next sheet_find(struct ecs_flow *f);
enum ecs_next sheet_open(struct ecs_flow *f);
enum ecs_next sheet_opened(struct ecs_flow *f);
/* The answer of everything but showing: 303 to the page itself. */
enum ecs_next sheet_redirect(struct ecs_flow *f);
/* What only this session can know of the text, in 26 letters and digits: out holds 27 bytes. False: no
 * memory. */
bool sheet_text_token(struct sheet *s, struct ecs_str text, char *out);
/* Hidden value of the forms of that step. */
bool sheet_step_token(struct sheet *s, int32_t step, char *out);

/* sheet_form.c */
/* A text of the row with a key of that purpose that only the browser's cookie gives; {NULL, 0}: no memory, or
 * sealed by nobody who had it. */
struct ecs_str sheet_seal(struct sheet *s, const char *purpose, struct ecs_str plain);
struct ecs_str sheet_unseal(struct sheet *s, const char *purpose, struct ecs_str sealed);
/* Fills address out of the request; country: the one that the form is for. */
bool sheet_form_read(struct sheet *s, struct ecs_str country);
/* The form sealed with the session's secret; {NULL, 0}: no memory. */
struct ecs_str sheet_form_seal(struct sheet *s, const struct sheet_form *form);
/* An unreadable one counts as none. */
void sheet_form_open(struct sheet *s, struct ecs_str sealed, struct sheet_form *ret_form);
bool sheet_country_allowed(const struct ecs_websheet_conf *conf, struct ecs_str country);

/* sheet_show.c */
enum sheet_page sheet_current(const struct sheet *s);
void sheet_show(struct sheet *s, enum sheet_page page);
/* The page with its content security policy; without memory call->out overflows. */
void sheet_answer(struct web_call *call, struct sheet_view *view, enum sheet_page page,
                  struct sheet_scope *scope);

/* ---- pages of eSIM activation (sheet_odsa*.c) ---- */

bool sheet_odsa_enabled(const struct ecs_snapshot *s);
extern const struct ecs_step sheet_odsa_steps[], sheet_odsa_not_enabled_steps[], sheet_odsa_fault_steps[];
void sheet_odsa_error(struct web_call *call, enum ecs_rc rc);

/* URL and user data of a hand-over for a journey (ecs/odsa.h); arg: struct device. journey NULL or without
 * id: of the page that tells why the application is not enabled, also for a request that is not proven (7.7).
 * url "portal": policy.portal_url, or the built-in pages when that is empty. False: there is no such page, or
 * memory is short. */
bool sheet_odsa_portal(void *arg, struct ecs_arena *arena, const struct ecs_journey *journey,
                       struct ecs_str url, struct ecs_str data_template, struct ecs_str *ret_url,
                       struct ecs_str *ret_data);
