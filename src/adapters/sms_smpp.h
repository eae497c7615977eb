/* SPDX-License-Identifier: Apache-2.0 */
/* An SMPP 3.4 session as transceiver: opened with the first message, bound again with back-off, one per
 * worker. */
#pragma once

#include "adapters/push_int.h"

struct sms_smpp;

/* Strings of conf are borrowed as long as the session. NULL with a sentence: a TLS file cannot be used, no
 * memory. */
struct sms_smpp *sms_smpp_new(struct ecs_loop *loop, const struct ecs_smpp_conf *conf, const char *sender,
                              struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                              const char **ret_error);
/* No submit may be under way. Says unbind when bound. */
void sms_smpp_free(struct sms_smpp *s);

struct sms_smpp_message {
    struct ecs_str to; /* international digits without "+" */
    enum ecs_sms_coding coding;
    const struct ecs_sms_part *part;
    int64_t ttl_s; /* 0: the SMSC's own validity */
};
/* May wait, at most SMPP_WAIT_MS. */
enum { SMPP_WAIT_MS = 60000 };
enum ecs_next sms_smpp_submit(struct ecs_flow *f, struct sms_smpp *s, const struct sms_smpp_message *message,
                              struct ecs_send_result *ret_result);
