#!lua
-- A fenced customer is done with: it redirects for good, or its fence is taken away again.
-- KEYS[1] customer  [2] epoch  [3] the customers fenced  [4..] its idempotency keys
-- ARGV[1] epoch we know  [2] customer id  [3] its subject  [4] the survivor's id, '' for no merge
-- Answers {'unknown', epoch} or {'settled', 1 or 0}
local epoch = redis.call('GET', KEYS[2])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
local now = redis.call('HMGET', KEYS[1], 'fence', 'subject')
if now[1] and now[2] ~= ARGV[3] then return {'settled', 0} end -- another customer by this id
redis.call('SREM', KEYS[3], ARGV[2])
if not now[1] then return {'settled', 0} end
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], 'fence')
else
  redis.call('DEL', unpack(KEYS, 4))
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'redirect', ARGV[4])
end
return {'settled', 1}
