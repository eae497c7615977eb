/* SPDX-License-Identifier: Apache-2.0 */
/* Templates as files become an array of pieces; everything that could go wrong later is refused here. */
#include "sheet_priv.h"

#include <string.h>

#include "sheet_html.h"

enum { MAX_OPS = 4000, MAX_BYTES = 512 << 10, MAX_DIGESTS = 8, POLICY = 1500 };

struct section {
    size_t op;
    struct ecs_str name;
    struct sheet_html html;
};

struct loading {
    struct ecs_arena *arena;
    struct ecs_crypto *crypto;
    const struct sheet_loader *loader;
    struct ecs_faults *faults;
    struct sheet_op *op;
    size_t n, room, bytes;
    struct sheet_html html;
    struct section section[SHEET_DEPTH];
    unsigned sections, files;
    struct ecs_buf raw; /* content of the script or style that is being read */
    char digest[MAX_DIGESTS][ECS_BASE64_LEN(ECS_SHA256_LEN) + 1];
    bool digest_is_script[MAX_DIGESTS];
    unsigned digests;
};

/* The file that is read now. */
struct file {
    const char *path;
    struct ecs_str text;
    size_t at, literal; /* literal: begin of the bytes not yet in a piece */
};

static void fault(struct loading *l, const struct file *f, const char *what, struct ecs_str about)
{
    unsigned line = 1, column = 1;

    for (size_t i = 0; i < f->at && i < f->text.n; i++) {
        column = f->text.p[i] == '\n' ? 1 : column + 1;
        line += f->text.p[i] == '\n';
    }
    if (about.n)
        ecs_fault_add(l->faults, f->path, line, column, "\"%.*s\": %s", ECS_FMT(about), what);
    else
        ecs_fault_add(l->faults, f->path, line, column, "%s", what);
}

static struct sheet_op *add_op(struct loading *l, enum sheet_op_kind kind, struct ecs_str s)
{
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        struct sheet_op *more = room <= MAX_OPS ? ecs_alloc(l->arena, room * sizeof(*more)) : NULL;

        if (!more) {
            ecs_fault_add(l->faults, NULL, 0, 0, "the pages are too large");
            return NULL;
        }
        if (l->n)
            memcpy(more, l->op, l->n * sizeof(*more));
        l->op = more;
        l->room = room;
    }
    l->op[l->n] = (struct sheet_op){.kind = kind, .s = s};
    return &l->op[l->n++];
}

static void flush(struct loading *l, struct file *f, size_t to)
{
    if (to > f->literal)
        (void)add_op(l, SHEET_OP_LITERAL, (struct ecs_str){f->text.p + f->literal, to - f->literal});
    f->literal = to;
}

/* ---- script and style ---- */

static void close_raw(struct loading *l, const struct file *f)
{
    struct ecs_str raw = ecs_buf_str(&l->raw);
    uint8_t digest[ECS_SHA256_LEN];

    if (l->digests == MAX_DIGESTS || l->raw.overflow ||
        !ecs_digest(l->crypto, ECS_DIGEST_SHA256, &raw, 1, digest)) {
        fault(l, f, "too many or too large scripts and styles", ECS_STR(""));
    } else {
        l->digest_is_script[l->digests] = l->html.tag[1] == 'c';
        (void)ecs_base64_encode(digest, sizeof(digest), l->digest[l->digests++]);
    }
    ecs_buf_reset(&l->raw);
}

static void add_sources(const struct loading *l, bool scripts, struct ecs_buf *out)
{
    unsigned n = 0;

    for (unsigned i = 0; i < l->digests; i++)
        if (l->digest_is_script[i] == scripts) {
            if (n++ == 0)
                ecs_buf_add_cstr(out, scripts ? "; script-src" : "; style-src");
            ecs_buf_printf(out, " 'sha256-%s'", l->digest[i]);
        }
}

static const char *policy_of(struct loading *l)
{
    struct ecs_buf out = {.limit = POLICY};
    char *policy;

    ecs_buf_add_cstr(&out, "default-src 'none'");
    add_sources(l, false, &out);
    add_sources(l, true, &out);
    ecs_buf_add_cstr(&out, "; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    policy = out.overflow ? NULL : ecs_strdup(l->arena, ecs_buf_str(&out));
    ecs_buf_done(&out);
    return policy;
}

/* ---- pieces ---- */

static bool read_file(struct loading *l, const char *name);

/* The bytes between "{" and "}" with their mark; false: no piece begins here. */
static bool read_piece(const struct file *f, bool is_file_only, char *ret_mark, struct ecs_str *ret_name)
{
    static const char marks[] = "#^/>!@";
    const char *p = f->text.p + f->at + 1, *end = f->text.p + f->text.n;
    char mark = p < end && *p && strchr(marks, *p) ? *p++ : ' ';
    const char *name = p;

    while (p < end && *p &&
           (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", *p) || (mark == '>' && *p == '.')))
        p++;
    if (p == end || *p != '}' || p == name || p - name > 64 || (is_file_only && mark != '>'))
        return false;
    *ret_mark = mark;
    *ret_name = (struct ecs_str){name, (size_t)(p - name)};
    return true;
}

static const struct sheet_name *find_name(const struct loading *l, struct ecs_str name)
{
    for (const struct sheet_name *n = l->loader->names; n->name; n++)
        if (ecs_str_eq(name, ecs_str_of(n->name)))
            return n;
    return NULL;
}

static void put_value(struct loading *l, const struct file *f, const struct sheet_name *known,
                      struct ecs_str name, bool part)
{
    const char *why = sheet_html_refuses(&l->html, known->kind == SHEET_URL);

    if (part != (known->kind == SHEET_PART) || known->kind == SHEET_LIST)
        fault(l, f, part ? "is not a template: write it without \"!\"" : "is not a text", name);
    else if (part && l->html.place != SHEET_IN_TEXT)
        fault(l, f, "a template can stand in text only", name);
    else if (why)
        fault(l, f, why, name);
    (void)add_op(l, part ? SHEET_OP_PART : SHEET_OP_VALUE, name);
}

static void put_text(struct loading *l, const struct file *f, struct ecs_str key)
{
    const char *why = sheet_html_refuses(&l->html, false);

    if (!l->loader->has_text(l->loader->env, key))
        fault(l, f, "there is no such text in the catalogue", key);
    if (why)
        fault(l, f, why, key);
    (void)add_op(l, SHEET_OP_TEXT, key);
}

static void open_section(struct loading *l, const struct file *f, char mark, struct ecs_str name)
{
    if (l->html.place == SHEET_IN_COMMENT || (l->html.place == SHEET_IN_TEXT && l->html.matched) ||
        (l->html.place == SHEET_IN_TAG && (l->html.naming || l->html.value_next)))
        fault(l, f, "a section cannot begin here", name);
    if (l->sections == SHEET_DEPTH) {
        fault(l, f, "sections are nested too deeply", name);
        return;
    }
    l->section[l->sections++] = (struct section){l->n, name, l->html};
    (void)add_op(l, mark == '#' ? SHEET_OP_WITH : SHEET_OP_WITHOUT, name);
}

static void close_section(struct loading *l, const struct file *f, struct ecs_str name)
{
    struct section *s = l->sections ? &l->section[l->sections - 1] : NULL;

    if (!s || !ecs_str_eq(s->name, name)) {
        fault(l, f, s ? "closes a section that is not the innermost" : "closes a section that is not open",
              name);
        return;
    }
    if (!sheet_html_same(&s->html, &l->html))
        fault(l, f, "a section must end where it begins: both in text, or both in one tag", name);
    l->sections--;
    if (s->op < l->n)
        l->op[s->op].jump = l->n;
    (void)add_op(l, SHEET_OP_END, name);
}

static void take_in(struct loading *l, const struct file *f, struct ecs_str name)
{
    char file[72];

    memcpy(file, name.p, name.n);
    file[name.n] = '\0';
    if (name.p[0] == '.')
        fault(l, f, "is not the name of a file", name);
    else if (l->files == SHEET_DEPTH)
        fault(l, f, "files are taken in too deeply", name);
    else if (!read_file(l, file))
        fault(l, f, "there is no such file", name);
}

static void take_piece(struct loading *l, struct file *f, char mark, struct ecs_str name)
{
    const struct sheet_name *known = find_name(l, name);

    flush(l, f, f->at);
    if (strchr(" #^!", mark) && !known)
        fault(l, f, "the server has no value of this name", name);
    else if (mark == ' ' || mark == '!')
        put_value(l, f, known, name, mark == '!');
    else if (mark == '@')
        put_text(l, f, name);
    else if (mark == '#' || mark == '^')
        open_section(l, f, mark, name);
    else if (mark == '/')
        close_section(l, f, name);
    else
        take_in(l, f, name);
    f->at += name.n + (mark == ' ' ? 2 : 3);
    f->literal = f->at;
}

static void read_text(struct loading *l, struct file *f)
{
    while (f->at < f->text.n) {
        char c = f->text.p[f->at], mark;
        bool raw = l->html.place == SHEET_IN_RAW;
        struct ecs_str name, rest = {f->text.p + f->at, f->text.n - f->at};

        if (c == '{' && read_piece(f, raw, &mark, &name)) {
            take_piece(l, f, mark, name);
            continue;
        }
        if (raw) {
            if (sheet_html_raw_ends(&l->html, rest)) {
                close_raw(l, f);
                sheet_html_feed(&l->html, '<');
            } else {
                ecs_buf_add_char(&l->raw, c);
            }
            f->at++;
            continue;
        }
        if (c == '{' && rest.n > 1 && rest.p[1] == '{') {
            flush(l, f, f->at + 1);
            f->literal = f->at += 2;
            sheet_html_feed(&l->html, '{');
            continue;
        }
        if (c == '{' && l->html.place != SHEET_IN_COMMENT)
            fault(l, f, "this brace begins neither a value nor a section; write {{ for a brace", ECS_STR(""));
        sheet_html_feed(&l->html, c);
        f->at++;
    }
    flush(l, f, f->text.n);
}

/* False: there is no such file. */
static bool read_file(struct loading *l, const char *name)
{
    struct file f = {0};
    unsigned before = l->sections;

    if (!l->loader->read(l->loader->env, name, l->arena, l->faults, &f.text, &f.path))
        return false;
    l->bytes += f.text.n;
    if (l->bytes > MAX_BYTES || !ecs_str_is_utf8(f.text) ||
        memchr(f.text.p ? f.text.p : "", '\r', f.text.n)) {
        fault(l, &f, "the file is too large, not UTF-8, or has carriage returns", ECS_STR(""));
        return true;
    }
    l->files++;
    read_text(l, &f);
    l->files--;
    if (l->sections > before) {
        fault(l, &f, "the section is not closed in its file", l->section[l->sections - 1].name);
        l->sections = before;
    }
    return true;
}

const struct sheet_template *sheet_template_load(struct ecs_arena *arena, struct ecs_crypto *crypto,
                                                 const struct sheet_loader *loader, const char *file,
                                                 struct ecs_faults *faults)
{
    struct loading l = {.arena = arena, .crypto = crypto, .loader = loader, .faults = faults};
    struct sheet_template *t = ecs_alloc(arena, sizeof(*t));
    unsigned before = faults->count;

    l.raw.limit = MAX_BYTES;
    if (!read_file(&l, file))
        ecs_fault_add(faults, file, 0, 0, "there is no such page");
    else if (faults->count == before && l.html.place != SHEET_IN_TEXT)
        ecs_fault_add(faults, file, 0, 0, "the page ends within a tag, comment, script or style");
    ecs_buf_done(&l.raw);
    if (t) {
        t->op = l.op;
        t->n = l.n;
        t->policy = policy_of(&l);
    }
    if (!t || !t->policy)
        ecs_fault_add(faults, file, 0, 0, "the pages are too large");
    return faults->count == before ? t : NULL;
}

const char *sheet_template_policy(const struct sheet_template *page)
{
    return page->policy;
}
