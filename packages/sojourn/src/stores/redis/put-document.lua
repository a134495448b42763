-- Compare and set of one document, in one step. Sent with the line `#!lua` in front, or `#!lua flags=allow-oom` where the
-- document is to be there already (scripts.ts).
--
-- KEYS[1]  the document: a hash of `version` and `value`
-- ARGV[1]  the version that is there; empty: there must be nothing
-- ARGV[2]  the version that it gets
-- ARGV[3]  the new value
-- Result   1 committed, 0 conflict

if ARGV[1] == '' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
elseif redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3])
return 1
