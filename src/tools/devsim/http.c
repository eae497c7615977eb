/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 answers: status line, headers, and bodies by length, in chunks or up to the end of the connection.
 */

#include "http.h"

#include <string.h>

enum { HEAD_MAX = 65536 };

struct ecs_str ecs_sim_response_header(const struct ecs_sim_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_n; i++) {
        if (ecs_str_eq_nocase(response->headers[i].name, ecs_str_of(name)))
            return response->headers[i].value;
    }
    return ECS_STR_NULL;
}

struct ecs_str ecs_sim_media_type(struct ecs_str content_type)
{
    struct ecs_str type;

    if (!ecs_str_cut(&content_type, ';', &type))
        return ECS_STR_NULL;
    return ecs_str_trim(type);
}

static bool parse_status(struct ecs_str line, struct ecs_sim_response *response)
{
    int64_t status;

    if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || line.p[8] != ' ' ||
        (line.p[7] != '0' && line.p[7] != '1'))
        return false;
    if (!ecs_str_to_i64((struct ecs_str){line.p + 9, 3}, &status) || status < 100 ||
        (line.n > 12 && line.p[12] != ' '))
        return false;
    response->status = (int)status;
    response->keep_alive = line.p[7] == '1';
    response->reason = line.n > 13 ? (struct ecs_str){line.p + 13, line.n - 13} : ECS_STR("");
    return true;
}

static const char *parse_head(struct ecs_str head, struct ecs_sim_response *response)
{
    struct ecs_str line;

    if (!ecs_str_cut(&head, '\n', &line) || !parse_status(ecs_str_trim(line), response))
        return "the status line is not HTTP/1.1";
    while (ecs_str_cut(&head, '\n', &line)) {
        const char *colon;
        struct ecs_sim_header *header;

        line = ecs_str_trim(line);
        if (!line.n)
            continue;
        colon = memchr(line.p, ':', line.n);
        if (!colon || colon == line.p)
            return "a header line has no name";
        if (response->header_n == ECS_SIM_HEADERS_MAX)
            return "there are too many headers";
        header = &response->headers[response->header_n++];
        header->name = (struct ecs_str){line.p, (size_t)(colon - line.p)};
        header->value = ecs_str_trim((struct ecs_str){colon + 1, line.n - header->name.n - 1});
    }
    return NULL;
}

/* Size line of a chunk: hexadecimal, extensions ignored. */
static bool parse_chunk_size(struct ecs_str line, size_t *ret_size)
{
    size_t size = 0, i;

    for (i = 0; i < line.n && line.p[i] != ';' && line.p[i] != ' '; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *at = memchr(digits, line.p[i] | 0x20, 16);

        if (!at || size > ECS_SIM_BODY_MAX)
            return false;
        size = size * 16 + (size_t)(at - digits);
    }
    *ret_size = size;
    return i > 0 && size <= ECS_SIM_BODY_MAX;
}

/* Walks over the chunks; joins them when write is set. */
static enum ecs_sim_parse walk_chunks(char *body, size_t n, bool write, size_t *ret_length, size_t *ret_used)
{
    size_t at = 0, length = 0;

    for (;;) {
        char *end = memchr(body + at, '\n', n - at);
        size_t size;

        if (!end)
            return n - at > 1000 ? ECS_SIM_BAD : ECS_SIM_MORE;
        if (!parse_chunk_size(ecs_str_trim((struct ecs_str){body + at, (size_t)(end - body) - at}), &size))
            return ECS_SIM_BAD;
        at = (size_t)(end - body) + 1;
        if (!size)
            break;
        if (n - at < size + 2)
            return ECS_SIM_MORE;
        if (body[at + size] != '\r' || body[at + size + 1] != '\n')
            return ECS_SIM_BAD;
        if (write)
            memmove(body + length, body + at, size);
        length += size;
        at += size + 2;
    }
    for (;;) { /* trailers up to an empty line */
        char *end = memchr(body + at, '\n', n - at);
        size_t line_n;

        if (!end)
            return ECS_SIM_MORE;
        line_n = (size_t)(end - body) - at;
        at += line_n + 1;
        if (line_n <= 1)
            break;
    }
    *ret_length = length;
    *ret_used = at;
    return ECS_SIM_DONE;
}

static enum ecs_sim_parse parse_chunked(char *body, size_t n, struct ecs_sim_response *response,
                                        size_t head_n, const char **ret_fault)
{
    size_t length, used;
    enum ecs_sim_parse result = walk_chunks(body, n, false, &length, &used);

    *ret_fault = "a chunk of the body is malformed";
    if (result != ECS_SIM_DONE)
        return result;
    result = walk_chunks(body, n, true, &length, &used);
    response->body = (struct ecs_str){body, length};
    response->consumed = head_n + used;
    return result;
}

static enum ecs_sim_parse parse_body(char *body, size_t n, bool closed, size_t head_n,
                                     struct ecs_sim_response *response, const char **ret_fault)
{
    struct ecs_str length_text = ecs_sim_response_header(response, "Content-Length");
    struct ecs_str coding = ecs_sim_response_header(response, "Transfer-Encoding");
    int64_t length = 0;

    if (coding.n && length_text.n) {
        *ret_fault = "both Content-Length and Transfer-Encoding are there";
        return ECS_SIM_BAD;
    }
    if (coding.n) {
        if (ecs_str_eq_nocase(coding, ECS_STR("chunked")))
            return parse_chunked(body, n, response, head_n, ret_fault);
        *ret_fault = "the transfer coding is not chunked";
        return ECS_SIM_BAD;
    }
    response->until_close = !length_text.p && response->status != 204 && response->status != 304;
    if (response->until_close) {
        response->keep_alive = false;
        response->body = (struct ecs_str){body, n};
        response->consumed = head_n + n;
        return closed ? ECS_SIM_DONE : ECS_SIM_MORE;
    }
    if (length_text.p && (!ecs_str_is_digits(length_text) || !ecs_str_to_i64(length_text, &length) ||
                          length > ECS_SIM_BODY_MAX)) {
        *ret_fault = "Content-Length is not a number below 4 MiB";
        return ECS_SIM_BAD;
    }
    response->body = (struct ecs_str){body, (size_t)length};
    response->consumed = head_n + (size_t)length;
    return n >= (size_t)length ? ECS_SIM_DONE : ECS_SIM_MORE;
}

enum ecs_sim_parse ecs_sim_response_parse(char *bytes, size_t n, bool closed,
                                          struct ecs_sim_response *response, const char **ret_fault)
{
    size_t skipped = 0;

    if (!n) {
        *ret_fault = "the answer is empty";
        return closed ? ECS_SIM_BAD : ECS_SIM_MORE;
    }
    for (;;) {
        char *start = bytes + skipped, *end = memmem(start, n - skipped, "\r\n\r\n", 4);
        size_t head_n;
        enum ecs_sim_parse result;

        memset(response, 0, offsetof(struct ecs_sim_response, headers));
        response->header_n = 0;
        response->until_close = false;
        if (!end) {
            *ret_fault = "the head of the answer has no end";
            return closed || n - skipped > HEAD_MAX ? ECS_SIM_BAD : ECS_SIM_MORE;
        }
        head_n = (size_t)(end - start) + 4;
        *ret_fault = parse_head((struct ecs_str){start, head_n}, response);
        if (*ret_fault)
            return ECS_SIM_BAD;
        if (response->status < 200 && response->status != 101) {
            skipped += head_n;
            continue;
        }
        if (ecs_str_find_nocase(ecs_sim_response_header(response, "Connection"), ECS_STR("close")) >= 0)
            response->keep_alive = false;
        result = parse_body(start + head_n, n - skipped - head_n, closed, head_n, response, ret_fault);
        response->consumed += skipped;
        if (result == ECS_SIM_MORE && closed) {
            *ret_fault = "the connection ended inside the answer";
            return ECS_SIM_BAD;
        }
        return result;
    }
}
