#!lua flags=no-writes
-- All that is needed of one customer, in one trip.
-- KEYS[1] customer  [2] epoch  [3] idempotency keys of this week  [4] of the week before
-- ARGV[1] how many fields are wanted, 0 for all; these, then the idempotency keys asked about
-- Answers {TIME, epoch, fields of the customer, what was answered to each key or false}: of the
--     fields wanted their values, or false; of all their names and values
local wanted, seen = tonumber(ARGV[1]), {}
for n = wanted + 2, #ARGV do
  local key = ARGV[n]
  seen[n - wanted - 1] = redis.call('HGET', KEYS[3], key) or redis.call('HGET', KEYS[4], key)
end
return {
  redis.call('TIME'),
  redis.call('GET', KEYS[2]),
  wanted == 0 and redis.call('HGETALL', KEYS[1])
    or redis.call('HMGET', KEYS[1], unpack(ARGV, 2, wanted + 1)),
  seen,
}
