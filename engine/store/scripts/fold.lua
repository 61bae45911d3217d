#!lua
-- A survivor takes in a fenced customer, unless it changed or is fenced itself.
-- KEYS[1] survivor  [2] epoch  [3] log  [4..] its idempotency keys, a week each
-- ARGV[1] epoch we know  [2] revision taken in at  [3] clock, ms  [4] log record  [5] sections
--     then section name, bytes; then for each of KEYS[4..] how many, and key, answer
-- Answers {'unknown', epoch} or {'folded', 1 or 0}
local epoch = redis.call('GET', KEYS[2])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
local now = redis.call('HMGET', KEYS[1], 'rev', 'fence', 'redirect')
if now[1] ~= ARGV[2] or now[2] or now[3] then return {'folded', 0} end
redis.call('XADD', KEYS[3], '*', 'r', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'rev', 1)
local at = 6 + 2 * tonumber(ARGV[5])
redis.call('HSET', KEYS[1], 'clock', ARGV[3], unpack(ARGV, 6, at - 1))
for week = 4, #KEYS do
  local last = at + 2 * tonumber(ARGV[at])
  for n = at + 1, last, 2 do redis.call('HSETNX', KEYS[week], ARGV[n], ARGV[n + 1]) end
  redis.call('PEXPIRE', KEYS[week], 1209600000) -- two weeks, as in commit.lua
  at = last + 1
end
return {'folded', 1}
