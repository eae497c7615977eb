/* SPDX-License-Identifier: Apache-2.0 */
/* Loading of pages for every brand and language, and the choice among them. */
#include "sheet_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ecs/messages.h"
#include "ecs/negotiate.h"

enum { BRANDS = 64, VERSIONS = 32, SET_BYTES = 64 << 20, FILE_BYTES = 256 << 10 };

struct variant {
    const struct sheet_template *page[SHEET_PAGE_COUNT];
    const struct sheet_template *terms[VERSIONS + 1]; /* the last one: without version */
};

struct brand {
    struct ecs_str name;        /* "" the directory itself */
    struct ecs_messages *texts; /* NULL: those of the directory */
    struct variant *variants;   /* by language */
};

struct sheet_set {
    struct ecs_arena *arena;
    const char *dir;
    const struct ecs_str *languages;
    size_t language_n;
    struct brand brand[BRANDS];
    size_t brand_n;
    int64_t version[VERSIONS];
    size_t version_n;
};

static const struct sheet_name names[] = {
#define NAME(name, kind) {name, kind},
#include "sheet_names.def"
#undef NAME
    {0},
};

/* So that {name}s of a text come out of the catalogue as they are. */
static const struct ecs_substitution same[] = {
#define NAME(name, kind) {{name, sizeof(name) - 1}, {"{" name "}", sizeof(name) + 1}},
#include "sheet_names.def"
#undef NAME
};

static const char *const files[] = {
#define PAGE(id, file) file,
#include "sheet_pages.def"
#undef PAGE
};

/* ---- texts ---- */

static struct ecs_str text_of(const struct ecs_messages *m, struct ecs_str language, struct ecs_str key,
                              struct ecs_arena *arena)
{
    size_t n;
    const struct ecs_str *tags = ecs_messages_languages(m, &n);

    return ecs_message(m, ecs_language_match(language, tags, n, 0), key, same, ECS_ARRAY_LEN(same), arena);
}

struct ecs_str sheet_view_text(const struct sheet_view *view, struct ecs_str key)
{
    const struct brand *b = &view->set->brand[view->brand];
    struct ecs_str language = sheet_view_language(view);

    if (b->texts && ecs_message_exists(b->texts, key))
        return text_of(b->texts, language, key, view->arena);
    if (!ecs_message_exists(view->set->brand[0].texts, key))
        return ECS_STR_NULL;
    return text_of(view->set->brand[0].texts, language, key, view->arena);
}

static struct ecs_str get_text(void *env, struct ecs_str key)
{
    return sheet_view_text(env, key);
}

/* ---- files ---- */

/* The variant that is loaded now. */
struct reading {
    struct sheet_set *set;
    size_t brand, language;
};

static bool has_text(void *env, struct ecs_str key)
{
    const struct reading *r = env;
    const struct ecs_messages *own = r->set->brand[r->brand].texts;

    return (own && ecs_message_exists(own, key)) || ecs_message_exists(r->set->brand[0].texts, key);
}

/* False: not there. */
static bool read_path(const char *path, struct ecs_arena *arena, struct ecs_faults *faults,
                      struct ecs_str *ret_text)
{
    FILE *file = fopen(path, "re");
    char *text;
    size_t n;

    if (!file && errno == ENOENT)
        return false;
    *ret_text = ECS_STR("");
    if (!file) {
        ecs_fault_add(faults, path, 0, 0, "cannot be read: %s", strerror(errno));
        return true;
    }
    text = malloc(FILE_BYTES);
    n = text ? fread(text, 1, FILE_BYTES, file) : FILE_BYTES;
    if (n == FILE_BYTES || ferror(file))
        ecs_fault_add(faults, path, 0, 0, "cannot be read, or is larger than %d bytes", FILE_BYTES - 1);
    else if (n)
        *ret_text = (struct ecs_str){ecs_memdup(arena, text, n), n};
    if (!ret_text->p) {
        *ret_text = ECS_STR("");
        ecs_fault_add(faults, path, 0, 0, "the pages are too large");
    }
    free(text);
    fclose(file);
    return true;
}

static bool read_variant(void *env, const char *name, struct ecs_arena *arena, struct ecs_faults *faults,
                         struct ecs_str *ret_text, const char **ret_path)
{
    const struct reading *r = env;
    const struct brand *b = &r->set->brand[r->brand];
    struct ecs_str tag = r->set->languages[r->language];
    const char *dot = strrchr(name, '.');
    int stem = dot ? (int)(dot - name) : (int)strlen(name);

    for (unsigned i = b->name.n ? 0 : 2; i < 4; i++) {
        bool of_brand = i < 2, of_language = i % 2 == 0;
        const char *path =
            ecs_printf(arena, "%s/%.*s%s%.*s%s%.*s%s", r->set->dir, of_brand ? (int)b->name.n : 0, b->name.p,
                       of_brand ? "/" : "", stem, name, of_language ? "." : "", of_language ? (int)tag.n : 0,
                       tag.p, dot ? dot : "");

        if (!path) {
            ecs_fault_add(faults, r->set->dir, 0, 0, "the pages are too large");
            return false;
        }
        *ret_path = path;
        if (read_path(path, arena, faults, ret_text))
            return true;
    }
    return false;
}

/* What stands in a part is not named in the policy of the page around it. */
static const struct sheet_template *load_terms(struct sheet_set *set, struct ecs_crypto *crypto,
                                               const struct sheet_loader *loader, const char *file,
                                               struct ecs_faults *faults)
{
    const struct sheet_template *t = sheet_template_load(set->arena, crypto, loader, file, faults);

    if (t && strstr(sheet_template_policy(t), "'sha256-"))
        ecs_fault_add(faults, file, 0, 0, "terms cannot have a script or a style of their own");
    return t;
}

static void load_variant(struct sheet_set *set, size_t brand, size_t language, struct ecs_crypto *crypto,
                         struct ecs_faults *faults)
{
    struct reading r = {set, brand, language};
    struct sheet_loader loader = {read_variant, has_text, &r, names};
    struct variant *v = &set->brand[brand].variants[language];

    for (size_t i = 0; i < SHEET_PAGE_COUNT; i++)
        v->page[i] = sheet_template_load(set->arena, crypto, &loader, files[i], faults);
    for (size_t i = 0; i < set->version_n; i++) {
        char file[48];

        snprintf(file, sizeof(file), "terms-text.%lld.html", (long long)set->version[i]);
        v->terms[i] = load_terms(set, crypto, &loader, file, faults);
    }
    v->terms[VERSIONS] = load_terms(set, crypto, &loader, "terms-text.html", faults);
}

/* ---- the directory ---- */

static bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void note_version(struct sheet_set *set, struct ecs_str file, const char *dir,
                         struct ecs_faults *faults)
{
    struct ecs_str rest = file, part;
    int64_t version;

    if (!ecs_str_cut(&rest, '.', &part) || !ecs_str_eq(part, ECS_STR("terms-text")) ||
        !ecs_str_cut(&rest, '.', &part) || !ecs_str_is_digits(part) || !ecs_str_to_i64(part, &version))
        return;
    for (size_t i = 0; i < set->version_n; i++)
        if (set->version[i] == version)
            return;
    if (set->version_n == VERSIONS)
        ecs_fault_add(faults, dir, 0, 0, "there are terms in more than %d versions", VERSIONS);
    else
        set->version[set->version_n++] = version;
}

static void note_brand(struct sheet_set *set, const char *name, struct ecs_faults *faults)
{
    char *copy = ecs_strdup(set->arena, ecs_str_of(name));

    if (!copy || set->brand_n == BRANDS)
        ecs_fault_add(faults, set->dir, 0, 0, "there are pages of more than %d brands", BRANDS - 1);
    else
        set->brand[set->brand_n++].name = ecs_str_of(copy);
}

static bool scan(struct sheet_set *set, const char *dir, bool is_top, struct ecs_faults *faults)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, NULL, alphasort);

    if (n < 0) {
        ecs_fault_add(faults, dir, 0, 0, "cannot read the directory: %s", strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        const char *path = ecs_printf(set->arena, "%s/%s", dir, name);

        if (is_top && path && name[0] != '.' && strcmp(name, "texts") != 0 && is_directory(path))
            note_brand(set, name, faults);
        note_version(set, ecs_str_of(name), dir, faults);
        free(entries[i]);
    }
    free(entries);
    return true;
}

static void load_texts(struct sheet_set *set, struct brand *b, const char *language,
                       struct ecs_faults *faults, struct ecs_faults *warnings)
{
    const char *dir = ecs_printf(set->arena, "%s%s%.*s/texts", set->dir, b->name.n ? "/" : "", (int)b->name.n,
                                 b->name.n ? b->name.p : "");

    if (!dir)
        ecs_fault_add(faults, set->dir, 0, 0, "the pages are too large");
    else if (!b->name.n || is_directory(dir))
        b->texts = ecs_messages_load(dir, language, faults, warnings);
}

static void load_all(struct sheet_set *set, const char *language, struct ecs_faults *faults,
                     struct ecs_faults *warnings)
{
    struct ecs_crypto *crypto = ecs_crypto_new();

    set->brand[0].name = ECS_STR("");
    set->brand_n = 1;
    if (crypto && scan(set, set->dir, true, faults)) {
        for (size_t i = 0; i < set->brand_n; i++) {
            const char *dir = ecs_printf(set->arena, "%s/%s", set->dir, set->brand[i].name.p);

            load_texts(set, &set->brand[i], language, faults, warnings);
            if (i && dir)
                (void)scan(set, dir, false, faults);
        }
        if (set->brand[0].texts)
            set->languages = ecs_messages_languages(set->brand[0].texts, &set->language_n);
        for (size_t i = 0; i < set->brand_n; i++) {
            set->brand[i].variants = ecs_alloc(set->arena, (set->language_n + 1) * sizeof(struct variant));
            for (size_t k = 0; set->brand[i].variants && k < set->language_n; k++)
                load_variant(set, i, k, crypto, faults);
        }
    }
    if (!crypto)
        ecs_fault_add(faults, set->dir, 0, 0, "out of memory");
    ecs_crypto_free(crypto);
}

struct sheet_set *sheet_set_load(const char *dir, const char *default_language, struct ecs_faults *faults,
                                 struct ecs_faults *warnings)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, SET_BYTES);
    struct sheet_set *set = arena ? ecs_alloc(arena, sizeof(*set)) : NULL;
    unsigned before = faults->count;

    if (!set) {
        ecs_arena_free(arena);
        ecs_fault_add(faults, dir, 0, 0, "out of memory");
        return NULL;
    }
    set->arena = arena;
    set->dir = ecs_strdup(arena, ecs_str_of(dir));
    if (set->dir)
        load_all(set, default_language, faults, warnings);
    if (set->dir && faults->count == before)
        return set;
    sheet_set_free(set);
    return NULL;
}

void sheet_set_free(struct sheet_set *set)
{
    for (size_t i = 0; set && i < set->brand_n; i++)
        ecs_messages_free(set->brand[i].texts);
    if (set)
        ecs_arena_free(set->arena);
}

/* ---- the choice ---- */

struct sheet_view sheet_view_of(const struct sheet_set *set, struct ecs_str brand,
                                struct ecs_str accept_language, struct ecs_str fallback,
                                struct ecs_arena *arena)
{
    struct sheet_view view = {.set = set, .arena = arena};
    size_t otherwise = fallback.n ? ecs_language_match(fallback, set->languages, set->language_n, 0) : 0;

    for (size_t i = 1; brand.n && i < set->brand_n; i++)
        if (ecs_str_eq(set->brand[i].name, brand))
            view.brand = i;
    view.language = ecs_language_match(accept_language, set->languages, set->language_n, otherwise);
    return view;
}

struct ecs_str sheet_view_language(const struct sheet_view *view)
{
    return view->set->languages[view->language];
}

const struct sheet_template *sheet_view_page(const struct sheet_view *view, enum sheet_page page)
{
    return view->set->brand[view->brand].variants[view->language].page[page];
}

const struct sheet_template *sheet_view_terms(const struct sheet_view *view, int64_t version)
{
    const struct variant *v = &view->set->brand[view->brand].variants[view->language];

    for (size_t i = 0; i < view->set->version_n; i++)
        if (view->set->version[i] == version)
            return v->terms[i];
    return v->terms[VERSIONS];
}

static const char *direction_of(struct ecs_str tag)
{
    static const char *const right_to_left[] = {"ar", "fa", "he", "ur",  "ps", "sd",
                                                "ug", "yi", "dv", "ckb", NULL};
    struct ecs_str primary;

    if (ecs_str_cut(&tag, '-', &primary))
        for (size_t i = 0; right_to_left[i]; i++)
            if (ecs_str_eq_nocase(primary, ecs_str_of(right_to_left[i])))
                return "rtl";
    return "ltr";
}

void sheet_view_render(const struct sheet_view *view, const struct sheet_template *page,
                       struct sheet_scope *scope, struct ecs_buf *out)
{
    struct sheet_view env = *view;
    struct sheet_texts texts = {get_text, &env};
    struct ecs_str tag = sheet_view_language(view);

    sheet_put(scope, "lang", tag);
    sheet_put(scope, "dir", ecs_str_of(direction_of(tag)));
    sheet_put(scope, "brand", view->set->brand[view->brand].name);
    sheet_render(page, scope, &texts, out);
}
