/* SPDX-License-Identifier: Apache-2.0 */
/* Where in an HTML text a byte stands, as far as it matters for putting values in: a small state machine that
 * is fed byte by byte. */
#pragma once

#include "ecs/str.h"

enum sheet_place {
    SHEET_IN_TEXT,
    SHEET_IN_TAG, /* between "<x" and ">", outside of quotes */
    SHEET_IN_QUOTES,
    SHEET_IN_COMMENT, /* also <!doctype ...> */
    SHEET_IN_RAW,     /* script, style */
};

struct sheet_html {
    enum sheet_place place;
    char quote, first; /* SHEET_IN_QUOTES; first byte of the attribute, 0: none yet */
    char tag[16], attribute[32];
    size_t tag_n, attribute_n;
    bool naming;      /* the tag's name is being read */
    bool value_next;  /* "=" was read: an unquoted value would begin */
    unsigned matched; /* bytes of "-->" or of "</script" that have matched */
    bool comment_is_doctype;
};

/* One byte further. Becomes SHEET_IN_RAW behind ">" of script and style, and leaves it with the "<" of the
 * end tag (which is then read as a tag again). */
void sheet_html_feed(struct sheet_html *html, char c);
/* True at the "<" of rest when it begins the end tag of the script or style that html is in. */
bool sheet_html_raw_ends(const struct sheet_html *html, struct ecs_str rest);
/* Same place for the purposes of a section's two ends. */
bool sheet_html_same(const struct sheet_html *a, const struct sheet_html *b);
/* NULL when a value may stand here; else why not. is_url: the value is an address of ours. */
const char *sheet_html_refuses(const struct sheet_html *html, bool is_url);
