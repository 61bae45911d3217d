#!lua
-- One atomic change of one customer. Every check comes before the first write.
-- KEYS[1] customer  [2] epoch  [3] idempotency keys of this week  [4] of the week before  [5] log
--     [6] the decision's pointer, if it is one
-- ARGV[1] epoch we know  [2] revision changed from; to append only '', or '+' who must be there
--     [3] clock, ms  [4] customer id  [5] the pointer's life, ms  [6] how many log records
--     [7] sections: name, bytes  [8] idempotency keys: key, answer
--     [9] subject or ''  [10] the customer's clock as loaded or ''; then these
-- Answers {'known', answers, record} {'unknown', epoch} {'conflict', as load.lua answers} {'full',
--     the most keys there may be a week} or {'committed', revision}
local changes, count, keys = tonumber(ARGV[2]), tonumber(ARGV[6]), tonumber(ARGV[8])
local first_section, first_key = 11 + count, 11 + count + 2 * tonumber(ARGV[7])
local answers, known, entry = {}, false, nil
for n = 1, keys do
  local key = ARGV[first_key + 2 * n - 2]
  answers[n] = redis.call('HGET', KEYS[3], key) or redis.call('HGET', KEYS[4], key)
  known = known or answers[n]
end
local pointer = KEYS[6] and redis.call('GET', KEYS[6])
local at = pointer and string.match(pointer, '^%S+')
local found = at and redis.call('XRANGE', KEYS[5], at, at)[1]
if known or pointer then return {'known', answers, found and found[2][2] or false} end
local epoch = redis.call('GET', KEYS[2])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
local now = redis.call('HMGET', KEYS[1], 'rev', 'fence', 'redirect', 'clock')
local revision, merging = tonumber(now[1] or 0), (now[2] or now[3]) and (changes or keys > 0)
local moved = changes and (revision ~= changes or (ARGV[10] ~= '' and now[4] ~= ARGV[10]))
if merging or moved or (ARGV[2] == '+' and not now[1]) then
  return {'conflict', redis.call('TIME'), epoch, redis.call('HGETALL', KEYS[1]), answers}
end
if keys > 0 and redis.call('HLEN', KEYS[3]) >= 20000 then return {'full', 20000} end
-- The log first: of the writes only this one can fail, when its key is no stream.
for n = 11, 10 + count do
  local id = redis.call('XADD', KEYS[5], '*', 'r', ARGV[n])
  entry = entry or id
end
if changes then
  revision = redis.call('HINCRBY', KEYS[1], 'rev', 1)
  redis.call('HSETNX', KEYS[1], 'created', ARGV[3])
  if ARGV[9] ~= '' then redis.call('HSETNX', KEYS[1], 'subject', ARGV[9]) end
  redis.call('HSET', KEYS[1], 'clock', ARGV[3], unpack(ARGV, first_section, first_key - 1))
end
if KEYS[6] then redis.call('SET', KEYS[6], entry .. ' ' .. ARGV[4], 'PX', ARGV[5]) end
if keys > 0 then
  redis.call('HSET', KEYS[3], unpack(ARGV, first_key))
  redis.call('PEXPIRE', KEYS[3], 1209600000) -- two weeks: this one and the next
end
return {'committed', revision}
