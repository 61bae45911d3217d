#!lua
-- Let the log's old entries go: behind every reader, or unread at a stated age.
-- KEYS[1] log  [2] its readers: name -> entry
-- ARGV[1] entries before this, ms, may go once read  [2] before this, ms, they go anyway
-- Answers {how many went, how many of them unread by some reader}
local function order(entry)
  local ms, n = string.match(entry, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end
local slowest
for _, entry in ipairs(redis.call('HVALS', KEYS[2])) do
  local ms, n = order(entry)
  local least, nth = order(slowest or entry)
  if ms < least or (ms == least and n <= nth) then slowest = entry end
end
local cut = ARGV[1]
if slowest and order(slowest) < tonumber(cut) then cut = slowest end
local gone, unread = redis.call('XTRIM', KEYS[1], 'MINID', '~', cut, 'LIMIT', 10000), 0
if slowest and order(slowest) < tonumber(ARGV[2]) then
  gone = gone + redis.call('XTRIM', KEYS[1], 'MINID', slowest)
  gone = gone + redis.call('XDEL', KEYS[1], slowest) -- the last that was read
  unread = redis.call('XTRIM', KEYS[1], 'MINID', '~', ARGV[2], 'LIMIT', 10000)
end
return {gone + unread, unread}
