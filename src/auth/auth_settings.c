/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of authentication: rows of section "auth". */
#include "ecs/auth.h"

const struct ecs_setting ecs_auth_settings[] = {
    {ECS_KEY(STRING_LIST, "plmns", struct ecs_auth_conf, plmns), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 64,
     .help = "Home networks whose SIM cards are served, MCC and MNC: [\"00101\", \"310410\"]. EAP identities "
             "of other "
             "networks get 403."},
    {ECS_KEY(STRING_LIST, "realms", struct ecs_auth_conf, realms), .def = "nai.epc, wlan", .min = 1,
     .max = 16, .help = "Labels accepted in front of mncNNN.mccNNN.3gppnetwork.org in EAP_ID."},
    {ECS_KEY(PATH, "token_keys", struct ecs_auth_conf, token_keys),
     .flags = ECS_SETTING_REQUIRED | ECS_SETTING_FILE_MUST_EXIST,
     .help = "Key ring that seals tokens and portal references, the same on all nodes. The last line seals, "
             "all open. "
             "Made and rotated by: entitlementctl key new."},
    {ECS_KEY(PATH, "subscriber_keys", struct ecs_auth_conf, subscriber_keys),
     .flags = ECS_SETTING_REQUIRED | ECS_SETTING_FILE_MUST_EXIST,
     .help = "Key ring that wraps K and OPc in the database. Keep a copy apart from the database's backups: "
             "without it "
             "the keys are lost."},
    {ECS_KEY(DURATION_S, "token_validity", struct ecs_auth_conf, token_validity_s), .def = "14d", .min = 300,
     .max = 31536000, .help = "Lifetime of a token (TS.43 2.8.5); announced as TOKEN validity."},
    {ECS_KEY(INT, "token_renew_percent", struct ecs_auth_conf, token_renew_percent), .def = "50", .min = 0,
     .max = 100, .unit = "percent",
     .help = "A token older than this share of its lifetime is replaced in the next answer; the old one "
             "stays valid to its "
             "end."},
    {ECS_KEY(DURATION_S, "session", struct ecs_auth_conf, session_s), .def = "90s", .min = 10, .max = 600,
     .help = "How long a phone may take to answer an EAP challenge; a conversation with an AAA lasts 60s at most."},
    {ECS_KEY(STRING, "cookie", struct ecs_auth_conf, cookie), .def = "ecsid", .min = 1, .max = 32,
     .help = "Name of the cookie of an EAP exchange; letters and digits."},
    {ECS_KEY(INT, "ind", struct ecs_auth_conf, ind), .reload = ECS_RELOAD_RESTART,
     .def = "0", .min = 0, .max = 31,
     .help = "IND part of sequence numbers made here (TS 33.102 Annex C). Another authentication centre that "
             "serves the "
             "same SIM cards must use another one."},
    {ECS_KEY(INT, "attempts", struct ecs_auth_conf, attempts), .def = "10", .min = 1, .max = 10000,
     .unit = "exchanges",
     .help = "EAP exchanges of one subscriber within attempts_window, over all nodes; more get 503 with "
             "Retry-After. A "
             "success clears the count. Resynchronisations through an HSS count, too."},
    {ECS_KEY(DURATION_S, "attempts_window", struct ecs_auth_conf, attempts_window_s), .def = "5m", .min = 10,
     .max = 86400, .help = "Window of attempts."},
    {ECS_KEY(INT, "source_per_minute", struct ecs_auth_conf, source_per_minute), .def = "600", .min = 0,
     .max = 1000000, .unit = "exchanges per minute",
     .help = "EAP exchanges begun from one source address (IPv6: one /64) on one worker; more get 503. "
             "Generous, because "
             "of carrier NAT. 0: no limit."},
    {ECS_KEY(INT, "source_burst", struct ecs_auth_conf, source_burst), .def = "200", .min = 1, .max = 100000,
     .unit = "exchanges", .help = "Exchanges from one source address at once."},
    {ECS_KEY(INT, "token_misuse", struct ecs_auth_conf, token_misuse), .def = "5", .min = 0, .max = 10000,
     .unit = "times",
     .help = "A valid token that comes from another device than its own is refused, counted and told (event "
             "TOKEN_MISUSE). So many times within token_misuse_window make all tokens of the subscriber void. 0: "
             "never."},
    {ECS_KEY(DURATION_S, "token_misuse_window", struct ecs_auth_conf, token_misuse_window_s), .def = "1h",
     .min = 60, .max = 604800, .help = "Window of token_misuse."},
    {ECS_KEY(STRING_LIST, "ladder", struct ecs_auth_conf, ladder), .def = "local", .min = 1, .max = 8,
     .help = "Who proves SIM cards, in order: local (keys in this database), names of the section aaa. One that is down or "
             "cannot tell at the begin hands over to the next; one that refuses ends it (docs/authentication.md)."},
    {ECS_KEY(DURATION_MS, "aaa_limit", struct ecs_auth_conf, aaa_limit_ms), .def = "18s", .min = 500,
     .max = 20000, .help = "Time for all that AAA and HSS are asked within one request of a phone; phones give up at 30s."},
    {ECS_KEY(INT, "ladder_failures", struct ecs_auth_conf, ladder_failures), .def = "5", .min = 1,
     .max = 1000, .unit = "failures",
     .help = "So many in a row and a provider of the ladder is left alone for ladder_pause."},
    {ECS_KEY(DURATION_MS, "ladder_pause", struct ecs_auth_conf, ladder_pause_ms), .def = "10s", .min = 100,
     .max = 600000, .help = "Then one phone at a time tries it again."},
    {ECS_KEY(INT, "ladder_in_flight", struct ecs_auth_conf, ladder_in_flight), .def = "1000", .min = 1,
     .max = 50000, .unit = "questions per worker",
     .help = "Questions to one provider at a time; with more it counts as down. Less than limits.in_work, so that a "
             "provider that hangs leaves room for token requests."},
    {ECS_KEY(BOOL, "aaa_msisdn", struct ecs_auth_conf, aaa_msisdn), .def = "false",
     .help = "A number that an AAA or HSS names becomes that of a line which has none."},
    {ECS_KEY(STRING, "hss_profile", struct ecs_auth_conf, hss_profile), .def = "", .max = 64,
     .help = "Provider of type swx that is asked for the profile of a line behind a full authentication, read only: fact "
             "line.non3gpp. Empty: none is asked."},
    {ECS_KEY(DURATION_S, "hss_profile_age", struct ecs_auth_conf, hss_profile_age_s), .def = "1d", .min = 60,
     .max = 31536000, .help = "A profile younger than this is not asked for again."},
    {0},
};
