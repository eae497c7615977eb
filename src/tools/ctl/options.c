/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the commands. */
#include "options.h"

#include "ctl.h"

const struct argp_option ctl_none_options[] = {{0}};

const struct argp_option ctl_import_options[] = {
    {"rejected", CTL_REJECTED, "FILE", 0,
     "write lines that are not accepted here, with their numbers and reasons", 0},
    {"chunk", CTL_CHUNK, "LINES", 0, "lines per transaction (default 50000)", 0},
    {0},
};

const struct argp_option ctl_show_options[] = {
    {"msisdn", CTL_MSISDN, "DIGITS", 0, "look for this number instead of an IMSI", 0},
    {0},
};

const struct argp_option ctl_subscriber_options[] = {
    {"msisdn", CTL_MSISDN, "DIGITS", 0, "number with country code", 0},
    {"iccid", CTL_ICCID, "DIGITS", 0, "number of the SIM card", 0},
    {"plan", CTL_PLAN, "PLAN", 0, "plan (needed for a new subscriber)", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "brand", 0},
    {"line-state", CTL_LINE_STATE, "STATE", 0, "active, suspended, barred, terminated", 0},
    {"roaming", CTL_ROAMING, "WORD", 0, "unknown, home, roaming", 0},
    {"visited-plmn", CTL_VISITED, "DIGITS", 0, "network the line was last seen in", 0},
    {"language", CTL_LANGUAGE, "TAG", 0, "language of texts, for example de-AT", 0},
    {"area", CTL_AREA, "AREA", 0, "area the line was last known in, for example north.coast", 0},
    {"enterprise", CTL_ENTERPRISE, "ID", 0, "enterprise that pays for the line", 0},
    {0},
};

const struct argp_option ctl_revoke_options[] = {
    {"reason", CTL_REASON, "TEXT", 0, "for the audit table; no personal data", 0},
    {0},
};

const struct argp_option ctl_token_options[] = {
    {"kind", CTL_KIND, "KIND", 0, "temporary (default), operator, app", 0},
    {"imsi", CTL_IMSI, "DIGITS", 0, "subscriber for whom the token speaks", 0},
    {"app", CTL_APP, "APPID", 0, "application, for example ap2014", 0},
    {"operation", CTL_OPERATION, "NAME", 0,
     "operation that it serves, for example GetPhoneNumber; may be repeated", 0},
    {"requestor", CTL_REQUESTOR, "ID", 0, "requestor_id that may present it (default: any); may be repeated",
     0},
    {"device", CTL_DEVICE, "ID", 0, "terminal_id of the device that would have asked for it", 0},
    {"client", CTL_CLIENT, "ID", 0, "client_id of the application", 0},
    {"scope", CTL_SCOPE, "WORDS", 0, "scope of an operator token", 0},
    {"life", CTL_LIFE, "TIME", 0, "120s, 5m ... (default and most: the settings of grants)", 0},
    {0},
};

const struct argp_option ctl_selftest_options[] = {
    {"imsi", CTL_IMSI, "DIGITS", 0, "line that the number belongs to", 0},
    {"url", CTL_URL, "URL", 0, "address of the daemon as partners see it (default: web.public_url)", 0},
    {"ca", CTL_CA, "FILE", 0, "authorities that its certificate is verified by (default: those of the system)", 0},
    {"client", CTL_CLIENT, "ID", 0, "caller of server_callers that is played (default: the first one for ap2014)", 0},
    {"requestor", CTL_REQUESTOR, "ID", 0, "requestor_id that is sent (default: the first one of the caller)", 0},
    {0},
};

const struct argp_option ctl_token_end_options[] = {
    {"imsi", CTL_IMSI, "DIGITS", 0, "all tokens of this subscriber", 0},
    {"token", CTL_TOKEN, "TEXT", 0, "this token", 0},
    {"kind", CTL_KIND, "KIND", 0, "its kind: temporary (default), operator, app", 0},
    {0},
};

const struct argp_option ctl_service_options[] = {
    {"tc", CTL_TC, "STATE", 0, "terms: missing, accepted, not-required, in-progress", 0},
    {"tc-version", CTL_TC_VERSION, "NUMBER", 0, "version of the terms that were accepted", 0},
    {"address", CTL_ADDRESS, "STATE", 0, "emergency address: missing, available, not-required, in-progress",
     0},
    {"address-expiry", CTL_ADDRESS_EXPIRY, "TIME", 0, "when it must be captured again", 0},
    {"address-id", CTL_ADDRESS_ID, "TEXT", 0, "AddrIdentifier", 0},
    {"provisioning", CTL_PROVISIONING, "STATE", 0, "not-provisioned, provisioned, not-tracked, in-progress",
     0},
    {"override", CTL_OVERRIDE, "WORD", 0, "none, allow, deny, provisioning", 0},
    {"portal-closed", CTL_CLOSED, NULL, 0, "the user has just finished the web pages", 0},
    {0},
};

const struct argp_option ctl_plan_options[] = {
    {"name", CTL_NAME, "TEXT", 0, "name for people", 0},
    {"feature", CTL_FEATURE, "WORD", 0,
     "option contained in the plan, for example vowifi; repeat for more. Replaces all", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "brand that sells the plan; empty: all", 0},
    {0},
};

const struct argp_option ctl_brand_options[] = {
    {"name", CTL_NAME, "TEXT", 0, "name for people (needed)", 0},
    {"language", CTL_LANGUAGE, "TAG", 0, "language of texts when the subscriber has none", 0},
    {0},
};

const struct argp_option ctl_mark_options[] = {
    {"reason", CTL_REASON, "TEXT", 0, "for the operator", 0},
    {0},
};

const struct argp_option ctl_limit_options[] = {
    {"limit", CTL_LIMIT, "NUMBER", 0, "most rows (default 100)", 0},
    {0},
};

const struct argp_option ctl_notice_options[] = {
    {"effect", CTL_EFFECT, "WORD", 0,
     "info (message only, default) or unavailable (answered as not available)", 0},
    {"from", CTL_FROM, "TIME", 0, "begin (default: now), for example 2026-01-31T22:00:00Z", 0},
    {"until", CTL_UNTIL, "TIME", 0, "end (needed)", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "for this brand only", 0},
    {"validity", CTL_VALIDITY, "SECONDS", 0, "how long answers given meanwhile hold (default 3600)", 0},
    {0},
};

const struct argp_option ctl_state_options[] = {
    {"rat", CTL_RAT, "WORD", 0, "on this radio access only: lte, nr, wifi, satellite", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "for this brand only", 0},
    {"area", CTL_AREA, "AREA", 0, "in this area only: north.coast, mcc-262, plmn-26201", 0},
    {"message", CTL_MESSAGE, "KEY", 0, "text for the user, a key of the message catalogues", 0},
    {"validity", CTL_VALIDITY, "SECONDS", 0, "how long answers given meanwhile hold at most", 0},
    {"from", CTL_FROM, "TIME", 0, "since when (default: now)", 0},
    {"until", CTL_UNTIL, "TIME", 0, "expected end; the state stands until it is changed", 0},
    {0},
};

const struct argp_option ctl_state_clear_options[] = {
    {"rat", CTL_RAT, "WORD", 0, "only those of this radio access", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "only those of this brand", 0},
    {"area", CTL_AREA, "AREA", 0, "only those of this area", 0},
    {0},
};

const struct argp_option ctl_visited_options[] = {
    {"name", CTL_NAME, "NAME", 0, "name for people", 0},
    {"country", CTL_COUNTRY, "XX", 0, "country, two capital letters", 0},
    {"service", CTL_SERVICE, "WORD", 0, "works there by agreement; repeat for more", 0},
    {0},
};

const struct argp_option ctl_explain_options[] = {
    {"imsi", CTL_IMSI, "DIGITS", 0, "subscriber", 0},
    {"msisdn", CTL_MSISDN, "DIGITS", 0, "subscriber, by number", 0},
    {"app", CTL_APP, "APP", 0,
     "application (ap2004 or vowifi); repeat for more (default: all that are offered)", 0},
    {"enterprise", CTL_ENTERPRISE, "ID", 0, "of ap2011: the enterprise in place of a subscriber", 0},
    {"device", CTL_DEVICE, "TERMINAL_ID", 0, "IMEI or UUID of the phone", 0},
    {"target", CTL_TARGET, "TERMINAL_ID", 0,
     "IMEI or UUID of the device that is to get an eSIM: companion, new phone, device of an enterprise", 0},
    {"boost", CTL_BOOST, "TYPE", 0, "of ap2010: the boost that is wanted now (boost_type)", 0},
    {"store", CTL_STORE, "VENDOR", 0, "of ap2012: store_vendor", 0},
    {"store-user", CTL_STORE_USER, "ID", 0, "of ap2012: store_user_id", 0},
    {"at", CTL_AT, "TIME", 0, "as if it were this time", 0},
    {"version", CTL_VERSION, "X.Y", 0, "TS.43 version of the phone (default 8.0)", 0},
    {"language", CTL_LANGUAGE, "TAGS", 0, "languages of the phone, as in Accept-Language", 0},
    {"document", CTL_DOCUMENT, "xml|json", 0,
     "print the document as the phone would get it, without its token", 0},
    {"rules", CTL_RULES, NULL, 0, "print every rule and condition, also those that did not apply", 0},
    {0},
};

const struct argp_option ctl_satellite_options[] = {
    {"plan", CTL_PLAN, "PLAN", 0, "the one of this plan", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "the one of this brand", 0},
    {0},
};

const struct argp_option ctl_policy_check_options[] = {
    {"messages", CTL_MESSAGES, "DIRECTORY", 0, "also check that these catalogues have every text", 0},
    {0},
};

const struct argp_option ctl_policy_test_options[] = {
    {"policy", CTL_POLICY, "DIRECTORY", 0, "policy to test (default: policy.directory of the configuration)",
     0},
    {0},
};

const struct argp_option ctl_policy_compare_options[] = {
    {"limit", CTL_LIMIT, "NUMBER", 0, "look at so many subscribers only", 0},
    {"device", CTL_DEVICE, "TERMINAL_ID", 0, "judge every line as if used in this device (default: none)", 0},
    {"at", CTL_AT, "TIME", 0, "as if it were this time", 0},
    {"version", CTL_VERSION, "X.Y", 0, "TS.43 version of the phones (default 8.0)", 0},
    {0},
};

const struct argp_option ctl_key_options[] = {
    {"ticket", CTL_TICKET, NULL, 0, "write 64 random bytes for tls.ticket_key instead", 0},
    {"force", CTL_FORCE, NULL, 0, "with --ticket: replace a file that exists", 0},
    {0},
};

const struct argp_option ctl_order_options[] = {
    {"refused", CTL_REFUSED, NULL, 0, "the network refused: the next request of the phone orders again", 0},
    {0},
};

const struct argp_option ctl_notify_options[] = {
    {"msisdn", CTL_MSISDN, "DIGITS", 0, "subscriber, by number", 0},
    {"plan", CTL_PLAN, "PLAN", 0, "all subscribers of a plan", 0},
    {"all", CTL_ALL, NULL, 0, "all subscribers", 0},
    {"apps", CTL_APP, "APPS", 0,
     "applications that changed, for example ap2003,ap2004 (default: all that a device has registered for)",
     0},
    {"spread", CTL_SPREAD, "TIME", 0,
     "with --plan and --all: spread over this time, for example 2h (default: notify.campaign_per_second)", 0},
    {0},
};

const struct argp_option ctl_audit_options[] = {
    {"limit", CTL_LIMIT, "NUMBER", 0, "most rows (default 50)", 0},
    {0},
};

const struct argp_option ctl_journey_list_options[] = {
    {"imsi", CTL_IMSI, "DIGITS", 0, "of this line", 0},
    {"msisdn", CTL_MSISDN, "DIGITS", 0, "of the line with this number", 0},
    {"iccid", CTL_ICCID, "DIGITS", 0, "about this profile, new or old", 0},
    {"eid", CTL_EID, "DIGITS", 0, "for this eUICC", 0},
    {"enterprise", CTL_ENTERPRISE, "ID", 0, "of this enterprise", 0},
    {"state", CTL_STATE, "STATE", 0, "standing there, for example ready", 0},
    {"kind", CTL_KIND, "KIND", 0,
     "companion, primary, enterprise, waiting, transfer, move, recovery, end, switch, manage", 0},
    {"open", CTL_OPEN, NULL, 0, "those that have not ended", 0},
    {"stuck", CTL_STUCK, NULL, 0, "open ones that try something again, or are overdue", 0},
    {"before", CTL_BEFORE, "ID", 0, "next page: smaller ids only", 0},
    {"limit", CTL_LIMIT, "NUMBER", 0, "most rows (default 100)", 0},
    {0},
};

const struct argp_option ctl_profile_options[] = {
    {"msisdn", CTL_MSISDN, "DIGITS", 0, "of the line with this number", 0},
    {"enterprise", CTL_ENTERPRISE, "ID", 0, "of this enterprise", 0},
    {"limit", CTL_LIMIT, "NUMBER", 0, "most rows (default 100)", 0},
    {0},
};

const struct argp_option ctl_offer_options[] = {
    {"name", CTL_NAME, "TEXT", 0, "name for the user (default: the offer's id)", 0},
    {"description", CTL_DESCRIPTION, "TEXT", 0, "a sentence for the user", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "for lines of this brand only; empty: all", 0},
    {"enterprise", CTL_ENTERPRISE, "ID", 0, "for this enterprise only; empty: all", 0},
    {"service", CTL_SERVICE, "WORD", 0, "SharedNumber, DiffNumber, FamilyNumber; empty: any", 0},
    {"profile-type", CTL_PROFILE_TYPE, "TYPE", 0, "what the SM-DP+ is asked for; empty: its default", 0},
    {"sort", CTL_SORT, "NUMBER", 0, "lower ones come first (default 100)", 0},
    {"active", CTL_ACTIVE, "yes|no", 0, "whether it is offered now (default yes)", 0},
    {0},
};

const struct argp_option ctl_enterprise_options[] = {
    {"name", CTL_NAME, "TEXT", 0, "name for people", 0},
    {"state", CTL_STATE, "STATE", 0, "active, suspended", 0},
    {"brand", CTL_BRAND, "BRAND", 0, "brand that sells to it; empty: none", 0},
    {"max-devices", CTL_MAX_DEVICES, "NUMBER", 0, "most profiles in service at a time; -1: no limit", 0},
    {0},
};

const struct argp_option ctl_qos_list_options[] = {
    {"imsi", CTL_IMSI, "DIGITS", 0, "of this line", 0},
    {"state", CTL_STATE, "STATE", 0, "wanted, requested, active, releasing, ended, failed", 0},
    {"before", CTL_BEFORE, "ID", 0, "older than this one", 0},
    {"limit", CTL_LIMIT, "NUMBER", 0, "most rows (default 50)", 0},
    {0},
};

const struct argp_option ctl_qos_apply_options[] = {
    {"network", CTL_NETWORK, "NAME", 0, "entry of section qos", 0},
    {"profile", CTL_PROFILE, "NAME", 0, "entry of section qos_profiles", 0},
    {"service", CTL_SERVICE, "WORD", 0, "instead: what the line's plan gives to this service", 0},
    {"seconds", CTL_SECONDS, "NUMBER", 0, "duration; 0 or left out: until it is released", 0},
    {"reference", CTL_REFERENCE, "TEXT", 0, "name of this wish: the same one is one request (needed)", 0},
    {"ipv4", CTL_IPV4, "ADDRESS", 0, "of the device in the operator's network", 0},
    {"ipv6", CTL_IPV6, "ADDRESS", 0, "the same, IPv6", 0},
    {0},
};

const struct argp_option ctl_qos_plan_options[] = {
    {"network", CTL_NETWORK, "NAME", 0, "entry of section qos", 0},
    {"profile", CTL_PROFILE, "NAME", 0, "entry of section qos_profiles", 0},
    {"seconds", CTL_SECONDS, "NUMBER", 0, "usual duration; 0 or left out: until it is released", 0},
    {0},
};
