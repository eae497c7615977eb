/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks of the request files whose types are libmicrohttpd's. */
#pragma once

#include <microhttpd.h>

enum MHD_Result http_request_access(void *cls, struct MHD_Connection *conn, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_n, void **context);
void http_request_completed(void *cls, struct MHD_Connection *conn, void **context,
                            enum MHD_RequestTerminationCode code);
