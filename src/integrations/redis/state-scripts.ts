import { limits } from '../../core/limits.ts'
import { script } from './connection.ts'

/**
 * Every script gets the keys of `workflowKeys`, and first in ARGV: now, known revision, fence token (0 for none),
 * its holder.
 *
 * - `state`: a hash from key to `version:atMs:expiresAtMs:text`; the text of a deleted entry is empty.
 * - `meta`: a hash with `revision`, `fence` (`token:holder`), `ends` while the workflow is to be forgotten,
 *   `b:<batchId>` with a receipt (`revision` and the changed keys with their versions), `r:<revision>` with the
 *   batch id, by which old receipts are found.
 * - `checkpoints`: a hash from id to the packed entries.
 *
 * A script answers with a list that begins with a word. Numbers are written with string.format: Lua would turn
 * large ones into powers of ten.
 */
const prelude = `
local now, known, token, holder = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local function int(n) return string.format('%.0f', n) end
local function read(record)
  if not record then return 0, nil, '' end
  local version, expires, text = string.match(record, '^(%d+):%d+:(%d*):(.*)$')
  return tonumber(version), tonumber(expires), text
end
local function isThere(expires, text) return text ~= '' and (not expires or expires > now) end
local function write(key, version, at, expires, text)
  redis.call('HSET', KEYS[1], key, int(version) .. ':' .. at .. ':' .. expires .. ':' .. text)
end
local function guard(batch)
  local meta = redis.call('HMGET', KEYS[2], 'revision', 'fence', 'ends', 'b:' .. batch)
  local revision = tonumber(meta[1] or '0')
  if token > 0 then
    local seen, by = string.match(meta[2] or '0:', '^(%d+):(.*)$')
    seen = tonumber(seen)
    if token < seen or (token == seen and holder ~= by) then return { 'fenced', int(seen) } end
  end
  if revision < known then return { 'behind', int(revision) } end
  return nil, revision, batch ~= '' and meta[4] or nil, meta[3]
end
local function accept(ends)
  if token > 0 then redis.call('HSET', KEYS[2], 'fence', int(token) .. ':' .. holder) end
  if ends then
    redis.call('HDEL', KEYS[2], 'ends')
    for n = 1, 3 do redis.call('PERSIST', KEYS[n]) end
  end
end
local function remember(revision, batch, changed)
  local receipt = int(revision) .. ' ' .. table.concat(changed, ' ')
  if batch == '' then
    redis.call('HSET', KEYS[2], 'revision', int(revision))
  else
    redis.call('HSET', KEYS[2], 'revision', int(revision), 'b:' .. batch, receipt,
      'r:' .. int(revision), batch)
  end
  local old = 'r:' .. int(revision - ${limits.stateBatchesMax})
  local oldBatch = revision > ${limits.stateBatchesMax} and redis.call('HGET', KEYS[2], old)
  if oldBatch then redis.call('HDEL', KEYS[2], old, 'b:' .. oldBatch) end
  return receipt
end
`

/** The writes of a batch are ARGV from a place on: key, expected version or '', expiry or '', text. */
const writing = `
local records = {}
local function fetch(key)
  local record = records[key]
  if record == nil then
    record = redis.call('HGET', KEYS[1], key)
    records[key] = record
  end
  return record
end
local function writeAll(first, last, at)
  local versions, order = {}, {}
  for n = first, last, 4 do
    local key = ARGV[n]
    local version = versions[key]
    if not version then
      version = read(fetch(key))
      order[#order + 1] = key
    end
    versions[key] = version + 1
    write(key, version + 1, at, ARGV[n + 2], ARGV[n + 3])
    records[key] = nil
  end
  local changed = {}
  for n, key in ipairs(order) do changed[n] = key .. ':' .. int(versions[key]) end
  return changed
end
`

/** ARGV[5]: batch id or ''; then the writes. */
export const applyScript = script(`${prelude}${writing}
local batch = ARGV[5]
local refusal, revision, known, ends = guard(batch)
if refusal then return refusal end
if known then return { 'repeat', known } end
local added = 0
for n = 6, #ARGV, 4 do
  local key = ARGV[n]
  if records[key] == nil and not fetch(key) then added = added + 1 end
  if ARGV[n + 1] ~= '' then
    local version, expires, text = read(fetch(key))
    if not isThere(expires, text) then version = 0 end
    if version ~= tonumber(ARGV[n + 1]) then return { 'conflict', key, ARGV[n + 1], int(version) } end
  end
end
if added > 0 and redis.call('HLEN', KEYS[1]) + added > ${limits.stateKeysMax} then return { 'keys' } end
accept(ends)
return { 'ok', remember(revision + 1, batch, writeAll(6, #ARGV, int(now))) }
`)

/** ARGV[5]: checkpoint id. */
export const checkpointScript = script(`${prelude}
local refusal, revision, known, ends = guard('')
if refusal then return refusal end
if redis.call('HEXISTS', KEYS[3], ARGV[5]) == 1 then return { 'ok' } end
if redis.call('HLEN', KEYS[3]) >= ${limits.stateCheckpointsMax} then return { 'checkpoints' } end
local kept, all = {}, redis.call('HGETALL', KEYS[1])
for n = 1, #all, 2 do
  local _, expires, text = read(all[n + 1])
  if isThere(expires, text) then
    kept[#kept + 1] = all[n]
    kept[#kept + 1] = all[n + 1]
  end
end
accept(ends)
redis.call('HSET', KEYS[3], ARGV[5], cmsgpack.pack(kept))
return { 'ok' }
`)

/** ARGV[5]: batch id; ARGV[6]: checkpoint id. */
export const rollbackScript = script(`${prelude}
local refusal, revision, known, ends = guard(ARGV[5])
if refusal then return refusal end
if known then return { 'repeat', known } end
local packed = redis.call('HGET', KEYS[3], ARGV[6])
if not packed then return { 'missing' } end
local kept, restored, changed = cmsgpack.unpack(packed), {}, {}
for n = 1, #kept, 2 do restored[kept[n]] = true end
accept(ends)
local all = redis.call('HGETALL', KEYS[1])
for n = 1, #all, 2 do
  local version, _, text = read(all[n + 1])
  if not restored[all[n]] and text ~= '' then
    write(all[n], version + 1, int(now), '', '')
    changed[#changed + 1] = all[n] .. ':' .. int(version + 1)
  end
end
for n = 1, #kept, 2 do
  local key = kept[n]
  local version = read(redis.call('HGET', KEYS[1], key))
  local before, expires, text = read(kept[n + 1])
  if version ~= before then
    write(key, version + 1, int(now), expires and int(expires) or '', text)
    changed[#changed + 1] = key .. ':' .. int(version + 1)
  end
end
return { 'ok', remember(revision + 1, ARGV[5], changed) }
`)

/** From ARGV[5] on, for each batch: id or '', time, number of writes, and the writes. */
export const rebuildScript = script(`${prelude}${writing}
local refusal, _, _, ends = guard('')
if refusal then return refusal end
local fence = redis.call('HGET', KEYS[2], 'fence')
redis.call('DEL', KEYS[1], KEYS[2])
if fence then redis.call('HSET', KEYS[2], 'fence', fence) end
accept(ends)
local place, revision = 5, 0
while place <= #ARGV do
  local last = place + 2 + tonumber(ARGV[place + 2]) * 4
  revision = revision + 1
  remember(revision, ARGV[place], writeAll(place + 3, last, ARGV[place + 1]))
  place = last + 1
end
return { 'ok' }
`)

/** ARGV[5]: the revision; then of each entry: key, version, time, expiry or '', text. */
export const mergeScript = script(`${prelude}
local refusal, revision, _, ends = guard('')
if refusal then return refusal end
accept(ends)
for n = 6, #ARGV, 5 do
  local version = tonumber(ARGV[n + 1])
  if version > read(redis.call('HGET', KEYS[1], ARGV[n])) then
    write(ARGV[n], version, ARGV[n + 2], ARGV[n + 3], ARGV[n + 4])
  end
end
local merged = tonumber(ARGV[5])
if merged > revision then redis.call('HSET', KEYS[2], 'revision', int(merged)) end
return { 'ok' }
`)

/** ARGV[1]: how long to keep it. */
export const expireScript = script(`
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], 'ends', '1') end
for n = 1, 3 do redis.call('PEXPIRE', KEYS[n], ARGV[1]) end
return { 'ok' }
`)

/** Keys and records in turn. The client would make an object of them, which has no room for `__proto__`. */
export const listScript = script(`return redis.call('HGETALL', KEYS[1])`)
