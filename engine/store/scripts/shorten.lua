#!lua
-- A customer that redirects to one who was merged on redirects to where that leads.
-- KEYS[1] customer  [2] epoch
-- ARGV[1] epoch we know  [2] whom it redirects to until now  [3] and from now on
-- Answers {'unknown', epoch} or {'shortened', 1 or 0}
local epoch = redis.call('GET', KEYS[2])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
if redis.call('HGET', KEYS[1], 'redirect') ~= ARGV[2] then return {'shortened', 0} end
redis.call('HSET', KEYS[1], 'redirect', ARGV[3])
return {'shortened', 1}
