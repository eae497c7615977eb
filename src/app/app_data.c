/* SPDX-License-Identifier: Apache-2.0 */
/* What the plain applications have in common: which rows they need, what their requests must hold, their
 * facts. */
#include "app_internal.h"

#include <string.h>

static const struct {
    enum ecs_app app;
    const char *letter;
} rows_of[] = {
    {ECS_APP_2010, ECS_DATA_PLAN},
    {ECS_APP_2012, ECS_DATA_BILLING},
    {ECS_APP_2013, ECS_DATA_IDENTITY},
    {ECS_APP_2016, ECS_DATA_SATELLITE},
};

bool ecs_app_data_key(struct ecs_arena *arena, struct ecs_crypto *crypto,
                      const struct ecs_ts43_request *request, unsigned offered, struct ecs_facts_key *key)
{
    char *letters = ecs_alloc(arena, ECS_ARRAY_LEN(rows_of) + 1);
    uint8_t account[ECS_ACCOUNT_LEN];
    size_t n = 0;

    if (!letters)
        return false;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows_of); i++)
        if (offered & 1u << rows_of[i].app && ecs_ts43_request_has_app(request, rows_of[i].app))
            letters[n++] = rows_of[i].letter[0];
    key->data = (struct ecs_str){letters, n};
    key->account = ECS_STR_NULL;
    if (memchr(letters, ECS_DATA_BILLING[0], n) &&
        ecs_billing_account(crypto, request->param[ECS_P_STORE_VENDOR], request->param[ECS_P_STORE_USER_ID],
                            account)) {
        char *hex = ecs_alloc(arena, 2 * sizeof(account) + 1);

        if (!hex)
            return false;
        ecs_hex_encode(account, sizeof(account), hex);
        key->account = ecs_str_of(hex);
    }
    return true;
}

/* 0 to 255. Absent and empty: false with *ret_type -1. Malformed: false with -2. */
bool app_boost_asked(const struct ecs_ts43_request *request, int64_t *ret_type)
{
    struct ecs_str text = request->param[ECS_P_BOOST_TYPE];

    *ret_type = -1;
    if (!text.n)
        return false;
    if (ecs_str_to_i64(text, ret_type) && *ret_type >= 0 && *ret_type <= 255)
        return true;
    *ret_type = -2;
    return false;
}

enum ecs_rc ecs_app_check_request(const struct ecs_ts43_request *request, unsigned offered,
                                  const char **ret_reason)
{
    struct ecs_str button = request->param[ECS_P_MSG_BTN];
    int64_t type;

    if (offered & 1u << ECS_APP_2010 && ecs_ts43_request_has_app(request, ECS_APP_2010) &&
        !app_boost_asked(request, &type) && type == -2) {
        *ret_reason = "boost_type: is not a number from 0 to 255";
        return ECS_E_BAD_PARAMETER;
    }
    if (!(offered & 1u << ECS_APP_2012) || !ecs_ts43_request_has_app(request, ECS_APP_2012))
        return ECS_OK;
    if (!request->param[ECS_P_STORE_VENDOR].n || !request->param[ECS_P_STORE_USER_ID].n) {
        *ret_reason =
            request->param[ECS_P_STORE_VENDOR].n ? "store_user_id: is missing" : "store_vendor: is missing";
        return ECS_E_BAD_PARAMETER;
    }
    if (button.p && !ecs_str_eq(button, ECS_STR("0")) && !ecs_str_eq(button, ECS_STR("1"))) {
        *ret_reason = "MSG_btn: is neither 0 nor 1";
        return ECS_E_BAD_PARAMETER;
    }
    return ECS_OK;
}

/* ---- facts ---- */

void app_boost_facts(struct ecs_facts *f, const struct ecs_data_facts *data, int64_t type, bool asked)
{
    const struct ecs_data_boost *boost = ecs_data_boost_find(data, type);

    (void)ecs_fact_set_int(f, ECS_FACT_BOOST_TYPE, type ? type : ECS_BOOST_INTERACTIVE);
    (void)ecs_fact_set_bool(f, ECS_FACT_BOOST_ASKED, asked);
    ecs_fact_unset(f, ECS_FACT_BOOST_OFFER);
    ecs_fact_unset(f, ECS_FACT_BOOST_STATE);
    if (!boost)
        return;
    (void)ecs_fact_set_int(f, ECS_FACT_BOOST_OFFER, (int64_t)boost->offer);
    if (boost->state != ECS_BOOST_NONE)
        (void)ecs_fact_set_int(f, ECS_FACT_BOOST_STATE, (int64_t)boost->state);
}

void app_data_facts(struct ecs_app_context *c)
{
    const struct ecs_data_facts *data = c->line->data;
    struct ecs_facts *f = &c->facts;
    int64_t allowed = 0, type;

    (void)ecs_fact_set_str(f, ECS_FACT_BILLING_STORE, c->request->param[ECS_P_STORE_VENDOR]);
    if (!data)
        return;
    if (app_boost_asked(c->request, &type))
        app_boost_facts(f, data, type, true);
    if (data->billing.found) {
        (void)ecs_fact_set_int(f, ECS_FACT_BILLING_STATE, (int64_t)data->billing.state);
        (void)ecs_fact_set_int(f, ECS_FACT_BILLING_TERMS, data->billing.terms);
    }
    (void)ecs_fact_set_bool(f, ECS_FACT_IDENTITY_PSEUDONYM, app_pseudonym(data, c->now).p != NULL);
    for (size_t i = 0; i < data->n_networks; i++)
        allowed += !data->networks[i].barred;
    (void)ecs_fact_set_int(f, ECS_FACT_SATMODE_NETWORKS, allowed);
}
