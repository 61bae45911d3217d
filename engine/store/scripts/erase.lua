#!lua
-- What the store holds of one customer under keys of its own is gone.
-- KEYS[1] epoch  [2] the customer  [3..] its idempotency keys
-- ARGV[1] epoch we know
-- Answers {'unknown', epoch} or {'erased', how many customers, how many other keys}
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
return {'erased', redis.call('DEL', KEYS[2]), redis.call('DEL', unpack(KEYS, 3))}
