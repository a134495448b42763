-- Compare and set of one roster, in one step. Sent with the line `#!lua` in front, or `#!lua flags=allow-oom` for what
-- must be possible when memory is full (scripts.ts); with either, Redis refuses it as a whole or not at all.
--
-- KEYS[1]  the roster: a hash, its header under `h`, its records under their numbers
-- ARGV[1]  what the header must say: incarnation (6 bytes), epoch (4), and, when it matters, version (4);
--          empty: there must be no roster
-- ARGV[2]  `drop` removes the roster instead of changing it
-- ARGV[3]  for how many milliseconds it is to be kept at least, counted from now
-- ARGV[4]  PUBLISH or SPUBLISH, and ARGV[5] the channel; both empty: nobody is told
-- ARGV[6]  n, ARGV[7] r, ARGV[8] d: how many of the following there are
-- ARGV[9]  a number that the answer carries, so that nobody takes the answer to another commit for his
--          n numbers of records, then what each must be: version (4 bytes), and, when it matters, privilege (2);
--          `-`: not there; `*`: anything that this version of the format may replace
--          r numbers of records to remove
--          d fields, each with its damaged value behind it: while it is that, it counts as absent
--          fields to put, each with its value behind it
-- Result   0 conflict, 1 committed, 2 conflict with something that should be absent or cannot be replaced, 3 gone,
--          and four times the number of the commit
--
-- Values begin with format (1 byte) and version (4). In a header, incarnation stands at bytes 7 to 12 and epoch at 19
-- to 22; in a record, privilege at 6 and 7. Counted from 1.

local CONFLICT = 4 * tonumber(ARGV[9])
local COMMITTED, OCCUPIED, GONE = CONFLICT + 1, CONFLICT + 2, CONFLICT + 3
local FORMAT = '\1'
local key, wanted = KEYS[1], ARGV[1]
local numbers, removals, damages = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local expectations = 10 + numbers
local removal = expectations + numbers
local damage = removal + removals
local put = damage + 2 * damages
local sub = string.sub

local damaged = {}
for at = damage, put - 2, 2 do damaged[ARGV[at]] = ARGV[at + 1] end

local found = redis.call('HMGET', key, 'h', unpack(ARGV, 10, expectations - 1))
local header = found[1]
if header == damaged.h then header = false end

if wanted == '' then
  if header then return OCCUPIED end
  redis.call('UNLINK', key)
else
  if not header then return GONE end
  if sub(header, 1, 1) ~= FORMAT then return CONFLICT end
  if sub(header, 7, 12) ~= sub(wanted, 1, 6) then return GONE end
  if sub(header, 19, 22) ~= sub(wanted, 7, 10) then return CONFLICT end
  if #wanted > 10 and sub(header, 2, 5) ~= sub(wanted, 11, 14) then return CONFLICT end
end

for i = 1, numbers do
  local expected, record = ARGV[expectations + i - 1], found[i + 1]
  if record and record == damaged[ARGV[9 + i]] then record = false end
  if expected == '-' then
    if record then return OCCUPIED end
  elseif expected == '*' then
    if record and sub(record, 1, 1) ~= FORMAT then return OCCUPIED end
  else
    if not record or sub(record, 1, 1) ~= FORMAT then return CONFLICT end
    if sub(record, 2, 5) ~= sub(expected, 1, 4) then return CONFLICT end
    if #expected > 4 and sub(record, 6, 7) ~= sub(expected, 5, 6) then return CONFLICT end
  end
end

if ARGV[2] == 'drop' then
  redis.call('UNLINK', key)
else
  if removals > 0 then redis.call('HDEL', key, unpack(ARGV, removal, damage - 1)) end
  if put <= #ARGV then redis.call('HSET', key, unpack(ARGV, put)) end
  if wanted == '' then redis.call('PEXPIRE', key, ARGV[3])
  else redis.call('PEXPIRE', key, ARGV[3], 'GT') end
end
if ARGV[4] ~= '' then redis.call(ARGV[4], ARGV[5], key) end
return COMMITTED
