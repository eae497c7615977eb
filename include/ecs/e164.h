/* SPDX-License-Identifier: Apache-2.0 */
/* Telephone numbers in the spellings that clients send, to the digits of E.164. Pure. */
#pragma once

#include "ecs/ids.h"

/* Reads "+4790000001", "004790000001", "4790000001", a blank in place of the plus (a client that did not
 * escape it), "tel:+47-900 00 001" and the national "090000001" when country_code ("47"; "" none) tells the
 * rest. Quotation marks around the text (T-024) and visual separators (RFC 3966 5.1.1) do not count. False,
 * and *ret_number untouched, for everything else: 5 to 15 digits, the first of them not 0. */
bool ecs_e164_read(struct ecs_str text, struct ecs_str country_code,
                   struct ecs_msisdn *ret_number) ECS_MUST_CHECK;
/* Takes the quotation marks away that stand around a whole value ("phone" of TS.43 Tables 124 and 130). */
struct ecs_str ecs_unquote(struct ecs_str text);
