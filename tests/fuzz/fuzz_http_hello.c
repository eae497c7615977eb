/* SPDX-License-Identifier: Apache-2.0 */
/* modules: net run codec conf base */
/* The one part of TLS that we read ourselves: cipher suites of a ClientHello. And addresses as proxies tell
 * them. */
#include <stdlib.h>

#include "net/http_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_str text = {(const char *)data, size};
    struct ecs_http_header headers[2] = {{ECS_STR("X-Forwarded-For"), text}, {ECS_STR("Forwarded"), text}};
    struct ecs_http_request request = {.header_count = 1};
    struct ecs_cidr cidr;
    char out[48];

    if (http_hello_suites(data, size) > (HTTP_SUITE_ECDSA | HTTP_SUITE_RSA))
        abort();
    if (ecs_cidr_parse(text, &cidr) && cidr.bits > 128)
        abort();
    (void)ecs_addr_is_loopback(text);
    for (size_t i = 0; i < 2; i++) {
        request.headers = &headers[i];
        http_addr_forwarded(&request, &(struct ecs_cidr){{0}, 0}, 1, "peer", out);
        if (!out[0])
            abort();
    }
    return 0;
}
