/* SPDX-License-Identifier: Apache-2.0 */
/* modules: adapters store net run ts43 codec conf base */
/* Events of networks that were asked for quality of service, whatever comes: refused with a sentence, or
 * understood with a handle that may stand in a path. The first byte chooses dialect and door. */
#include <stdlib.h>
#include <string.h>

#include "ecs/qos.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        enum ecs_qos_type type;
        enum ecs_qos_door door;
    } doors[] = {{ECS_QOS_CAMARA_PROVISIONING, ECS_QOS_DOOR_EVENT},
                 {ECS_QOS_CAMARA_SESSION, ECS_QOS_DOOR_EVENT},
                 {ECS_QOS_T8, ECS_QOS_DOOR_EVENT},
                 {ECS_QOS_N5, ECS_QOS_DOOR_NOTIFY},
                 {ECS_QOS_N5, ECS_QOS_DOOR_TERMINATE},
                 {ECS_QOS_RX, ECS_QOS_DOOR_EVENT}};
    struct ecs_qos_conf conf = {.name = "n", .callback = ""};
    struct ecs_qos_event event = {0};
    struct ecs_arena *arena = size ? ecs_arena_new(NULL, 0) : NULL;
    const char *why = NULL;
    size_t at;

    if (!arena)
        return 0;
    at = data[0] % ECS_ARRAY_LEN(doors);
    conf.type = doors[at].type;
    if (ecs_qos_event_read(&conf, doors[at].door, arena, (struct ecs_str){(const char *)data + 1, size - 1},
                           &event, &why) == ECS_OK) {
        require((unsigned)event.news < ECS_QOS_NEWS_COUNT);
        require(event.handle.n <= 256 && (!event.handle.n || !memchr(event.handle.p, '/', event.handle.n)));
        require(event.news == ECS_QOS_NEWS_NONE || event.news == ECS_QOS_NEWS_ACTIVE || event.why);
    } else {
        require(why && strlen(why) < 200);
    }
    ecs_arena_free(arena);
    return 0;
}
