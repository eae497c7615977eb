-- SPDX-License-Identifier: Apache-2.0
-- (its owner writes this file now)
SELECT 1;
