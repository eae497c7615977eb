/* SPDX-License-Identifier: Apache-2.0 */
/* One received parameter value: what is cleaned, cut, left out or refused follows from the class of its row.
 */
#include "ts43/request_priv.h"

#include <string.h>

bool ecs_reading_fail(struct reading *reading, enum ecs_rc rc, const char *reason)
{
    if (reading->rc == ECS_OK) {
        reading->rc = rc;
        reading->reason = reason;
    }
    return false;
}

bool ecs_reading_fail_param(struct reading *reading, enum ecs_param param, const char *text)
{
    char *reason = ecs_printf(reading->arena, "%s %s", ecs_param_name(param), text);

    return ecs_reading_fail(reading, ECS_E_BAD_PARAMETER, reason ? reason : ecs_param_name(param));
}

void ecs_reading_note(struct reading *reading, enum ecs_param param, const char *text)
{
    struct ecs_ts43_request *request = reading->request;
    const char *note;

    if (request->n_notes < ECS_NOTES_MAX &&
        (note = ecs_printf(reading->arena, "%s %s", ecs_param_name(param), text)))
        request->notes[request->n_notes++] = note;
}

static bool no_room(struct reading *reading)
{
    return ecs_reading_fail(reading, ECS_E_TOO_LARGE, "the request does not fit into its memory");
}

static bool is_clean(struct ecs_str value, bool lines)
{
    bool ascii = true;

    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if (c == 0x7f || (c < 0x20 && !(lines && (c == '\t' || c == '\r' || c == '\n'))))
            return false;
        if (c >= 0x80)
            ascii = false;
    }
    return ascii || ecs_str_is_utf8(value);
}

/* A beginning of at most max bytes (max is above 3) that does not cut through a UTF-8 sequence. */
static struct ecs_str cut(struct ecs_str value, size_t max)
{
    if (value.n > max) {
        value.n = max;
        for (int i = 0; i < 3 && ((unsigned char)value.p[value.n] & 0xc0) == 0x80; i++)
            value.n--;
    }
    return value;
}

/* Descriptive text is never a reason to refuse: cut, and what cannot be shown becomes a question mark. */
static bool mend_text(struct reading *reading, const struct param_row *row, struct ecs_str *value)
{
    char *copy;

    *value = ecs_str_trim(cut(*value, row->max));
    if (is_clean(*value, false))
        return true;
    if (!(copy = ecs_memdup(reading->arena, value->p, value->n)))
        return no_room(reading);
    for (size_t i = 0; i < value->n; i++)
        if ((unsigned char)copy[i] < 0x20 || (unsigned char)copy[i] >= 0x7f)
            copy[i] = '?';
    value->p = copy;
    return true;
}

/* An encrypted identity begins with a NUL (TS 33.402; eap-aka.md 9). */
static struct ecs_str behind_marker(enum ecs_param param, struct ecs_str value)
{
    if (param == ECS_P_EAP_ID && value.n > 1 && value.p[0] == '\0')
        return (struct ecs_str){value.p + 1, value.n - 1};
    return value;
}

/* false with rc still ECS_OK: the value is to be left out. */
static bool accept_value(struct reading *reading, enum ecs_param param, struct ecs_str *value)
{
    const struct param_row *row = &ecs_param_rows[param];
    const char *fault = NULL;

    if (row->class == TEXT)
        return mend_text(reading, row, value);
    if (value->n > row->max)
        fault = "is too long";
    else if (!is_clean(behind_marker(param, *value), row->class == LINES))
        fault = "holds characters that are not allowed";
    if (!fault)
        return true;
    if (row->class == EXTRA || row->class == EXTRAS) {
        ecs_reading_note(reading, param, "was left out");
        return false;
    }
    return ecs_reading_fail_param(reading, param, fault);
}

static bool same(const struct param_row *row, struct ecs_str a, struct ecs_str b)
{
    return row->class == IDENTITY ? ecs_str_eq_nocase(a, b) : ecs_str_eq(a, b);
}

static bool join(struct reading *reading, enum ecs_param param, struct ecs_str value)
{
    struct ecs_str *present = &reading->request->param[param];
    size_t n = present->n + 1 + value.n;
    char *joined;

    if (n > ecs_param_rows[param].max) {
        if (ecs_param_rows[param].class == EXTRAS) {
            ecs_reading_note(reading, param, "was cut");
            return true;
        }
        return ecs_reading_fail_param(reading, param, "is too long");
    }
    if (!(joined = ecs_alloc(reading->arena, n)))
        return no_room(reading);
    memcpy(joined, present->p, present->n);
    joined[present->n] = ',';
    memcpy(joined + present->n + 1, value.p, value.n);
    *present = (struct ecs_str){joined, n};
    return true;
}

/* A second value for a parameter that has one. */
static bool set_against(struct reading *reading, enum ecs_param param, struct ecs_str value)
{
    const struct param_row *row = &ecs_param_rows[param];
    struct ecs_str present = reading->request->param[param];

    if (reading->in_query_of_post && reading->from_body[param]) {
        bool several = row->class == MULTI || row->class == EXTRAS;

        if (several ? ecs_str_find_nocase(present, value) < 0 : !same(row, present, value))
            ecs_reading_note(reading, param, "differs between query and body");
        return true;
    }
    if (row->class == MULTI || row->class == EXTRAS)
        return join(reading, param, value);
    if (same(row, present, value))
        return true;
    if (row->class == IDENTITY || row->class == CREDENTIAL)
        return ecs_reading_fail_param(reading, param, "is given twice with different values");
    ecs_reading_note(reading, param, "is given twice, the first value counts");
    return true;
}

bool ecs_reading_store(struct reading *reading, enum ecs_param param, struct ecs_str value)
{
    struct ecs_str *present = &reading->request->param[param];

    if (ecs_param_rows[param].class != CREDENTIAL)
        value = ecs_str_trim(value);
    if (ecs_str_eq(value, ECS_STR("null")))
        return true;
    if (value.n == 0) {
        /* an empty boost_type is a boost request all the same (ts43-apps.md 3.9) */
        if (param == ECS_P_BOOST_TYPE && !present->p)
            *present = ECS_STR("");
        return true;
    }
    if (!accept_value(reading, param, &value))
        return reading->rc == ECS_OK;
    if (present->n)
        return set_against(reading, param, value);
    *present = value;
    return true;
}
