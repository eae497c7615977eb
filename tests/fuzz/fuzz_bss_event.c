/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Events of a BSS, whatever comes: refused with a sentence, or understood with every value in its form. */
#include <stdlib.h>
#include <string.h>

#include "ecs/bss.h"
#include "ecs/store_availability.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_digits(struct ecs_str s, size_t low, size_t high)
{
    require(!s.p || (ecs_str_is_digits(s) && s.n >= low && s.n <= high));
}

static void check_order(const struct ecs_bss_event *e)
{
    require((unsigned)e->result.status < ECS_BSS_STATUS_COUNT);
    require(e->key.p || e->reference.p);
    require((e->result.status == ECS_BSS_DONE || e->result.status == ECS_BSS_PENDING) ==
            (e->result.why == NULL));
    check_digits(e->result.iccid, 18, 20);
    check_digits(e->result.msisdn, 5, 15);
    require(!e->result.url.p || ecs_str_starts_with(e->result.url, ECS_STR("https://")));
    require(e->result.reason.n <= 64);
}

static void check(const struct ecs_bss_event *e)
{
    require((unsigned)e->kind <= ECS_BSS_EVENT_IGNORED && e->at >= 0 && e->id.n <= 128);
    if (e->kind == ECS_BSS_EVENT_ORDER)
        check_order(e);
    if (e->kind == ECS_BSS_EVENT_LINE) {
        require(e->subject.imsi.p || e->subject.msisdn.p || e->subject.enterprise.p);
        require(!e->service.p == !e->service_state.p);
        require(!e->area.n || ecs_area_is_valid(e->area, true));
        require(!e->visited_plmn.n || (e->visited_plmn.n >= 5 && e->visited_plmn.n <= 6));
    }
    if (e->kind == ECS_BSS_EVENT_DATA) {
        const struct ecs_data_change *c = &e->data;

        require(!c->imsi.p != !c->msisdn.p && c->type >= -1 && c->type <= 255 && c->time >= 0);
        require(c->key.n <= 64 && c->vendor.n <= 128 && c->text.n <= 1015 && c->more.n <= 512);
        require(c->kind != ECS_DATA_USAGE || (c->key.n && c->a >= -1 && c->b >= 0));
        require(c->kind != ECS_DATA_ACCOUNT || (c->vendor.n && e->store_user.n && e->store_user.n <= 256));
        require(c->kind != ECS_DATA_BOOST || (c->key.n && c->type > 0 && c->b >= 0));
    }
    if (e->kind == ECS_BSS_EVENT_PROFILE) {
        require(e->profile.iccid.p && e->profile.status >= 1 && e->profile.status <= 4);
        check_digits(e->profile.iccid, 18, 20);
        check_digits(e->profile.eid, 32, 32);
        require(ecs_str_starts_with(e->subject.app, ECS_STR("ap20")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ecs_bss_conf conf = {.type = ECS_BSS_LOCAL, .url = "", .callback = ""};
    static const struct ecs_bss_env env = {.lab = true};
    static struct ecs_bss *bss;
    struct ecs_bss_event event;
    struct ecs_arena *arena;
    const char *why = NULL;

    if (!bss)
        bss = ecs_bss_new(&env, &conf);
    arena = ecs_arena_new(NULL, 0);
    if (!bss || !arena)
        return 0;
    if (ecs_bss_event_read(bss, arena, ECS_STR("serviceStateChangeEvent"),
                           (struct ecs_str){(const char *)data, size}, &event, &why) == ECS_OK)
        check(&event);
    else
        require(why && strlen(why) < 200);
    ecs_arena_free(arena);
    return 0;
}
