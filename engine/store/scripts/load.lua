#!lua flags=no-writes
-- All that a decision needs of one customer, in one trip.
-- KEYS[1] customer  [2] epoch  [3] idempotency keys of this week  [4] of the week before
-- ARGV[n] idempotency keys asked about
-- Answers {TIME, epoch, fields of the customer, what was answered to each key or false}
local seen = {}
for n, key in ipairs(ARGV) do
  seen[n] = redis.call('HGET', KEYS[3], key) or redis.call('HGET', KEYS[4], key)
end
return {
  redis.call('TIME'),
  redis.call('GET', KEYS[2]),
  redis.call('HGETALL', KEYS[1]),
  seen,
}
