#!lua flags=no-writes
-- A decision by its id: whose it was, and its log record.
-- KEYS[1] the decision's pointer  [2] epoch  [3] log
-- Answers {epoch, customer id or false, record or false}
local pointer = redis.call('GET', KEYS[1])
if not pointer then return {redis.call('GET', KEYS[2]), false, false} end
local entry, customer = string.match(pointer, '^(%S+) (.*)$')
local found = redis.call('XRANGE', KEYS[3], entry, entry)[1]
return {redis.call('GET', KEYS[2]), customer, found and found[2][2] or false}
