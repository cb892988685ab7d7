//! What the server does in one step. It runs one script at a time, and nothing between.
//!
//! A stored value is its version and then its bytes. The version is the server's count of writes and a hash of the bytes,
//! 16 hexadecimal digits each: never given twice, and where a failover has set the count back, still another for other bytes.

use redis::Script;

/// `value, index, count | when, wanted version, hash, bytes, ttl in ms or 0, key` → the new version, or nothing.
const PUT: &str = r"
local old = redis.call('GETRANGE', KEYS[1], 0, 31)
if ARGV[1] == 'absent' and old ~= '' then return false end
if ARGV[1] == 'version' and (old == '' or old ~= ARGV[2]) then return false end
local version = string.format('%016x', redis.call('INCR', KEYS[3])) .. ARGV[3]
if ARGV[5] == '0' then
  redis.call('SET', KEYS[1], version .. ARGV[4])
else
  redis.call('SET', KEYS[1], version .. ARGV[4], 'PX', ARGV[5])
end
redis.call('ZADD', KEYS[2], 0, ARGV[6])
return version
";

/// `value, counter, index | key`
const DELETE: &str = r"
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
";

/// `index | prefix, last key delivered or nothing, limit, what values' keys begin with` → keys, the last one looked at where
/// there may be more. Takes out of the index what has expired.
const LIST: &str = r"
local from = '[' .. ARGV[1]
if ARGV[2] > ARGV[1] then from = '(' .. ARGV[2] end
local found = redis.call('ZRANGEBYLEX', KEYS[1], from, '(' .. ARGV[1] .. '\255', 'LIMIT', 0, ARGV[3])
local live = {}
for _, key in ipairs(found) do
  if redis.call('EXISTS', ARGV[4] .. key) == 1 then
    live[#live + 1] = key
  else
    redis.call('ZREM', KEYS[1], key)
  end
end
local last = ''
if #found == tonumber(ARGV[3]) then last = found[#found] end
return { live, last }
";

/// Sent once; then only their hashes are.
#[derive(Clone)]
pub(super) struct Scripts {
    pub(super) put: Script,
    pub(super) delete: Script,
    pub(super) list: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            put: Script::new(PUT),
            delete: Script::new(DELETE),
            list: Script::new(LIST),
        }
    }
}
