/* SPDX-License-Identifier: Apache-2.0 */
/* The value types of facts and decisions: text to value, value to text, and the words of words.def. */
#include "rules/rules_priv.h"

#include "ecs/clock.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 64, PATTERN_BYTES = 128 };

const char *const ecs_flow_placeholders[] = {"session",        "imsi",  "msisdn", "device_id",  "tnc", "addr",
                                             "prov",           "lang",  "brand",  "jwt",        "app", "kind",
                                             "operation_type", "boost", "store",  "store_user", NULL};

static const char *word_candidate(unsigned i, int list)
{
    return ecs_word((enum ecs_words)list, i);
}

static bool keep_text(struct ecs_str text, size_t max, struct ecs_arena *arena, struct ecs_value *v,
                      struct ecs_why *why)
{
    char *copy;

    if (text.n > max) {
        ecs_refuse(why, "the text is longer than %zu bytes", max);
        return false;
    }
    if (!ecs_str_is_utf8(text)) {
        ecs_refuse(why, "the text is not valid UTF-8");
        return false;
    }
    copy = ecs_strdup(arena, text);
    if (!copy) {
        ecs_refuse(why, "the policy is too large");
        return false;
    }
    v->s = (struct ecs_str){copy, text.n};
    return true;
}

static bool parse_bool(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                       struct ecs_value *v, struct ecs_why *why)
{
    static const char *const names[] = {"no", "yes", "false", "true"};

    (void)kind, (void)arena;
    for (unsigned i = 0; i < ECS_ARRAY_LEN(names); i++) {
        if (ecs_str_eq(text, ecs_str_of(names[i]))) {
            v->i = i & 1;
            return true;
        }
    }
    ecs_refuse(why, "\"%.*s\" is neither yes nor no", ECS_FMT(text));
    return false;
}

static bool parse_int(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena, struct ecs_value *v,
                      struct ecs_why *why)
{
    (void)kind, (void)arena;
    if (ecs_str_to_i64(text, &v->i) && v->i <= ECS_NUMBER_MAX && v->i >= -ECS_NUMBER_MAX)
        return true;
    ecs_refuse(why, "\"%.*s\" is not a whole number up to 10^15", ECS_FMT(text));
    return false;
}

static bool parse_version(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                          struct ecs_value *v, struct ecs_why *why)
{
    struct ecs_str rest = text, part;
    uint32_t major, minor = 0;

    (void)kind, (void)arena;
    if (ecs_str_cut(&rest, '.', &part) && ecs_str_to_u32(part, &major) && major < 1000 &&
        (part.n == text.n || (ecs_str_to_u32(rest, &minor) && minor < 1000))) {
        v->i = (int64_t)major * 1000 + minor;
        return true;
    }
    ecs_refuse(why, "\"%.*s\" is not a version such as 7.0", ECS_FMT(text));
    return false;
}

static bool parse_enum(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                       struct ecs_value *v, struct ecs_why *why)
{
    char hint[80], list[160] = "";
    int i = ecs_words_find(kind.words, text);

    (void)arena;
    v->i = i;
    v->unknown = i < 0 && ecs_str_eq(text, ECS_STR("unknown"));
    if (i >= 0 || v->unknown)
        return true;
    for (size_t n = 0, used = 0; n < ecs_words_count(kind.words) && used < sizeof(list); n++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", n ? ", " : "",
                                 ecs_word(kind.words, (int64_t)n));
    ecs_suggest(text, word_candidate, kind.words, hint);
    ecs_refuse(why, "\"%.*s\" is not one of: %s%s", ECS_FMT(text), list, hint);
    return false;
}

static bool parse_string(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                         struct ecs_value *v, struct ecs_why *why)
{
    (void)kind;
    if (!text.n) {
        ecs_refuse(why, "an empty text is never there; use \"is unknown\"");
        return false;
    }
    return keep_text(text, ECS_TEXT_MAX, arena, v, why);
}

static bool parse_digits(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                         struct ecs_value *v, struct ecs_why *why)
{
    (void)kind;
    if (ecs_str_is_digits(text) && text.n <= 20)
        return keep_text(text, 20, arena, v, why);
    ecs_refuse(why, "\"%.*s\" is not a row of up to 20 digits", ECS_FMT(text));
    return false;
}

static bool parse_member(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                         struct ecs_value *v, struct ecs_why *why)
{
    bool good = text.n > 0 && text.n <= 64;

    (void)kind;
    for (size_t i = 0; good && i < text.n; i++)
        good = text.p[i] && strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", text.p[i]);
    if (good)
        return keep_text(text, 64, arena, v, why);
    ecs_refuse(why, "\"%.*s\" is not a word of lower-case letters, digits, \"-\", \"_\" and \".\"",
               ECS_FMT(text));
    return false;
}

bool ecs_duration_parse(struct ecs_str text, int64_t *ret_seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    int64_t number;

    if (ecs_str_eq(text, ECS_STR("0"))) {
        *ret_seconds = 0;
        return true;
    }
    if (text.n < 2 || text.n > 12 || !ecs_str_to_i64((struct ecs_str){text.p, text.n - 1}, &number) ||
        number < 0 || number > INT32_MAX)
        return false;
    for (size_t i = 0; i < ECS_ARRAY_LEN(units); i++) {
        if (units[i].unit != text.p[text.n - 1])
            continue;
        *ret_seconds = number * units[i].seconds;
        return *ret_seconds <= (int64_t)100 * 366 * 86400;
    }
    return false;
}

static bool parse_duration(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                           struct ecs_value *v, struct ecs_why *why)
{
    (void)kind, (void)arena;
    if (ecs_duration_parse(text, &v->i) && v->i <= INT32_MAX)
        return true;
    ecs_refuse(why, "\"%.*s\" is not a duration such as 90s, 10m, 24h, 7d or 2w (up to 68 years)",
               ECS_FMT(text));
    return false;
}

static bool parse_time(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                       struct ecs_value *v, struct ecs_why *why)
{
    struct ecs_str rest = text;

    (void)kind, (void)arena;
    if (!ecs_str_starts_with(text, ECS_STR("now"))) {
        if (ecs_time_parse(text, &v->i))
            return true;
    } else {
        rest.p += 3;
        rest.n -= 3;
        v->from_now = true;
        v->i = 0;
        if (!rest.n)
            return true;
        if ((*rest.p == '+' || *rest.p == '-') &&
            ecs_duration_parse((struct ecs_str){rest.p + 1, rest.n - 1}, &v->i)) {
            v->i = *rest.p == '-' ? -v->i : v->i;
            return true;
        }
    }
    ecs_refuse(why,
               "\"%.*s\" is not a time such as 2026-01-31, 2026-01-31T08:00:00Z, now, now+30d or now-12h",
               ECS_FMT(text));
    return false;
}

static bool parse_message(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                          struct ecs_value *v, struct ecs_why *why)
{
    return ecs_str_eq(text, ECS_STR("none")) ? keep_text(ECS_STR(""), 0, arena, v, why)
                                             : parse_member(kind, text, arena, v, why);
}

/* No blanks, control characters or anything that would need escaping in XML besides "&" (clients.md C-34). */
static bool is_plain(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || (unsigned char)text.p[i] >= 127 ||
            strchr("<>\"'\\^`|", text.p[i]))
            return false;
    return true;
}

static bool parse_url(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena, struct ecs_value *v,
                      struct ecs_why *why)
{
    (void)kind;
    if (ecs_str_eq(text, ECS_STR("none")))
        return keep_text(ECS_STR(""), 0, arena, v, why);
    if (ecs_str_eq(text, ECS_STR("portal")) ||
        (ecs_str_starts_with(text, ECS_STR("https://")) && text.n > 8 && is_plain(text) &&
         !memchr(text.p, '{', text.n) && !memchr(text.p, '}', text.n)))
        return keep_text(text, ECS_TEMPLATE_MAX, arena, v, why);
    ecs_refuse(why, "\"%.*s\" is not an https address, portal or none", ECS_FMT(text));
    return false;
}

static const char *placeholder_candidate(unsigned i, int unused)
{
    (void)unused;
    return ecs_flow_placeholders[i];
}

static bool check_placeholder(struct ecs_str name, struct ecs_why *why)
{
    char hint[80];

    for (const char *const *known = ecs_flow_placeholders; *known; known++)
        if (ecs_str_eq(name, ecs_str_of(*known)))
            return true;
    ecs_suggest(name, placeholder_candidate, 0, hint);
    ecs_refuse(why, "unknown placeholder {%.*s}%s", ECS_FMT(name), hint);
    return false;
}

static bool parse_template(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                           struct ecs_value *v, struct ecs_why *why)
{
    (void)kind;
    if (ecs_str_eq(text, ECS_STR("none")))
        return keep_text(ECS_STR(""), 0, arena, v, why);
    if (!is_plain(text)) {
        ecs_refuse(why, "the text holds blanks or characters that must be percent-encoded");
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        const char *end;

        if (text.p[i] == '}') {
            ecs_refuse(why, "\"}\" without \"{\"");
            return false;
        }
        if (text.p[i] != '{')
            continue;
        end = memchr(text.p + i, '}', text.n - i);
        if (!end) {
            ecs_refuse(why, "\"{\" without \"}\"");
            return false;
        }
        if (!check_placeholder((struct ecs_str){text.p + i + 1, (size_t)(end - text.p) - i - 1}, why))
            return false;
        i = (size_t)(end - text.p);
    }
    return keep_text(text, ECS_TEMPLATE_MAX, arena, v, why);
}

static bool parse_name(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                       struct ecs_value *v, struct ecs_why *why)
{
    bool good = text.n > 0 && text.n <= NAME_BYTES;

    (void)kind;
    if (ecs_str_eq(text, ECS_STR("none")))
        return keep_text(ECS_STR(""), 0, arena, v, why);
    for (size_t i = 0; good && i < text.n; i++)
        good = text.p[i] > ' ' && text.p[i] < 127 && !strchr("<>\"'\\{}", text.p[i]);
    if (good)
        return keep_text(text, NAME_BYTES, arena, v, why);
    ecs_refuse(why, "\"%.*s\" is not a name of at most %d characters without blanks, or none", ECS_FMT(text),
               NAME_BYTES);
    return false;
}

/* What devices send is matched against it: nothing that could make that slow. */
static const char *pattern_fault(struct ecs_str text)
{
    bool braces = false;
    unsigned digits = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i], before = i ? text.p[i - 1] : '\0';
        bool digit = c >= '0' && c <= '9';

        if (c < ' ' || c > '~')
            return "it holds characters that are not printable ASCII";
        if (before == '\\' && digit)
            return "back references are not allowed";
        if (before == ')' && strchr("*+{", c))
            return "groups cannot be repeated";
        if (c == '{' && before && strchr("}*+?", before))
            return "what is repeated cannot be repeated again";
        braces = c == '{' || (braces && c != '}');
        digits = braces && digit ? digits + 1 : 0;
        if (digits > 2)
            return "no more than 99 repetitions are allowed";
    }
    return NULL;
}

static bool parse_pattern(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                          struct ecs_value *v, struct ecs_why *why)
{
    const char *fault = text.n ? pattern_fault(text) : "it is empty; use none";
    char reason[80];
    regex_t compiled;
    int rc;

    (void)kind;
    if (ecs_str_eq(text, ECS_STR("none")))
        return keep_text(ECS_STR(""), 0, arena, v, why);
    if (fault) {
        ecs_refuse(why, "not usable as a regular expression: %s", fault);
        return false;
    }
    if (!keep_text(text, PATTERN_BYTES, arena, v, why))
        return false;
    rc = regcomp(&compiled, v->s.p, REG_EXTENDED | REG_NOSUB);
    if (rc == 0) {
        regfree(&compiled);
        return true;
    }
    regerror(rc, &compiled, reason, sizeof(reason));
    ecs_refuse(why, "not a regular expression: %s", reason);
    return false;
}

static void print_bool(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    (void)kind, (void)s;
    ecs_buf_add_cstr(out, i ? "yes" : "no");
}

static void print_int(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    (void)kind, (void)s;
    ecs_buf_add_i64(out, i);
}

static void print_version(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    (void)kind, (void)s;
    ecs_buf_printf(out, "%lld.%lld", (long long)(i / 1000), (long long)(i % 1000));
}

static void print_enum(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    const char *word = ecs_word(kind.words, i);

    (void)s;
    ecs_buf_add_cstr(out, word ? word : "unknown");
}

static void print_time(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    char text[21];

    (void)kind, (void)s;
    ecs_time_format(i, text);
    ecs_buf_add_cstr(out, text);
}

static void print_text(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    (void)kind, (void)i;
    ecs_buf_add_str(out, s);
}

static void print_or_none(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    (void)kind, (void)i;
    ecs_buf_add_str(out, s.n ? s : ECS_STR("none"));
}

static void print_duration(struct ecs_kind kind, int64_t seconds, struct ecs_str s, struct ecs_buf *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

    (void)kind, (void)s;
    for (size_t i = 0; i < ECS_ARRAY_LEN(units); i++) {
        if (seconds % units[i].seconds)
            continue;
        ecs_buf_add_i64(out, seconds / units[i].seconds);
        ecs_buf_add_char(out, units[i].unit);
        return;
    }
}

static const struct {
    const char *name;
    bool (*parse)(struct ecs_kind, struct ecs_str, struct ecs_arena *, struct ecs_value *, struct ecs_why *);
    void (*print)(struct ecs_kind, int64_t, struct ecs_str, struct ecs_buf *);
} types[ECS_TYPE_COUNT] = {
    [ECS_TYPE_BOOL] = {"yes/no", parse_bool, print_bool},
    [ECS_TYPE_INT] = {"number", parse_int, print_int},
    [ECS_TYPE_VERSION] = {"version", parse_version, print_version},
    [ECS_TYPE_ENUM] = {"word", parse_enum, print_enum},
    [ECS_TYPE_STRING] = {"text", parse_string, print_text},
    [ECS_TYPE_DIGITS] = {"digits", parse_digits, print_text},
    [ECS_TYPE_SET] = {"set of words", parse_member, print_text},
    [ECS_TYPE_TIME] = {"time", parse_time, print_time},
    [ECS_TYPE_DURATION] = {"duration", parse_duration, print_duration},
    [ECS_TYPE_MESSAGE] = {"message key", parse_message, print_or_none},
    [ECS_TYPE_URL] = {"web address", parse_url, print_or_none},
    [ECS_TYPE_TEMPLATE] = {"template", parse_template, print_or_none},
    [ECS_TYPE_NAME] = {"name", parse_name, print_or_none},
    [ECS_TYPE_PATTERN] = {"regular expression", parse_pattern, print_or_none},
};

const char *ecs_type_name(enum ecs_type type)
{
    return types[type].name;
}

bool ecs_value_parse(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                     struct ecs_value *ret_value, struct ecs_why *ret_why)
{
    struct ecs_value v = {0};

    if (!types[kind.type].parse(kind, text, arena, &v, ret_why))
        return false;
    *ret_value = v;
    return true;
}

void ecs_value_print(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out)
{
    types[kind.type].print(kind, i, s, out);
}
