#!lua
-- An identity points at another customer, unless it changed meanwhile.
-- KEYS[1] identity  [2] epoch  [3] the identities set apart as shared
-- ARGV[1] epoch we know  [2] its pointer until now, '' for none  [3] its pointer from now on,
--     '' for none  [4] the identity  [5] '1' when it is shared
-- Answers {'unknown', epoch} or {'pointed', 1 or 0}
local epoch = redis.call('GET', KEYS[2])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return {'pointed', 0} end
if ARGV[3] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[3]) end
redis.call(ARGV[5] == '1' and 'SADD' or 'SREM', KEYS[3], ARGV[4])
return {'pointed', 1}
