#!lua
-- What the store holds of one customer under keys of its own is gone, unless it changed meanwhile.
-- KEYS[1] epoch  [2] the customer  [3] the customers fenced  [4..] its idempotency keys
-- ARGV[1] epoch we know  [2] the revision it is known at; '' for a former id of a customer
--     [3] its id
-- Answers {'unknown', epoch}, {'changed'} or {'erased', how many customers, how many other keys}
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
local now = redis.call('HMGET', KEYS[2], 'rev', 'fence', 'redirect')
if now[2] or (ARGV[2] ~= '' and (now[3] or (now[1] or '0') ~= ARGV[2])) then return {'changed'} end
redis.call('SREM', KEYS[3], ARGV[3])
return {'erased', redis.call('DEL', KEYS[2]), redis.call('DEL', unpack(KEYS, 4))}
