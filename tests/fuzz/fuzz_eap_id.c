/* SPDX-License-Identifier: Apache-2.0 */
/* modules: codec base */
/* EAP_ID: what the parser returns lies inside the text and keeps its own rules. */
#include "ecs/eap_id.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_inside(struct ecs_str part, struct ecs_str text)
{
    if (part.p)
        require(part.p >= text.p && part.p + part.n <= text.p + text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str text = {(const char *)data, size};
    struct ecs_plmn home = {"001", "01"};
    struct ecs_eap_id id, again;
    char nai[80];

    require(ecs_eap_id_parse(text, &id) == id.kind);
    require((id.kind == ECS_EAP_ID_MALFORMED) == (id.reason != NULL));
    require((id.kind == ECS_EAP_ID_PERMANENT) == (id.imsi.s[0] != '\0'));
    require((id.kind == ECS_EAP_ID_ENCRYPTED) == (id.cipher_text.p != NULL));
    require_inside(id.user, text);
    require_inside(id.realm, text);
    require_inside(id.cipher_text, text);
    require_inside(id.key_identifier, text);
    (void)ecs_eap_id_realm_is_of(&id, &home);
    if (id.kind == ECS_EAP_ID_PERMANENT) {
        require(ecs_eap_nai_make(id.user.p[0], &id.imsi, &home, nai) == strlen(nai));
        require(ecs_eap_id_parse(ecs_str_of(nai), &again) == ECS_EAP_ID_PERMANENT);
        require(strcmp(again.imsi.s, id.imsi.s) == 0 && ecs_eap_id_realm_is_of(&again, &home));
    }
    return 0;
}
