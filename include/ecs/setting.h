/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as rows: one row is the parser, the default, the range, the sample file and the manual of one
 * setting. Each module has an array of rows and a struct; a section of the configuration file fills the
 * struct. */
#pragma once

#include "ecs/yaml.h"

/* Form in the file                                     field in the struct     meaning of min and max */
enum ecs_setting_type {
    ECS_SETTING_BOOL,        /* true, false                bool                    - */
    ECS_SETTING_INT,         /* 42                         int64_t                 value */
    ECS_SETTING_SIZE,        /* 64k (1,024), M, G          int64_t, bytes          value */
    ECS_SETTING_DURATION_S,  /* 90s, 5m, 2h, 7d            int64_t, seconds        value */
    ECS_SETTING_DURATION_MS, /* 250ms, 30s ...             int64_t, milliseconds   value */
    ECS_SETTING_STRING,      /* text                       const char *, or NULL   length in bytes */
    ECS_SETTING_PATH,        /* /absolute/path             const char *, or NULL   - */
    ECS_SETTING_ENUM,        /* one of names               int, index in names     - */
    ECS_SETTING_STRING_LIST, /* [a, b]                     struct ecs_str_list     number of items */
    ECS_SETTING_INT_LIST,    /* [1, 2]                     struct ecs_int_list     value of each item */
    ECS_SETTING_COUNT,
};

/* Items are NUL-terminated too. */
struct ecs_str_list {
    struct ecs_str *items;
    size_t n;
};

struct ecs_int_list {
    int64_t *items;
    size_t n;
};

enum ecs_reload {
    ECS_RELOAD_LIVE,    /* a changed value holds from the next request on */
    ECS_RELOAD_RESTART, /* a changed value is reported and waits for the next start */
};

enum {
    /* The file must give it; there is no default. */
    ECS_SETTING_REQUIRED = 1,
    /* Never shown, wiped when the snapshot ends. May be written as file:/path (the file's text, blanks and
     * line ends trimmed, at most 64 KiB) or credential:name (the same for $CREDENTIALS_DIRECTORY/name). */
    ECS_SETTING_SECRET = 2,
    /* PATH: checked when the configuration is loaded: exists and can be read. */
    ECS_SETTING_FILE_MUST_EXIST = 4,
};

/* A PATH may be credential:name, which stands for the path $CREDENTIALS_DIRECTORY/name. */
struct ecs_setting {
    const char *key; /* lower case, digits and '_'; NULL ends the array */
    enum ecs_setting_type type;
    size_t offset;    /* of the field */
    const char *def;  /* as it would stand in the file (a list: "a, b"); NULL: 0, false, NULL, empty */
    int64_t min, max; /* both 0: no range; INT64_MAX: open end */
    const char *const *names; /* ENUM: ends with NULL */
    enum ecs_reload reload;
    unsigned flags;
    const char *unit; /* what a number counts ("connections"), for the manual; may be NULL */
    const char *help; /* one or more sentences */
};

/* First three members of a row, with the field's type checked by the compiler:
 * {ECS_KEY(INT, "backlog", struct listen_conf, backlog), .def = "128", .min = 1, .max = 4096, .help = "."} */
#define ECS_KEY(kind, name, type_, member)                                                                   \
    .key = (name), .type = ECS_SETTING_##kind,                                                               \
    .offset = offsetof(type_, member) + 0 * sizeof(char[ECS_KEY_FITS_##kind(((type_ *)0)->member)])
#define ECS_KEY_FITS_BOOL(f)        _Generic((f), bool : 1, default : -1)
#define ECS_KEY_FITS_INT(f)         _Generic((f), int64_t : 1, default : -1)
#define ECS_KEY_FITS_SIZE(f)        ECS_KEY_FITS_INT(f)
#define ECS_KEY_FITS_DURATION_S(f)  ECS_KEY_FITS_INT(f)
#define ECS_KEY_FITS_DURATION_MS(f) ECS_KEY_FITS_INT(f)
#define ECS_KEY_FITS_STRING(f)      _Generic((f), const char * : 1, default : -1)
#define ECS_KEY_FITS_PATH(f)        ECS_KEY_FITS_STRING(f)
#define ECS_KEY_FITS_ENUM(f)        _Generic((f), int : 1, default : -1)
#define ECS_KEY_FITS_STRING_LIST(f) _Generic((f), struct ecs_str_list : 1, default : -1)
#define ECS_KEY_FITS_INT_LIST(f)    _Generic((f), struct ecs_int_list : 1, default : -1)

struct ecs_section {
    const char *name; /* NULL ends the array */
    const struct ecs_setting *settings;
    size_t size;  /* of the struct that the settings fill */
    bool is_list; /* a sequence of mappings: an array of structs */
    const char *help;
    /* After all settings of the struct are read without a fault (a list: for each entry). Reports what is
     * wrong between settings with ecs_fault_at(); false when there is something. node is the section's
     * mapping (ecs_yaml_get gives the place of a setting; the texts of secrets are gone) or NULL when the
     * file does not name it. May be NULL. */
    bool (*check)(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
    /* When the file leaves the section out, there is none: ecs_conf_get() gives NULL instead of defaults and
     * required settings are not missed. Has no meaning for lists, which are then empty. */
    bool is_optional;
};
