#!lua
-- A reader of the log has read up to an entry; it never goes back.
-- KEYS[1] the log's readers: name -> entry
-- ARGV[1] reader  [2] entry
-- Answers where the reader stands
local function order(entry)
  local ms, n = string.match(entry, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end
local stands = redis.call('HGET', KEYS[1], ARGV[1])
if stands then
  local ms, n = order(stands)
  local to_ms, to_n = order(ARGV[2])
  if to_ms < ms or (to_ms == ms and to_n <= n) then return stands end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ARGV[2]
