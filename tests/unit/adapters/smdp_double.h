/* SPDX-License-Identifier: Apache-2.0 */
/* An SM-DP+ by tests/tools/http_double.py: rules go in, the log of requests comes out. Include behind
 * smdp_rig.h. */
#pragma once

#include <jansson.h>

#define PATH "/gsma/rsp2/es2plus/"

static struct http_double smdp_double;
static char smdp_url[64]; /* with "/" at its end */

RIG_HELPER const char *smdp_control(struct smdp_rig *x, const char *method, const char *what,
                                    const char *body)
{
    char url[128];

    snprintf(url, sizeof(url), "%s_double/%s", smdp_url, what);
    return rig_text(&x->rig, x->control, method, url, body);
}

/* JSON with ' in place of "; in place of the rules that are there. The log begins anew. */
RIG_HELPER void smdp_rules(struct smdp_rig *x, const char *rules)
{
    char text[8192];
    size_t n = strlen(rules);

    assert_true(n < sizeof(text));
    for (size_t i = 0; i <= n; i++)
        text[i] = rules[i] == '\'' ? '"' : rules[i];
    (void)smdp_control(x, "DELETE", "rules", NULL);
    (void)smdp_control(x, "DELETE", "log", NULL);
    (void)smdp_control(x, "POST", "rules", text);
}

/* The caller's reference. */
RIG_HELPER json_t *smdp_log(struct smdp_rig *x)
{
    json_t *log = json_loads(smdp_control(x, "GET", "log", NULL), 0, NULL);

    assert_non_null(log);
    return log;
}

/* Body of the request number i as an object, the caller's reference. */
RIG_HELPER json_t *smdp_body(const json_t *log, size_t i)
{
    const char *text = json_string_value(json_object_get(json_array_get(log, i), "body"));
    json_t *body = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

    assert_non_null(body);
    return body;
}

/* Text at "a.b" of an object; "(none)". */
RIG_HELPER const char *smdp_at(const json_t *json, const char *path)
{
    char part[64];
    const char *value;

    for (size_t n; *path; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        assert_true(n < sizeof(part));
        memcpy(part, path, n);
        part[n] = '\0';
        json = json_object_get(json, part);
    }
    value = json_string_value(json);
    return value ? value : "(none)";
}
