/* SPDX-License-Identifier: Apache-2.0 */
/* Optional sections fcm, apns, wns and sms of the configuration: how messages leave for devices (ecs/push.h).
 */
#pragma once

#include "ecs/push.h"
#include "ecs/setting.h"
#include "ecs/sms_codec.h"

struct ecs_fcm_conf {
    const char *service_account; /* JSON text of the key file; secret */
    const char *url;             /* of the API, without path */
    const char *token_url;       /* NULL: that of the service account */
    const char *ca_file;         /* NULL: the system's */
};

struct ecs_apns_conf {
    const char *url;
    const char *topic;
    const char *team_id, *key_id, *key;        /* provider token; key: PEM (.p8), secret */
    const char *certificate, *certificate_key; /* or a client certificate */
    const char *ca_file;
};

struct ecs_wns_conf {
    const char *client_id, *client_secret;
    const char *token_url, *scope;
    const char *relay_url; /* asked in place of the host of the channel URI; NULL: none */
    const char *ca_file;
};

enum ecs_sms_transport { ECS_SMS_BY_SMPP, ECS_SMS_BY_HTTP };

struct ecs_sms_http_conf {
    const char *url;  /* template */
    int method;       /* 0 GET, 1 POST */
    const char *body; /* template; NULL: none */
    const char *content_type;
    struct ecs_str_list headers;  /* "Name: value" */
    struct ecs_int_list accepted; /* statuses */
    const char *accepted_prefix;  /* what the body must begin with; NULL: anything */
    const char *user, *password, *bearer;
    const char *authorization; /* whole value of the header, in place of these */
    const char *ca_file;
};

struct ecs_smpp_conf {
    const char *host;
    int64_t port;
    const char *system_id, *password, *system_type, *service_type;
    bool tls;
    const char *ca_file, *certificate, *certificate_key;
    int64_t sender_ton, sender_npi; /* -1: by the shape of the sender */
    int64_t window;                 /* submits without response */
    int64_t per_second;             /* of one worker; 0: no limit */
    int64_t response_ms, connect_ms;
    int64_t enquire_ms; /* idle time until enquire_link */
    int64_t idle_ms;    /* without submits until unbind; 0: stay bound */
    bool validity;      /* validity_period from the message's time to live */
};

struct ecs_sms_conf {
    int transport; /* enum ecs_sms_transport */
    int64_t port;  /* of the trigger; TS.43 2.6.1: 8095 */
    int coding;    /* enum ecs_sms_coding of messages to a port, not AUTO */
    int64_t parts; /* most parts of a long text */
    const char *sender;
    struct ecs_sms_http_conf http;
    struct ecs_smpp_conf smpp;
};

extern const struct ecs_setting ecs_fcm_settings[], ecs_apns_settings[], ecs_wns_settings[],
    ecs_sms_settings[];
/* Checks between settings, for the section rows. */
bool ecs_fcm_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
bool ecs_apns_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
bool ecs_wns_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
bool ecs_sms_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
