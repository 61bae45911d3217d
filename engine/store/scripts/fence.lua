#!lua
-- A customer is about to become a part of another: from now on it takes no change.
-- KEYS[1] customer  [2] epoch  [3] the customers fenced
-- ARGV[1] epoch we know  [2] customer id  [3] the survivor's id
-- Answers {'unknown', epoch} or {'fenced', 1 when this call did it}
local epoch = redis.call('GET', KEYS[2])
if epoch ~= ARGV[1] then return {'unknown', epoch} end
if not redis.call('HGET', KEYS[1], 'rev') then return {'fenced', 0} end
local fenced = redis.call('HSETNX', KEYS[1], 'fence', ARGV[3])
redis.call('SADD', KEYS[3], ARGV[2])
return {'fenced', fenced}
