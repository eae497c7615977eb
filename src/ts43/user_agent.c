/* SPDX-License-Identifier: Apache-2.0 */
/* User-Agent of TS.43 clients (TS.43 2.2.1). Real ones break the grammar in several ways, blanks inside model
 * names included, so it is read from its two ends: the product in front, the operating system and the client
 * behind, and whatever is left between them is the terminal. */
#include "ecs/negotiate.h"

/* Cuts the part behind the last blank off; false when there is no blank. */
static bool cut_last_word(struct ecs_str *text, struct ecs_str *ret_word)
{
    for (size_t i = text->n; i > 0; i--) {
        if (text->p[i - 1] == ' ') {
            *ret_word = (struct ecs_str){text->p + i, text->n - i};
            *text = ecs_str_trim((struct ecs_str){text->p, i - 1});
            return true;
        }
    }
    return false;
}

static struct ecs_str without(struct ecs_str text, struct ecs_str prefix)
{
    if (ecs_str_starts_with_nocase(text, prefix))
        return (struct ecs_str){text.p + prefix.n, text.n - prefix.n};
    return text;
}

/* "a/b" -> a, b; empty parts are absent. */
static void split(struct ecs_str text, struct ecs_str *ret_first, struct ecs_str *ret_second)
{
    struct ecs_str first = ECS_STR_NULL;

    ecs_str_cut(&text, '/', &first);
    first = ecs_str_trim(first);
    text = ecs_str_trim(text);
    *ret_first = first.n ? first : ECS_STR_NULL;
    *ret_second = text.n ? text : ECS_STR_NULL;
}

/* The operating system's version may hold blanks: everything from the last " OS-" on. */
static void take_os(struct ecs_str *text, struct ecs_user_agent *agent)
{
    struct ecs_str mark = ECS_STR(" OS-");

    for (size_t i = text->n; i >= mark.n; i--) {
        struct ecs_str tail = {text->p + i - mark.n, text->n - i + mark.n};

        if (ecs_str_starts_with_nocase(tail, mark)) {
            split(without(tail, mark), &agent->os, &agent->os_version);
            *text = ecs_str_trim((struct ecs_str){text->p, i - mark.n});
            return;
        }
    }
}

static bool has_slash(struct ecs_str text)
{
    return ecs_str_find(text, ECS_STR("/")) >= 0;
}

/* The last word is the client when it looks like one and a terminal is still in front of it. */
static void take_client(struct ecs_str *text, struct ecs_user_agent *agent)
{
    struct ecs_str before = *text, word;

    if (!cut_last_word(&before, &word) || !has_slash(word))
        return;
    if (!has_slash(before) && !ecs_str_starts_with_nocase(word, ECS_STR("client-")))
        return;
    split(without(word, ECS_STR("client-")), &agent->client, &agent->client_version);
    *text = before;
}

struct ecs_user_agent ecs_user_agent_read(struct ecs_str header)
{
    struct ecs_user_agent agent = {0};
    struct ecs_str product = ECS_STR("PRD-TS43"), rest = ecs_str_trim(header), word;

    if (!ecs_str_starts_with_nocase(rest, product))
        return agent;
    agent.ts43 = true;
    ecs_str_cut(&rest, ' ', &word);
    /* keep one blank in front so that a first word "OS-..." or "client-..." is found as well */
    if (rest.n == 0)
        return agent;
    rest = (struct ecs_str){rest.p - 1, rest.n + 1};
    take_os(&rest, &agent);
    if (rest.n && rest.p[0] != ' ')
        rest = (struct ecs_str){rest.p - 1, rest.n + 1};
    take_client(&rest, &agent);
    split(without(ecs_str_trim(rest), ECS_STR("term-")), &agent.vendor, &agent.model);
    return agent;
}
