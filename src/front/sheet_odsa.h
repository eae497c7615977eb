/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in pages of eSIM activation (TS.43 6.5.9, 6.7): a request of theirs in work. The journey is the
 * state; the session keeps what the user has chosen until it is given to the journey. */
#pragma once

#include "ecs/bss.h"
#include "ecs/login.h"
#include "sheet.h"

enum { SHEET_OLDS_MAX = 20, SHEET_ODSA_TEXT_MAX = 128 };

/* What a user has chosen so far. */
struct odsa_form {
    bool given; /* the row has one */
    bool verified, confirmed;
    bool selected; /* an old device was chosen on these pages */
    int64_t terms; /* version that was accepted; 0: none */
    struct ecs_str plan, old_id, old_iccid;
};

/* One of the devices that a subscription may leave. */
struct odsa_old {
    struct ecs_str value, label, ending; /* of the form; for people; last digits of the ICCID */
    struct ecs_str id, iccid;
};

struct sheet_odsa {
    struct sheet *sheet;
    struct ecs_journey journey;
    struct odsa_form form;
    enum sheet_page page;
    const char *outcome; /* of SHEET_PAGE_ODSA_END */
    struct ecs_bss_subject subject;
    struct ecs_bss_plans plans;
    struct ecs_odsa_key key;
    struct ecs_odsa_view view;
    struct odsa_old old[SHEET_OLDS_MAX];
    size_t old_n;
    bool no_plans, no_olds; /* asked: there are none */
    struct ecs_journey_fire fire;
    enum ecs_sheet_stage stage; /* after the event */
    struct {
        uint8_t handle[ECS_LOGIN_DIGEST], number[ECS_LOGIN_DIGEST], digest[ECS_LOGIN_DIGEST],
            proof[ECS_LOGIN_DIGEST];
        char text[ECS_OTP_DIGITS_MAX + 1];
        struct ecs_login_new login;
        struct ecs_factor_sent sent;
        struct ecs_otp_tried tried;
        bool again, unsendable;
        const char *error; /* key of a text; NULL: none */
    } code;
};

struct sheet_odsa *sheet_odsa_of(struct ecs_flow *f);
/* The present page again, by a redirect. */
enum ecs_next sheet_odsa_save(struct sheet_odsa *o, enum ecs_sheet_stage stage);

/* sheet_odsa_pages.c */
/* The page for the journey and what was chosen so far; sets outcome. SHEET_PAGE_COUNT: all is chosen. */
enum sheet_page sheet_odsa_page(struct sheet_odsa *o);
/* Fills o->old out of o->view. */
bool sheet_odsa_olds(struct sheet_odsa *o);
/* Answers with o->page. */
enum ecs_next sheet_odsa_show(struct sheet_odsa *o);

/* sheet_odsa_form.c: the form sealed with the session's secret; {NULL, 0}: no memory. An unreadable one
 * counts as none. */
struct ecs_str sheet_odsa_form_seal(struct sheet_odsa *o);
void sheet_odsa_form_open(struct sheet_odsa *o, struct ecs_str sealed);

/* sheet_odsa_code.c: steps of the code page, in this order. The first four send a code when none was sent
 * yet, or another one is wanted, and show the page; the last two judge a code. */
enum ecs_next sheet_odsa_code_send(struct ecs_flow *f);
enum ecs_next sheet_odsa_code_add(struct ecs_flow *f);
enum ecs_next sheet_odsa_code_added(struct ecs_flow *f);
enum ecs_next sheet_odsa_code_sent(struct ecs_flow *f);
enum ecs_next sheet_odsa_code_try(struct ecs_flow *f);
enum ecs_next sheet_odsa_code_judge(struct ecs_flow *f);
