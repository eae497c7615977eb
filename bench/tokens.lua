-- SPDX-License-Identifier: Apache-2.0
-- wrk: the request targets of the file in BENCH_TARGETS, one after the other.
local requests, at = {}, 0

function init(args)
    wrk.headers["Host"] = "aes.bench.example"
    wrk.headers["Accept"] = "application/vnd.gsma.eap-relay.v1.0+json, application/json"
    wrk.headers["User-Agent"] = "PRD-TS43 Bench/1.0 bench-load/1.0 OS-Bench/1.0"
    for line in io.lines(os.getenv("BENCH_TARGETS")) do
        requests[#requests + 1] = wrk.format("GET", line)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end
