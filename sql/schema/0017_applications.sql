-- SPDX-License-Identifier: Apache-2.0
-- Placeholder: overwritten by its owner before the release.
SELECT 1;
