-- What all operations use: the keys, the time, the stored numbers, recording and delivering.
--
-- The one idea: a call carries out a batch of operations at one instant. The events that it records
-- are appended to the history as one entry. A reply for another server goes into that server's inbox.
-- The asking server gets its own inbox first, so it receives all replies in the order in which the
-- store decided them.
--
-- Defining a function costs time in each call, so a call gets only the blocks that it needs. A line
-- `--@ name` begins the block that defines `name`, and `--@` alone begins text that every call gets.
-- `gnomon.reference.live.store.scripts` selects the blocks.
--
-- KEYS[1] is the prefix of every key; its hash tag keeps all keys in one slot.
--   :meta      hash: the numbers below, the leader, and the run of the store
--   :history   stream of events, an entry a call; an entry's id is the number of its first event
--   :faults    list of the latest faults, as they are in the history; the latest first
--   :dead      stream of the dead letters: messages that could not be read, or had their attempts
--   :dead-letters  sorted set of the entries of :dead, by the number of their message
--   :inbox:S   list of deliveries that server S has not fetched
--   :notify:S  list with one element while server S has something to fetch
-- ARGV: the asking server, the number of events that the history keeps, the number of results that
-- are kept of each job, then the operations.

local P = KEYS[1]
local call = redis.call
local quote = cjson.encode

local position = 0
--@ take
local function take()
  position = position + 1
  return ARGV[position]
end
--@ take_number
local function take_number() return tonumber(take()) end
--@ take_several
local function take_several(count)
  position = position + count
  return unpack(ARGV, position - count + 1, position)
end

--@
local server = take()
local events_kept, results_kept = take_number(), take_number()

-- The stored numbers that this script names, as `meta.now`; reading all of them takes longer.
local NUMBERS = {GNOMON_NUMBERS}
local meta, changed = {}, {}
local stored = call('HMGET', P .. ':meta', 'leader', unpack(NUMBERS))
local leader = stored[1] or ''
for number, field in ipairs(NUMBERS) do meta[field] = tonumber(stored[number + 1] or 0) end

--@ set
local function set(field, value)
  meta[field] = value
  changed[field] = true
end

--@ whole
-- A whole number up to 2^53 as text. Instants that may be larger stay text. The format of integers
-- is faster, but a server of 32 bits cannot use it for all of them.
local WHOLE = string.format('%d', 2^53) == '9007199254740992' and '%d' or '%.0f'
local function whole(number) return string.format(WHOLE, number) end

--@ set_leader
local function set_leader(name)
  leader = name
  changed.leader = true
end

--@
-- While the clock reads less than before, the store's time stands still, unless that is corrected.
local reading = GNOMON_TIME()
local now = math.max(reading, meta.now)
local at = whole(now)

-- Whether the store keeps the instant of this call: not if the call only reads.
local is_kept = false

--@
local lines = {}
--@ record
local function record(kind, rest)
  lines[#lines + 1] = '{"kind":"' .. kind .. '","at":' .. at .. ',' .. rest .. '}'
end

--@ keep_fault
-- Keep the event that was recorded last among the latest faults.
local function keep_fault()
  call('LPUSH', P .. ':faults', lines[#lines])
  call('LTRIM', P .. ':faults', 0, GNOMON_FAULTS_KEPT - 1)
end

--@
-- Deliveries, four elements each: receiver, answered operation, reply, and what the reply carries.
local out = {}
local notified = {}
--@ deliver
local function deliver(to, operation, reply, body)
  local last = #out
  out[last + 1] = to
  if to == server then
    out[last + 2], out[last + 3], out[last + 4] = operation, reply, body or ''
    return
  end
  out[last + 2], out[last + 3], out[last + 4] = '', '', ''
  call('RPUSH', P .. ':inbox:' .. to, operation .. '\n' .. reply .. '\n' .. (body or ''))
  if not notified[to] then
    notified[to] = true
    if call('LLEN', P .. ':notify:' .. to) == 0 then call('RPUSH', P .. ':notify:' .. to, '1') end
  end
end

--@
-- The operations of this call are named by their number in it.
local number = 0
--@ asked
local function asked() return '#' .. number end
--@ answer
local function answer(type, rest)
  local fields = rest and (',' .. rest) or ''
  return '{"type":"' .. type .. '","now":' .. at .. fields .. '}'
end
--@ reply
local function reply(type, rest, body) deliver(server, asked(), answer(type, rest), body) end

--@ reserve
-- A place among the deliveries for a reply that is known only after its consequences.
local function reserve()
  reply('Done')
  return #out
end
--@ fill
local function fill(place, type, rest, body)
  out[place - 1], out[place] = answer(type, rest), body or ''
end

--@ add_dead_letter
-- Add a dead letter; `fields` are those of its message, if they are not kept elsewhere. A stranger's
-- entry may have more fields than XADD takes.
local function add_dead_letter(id, why, cause, attempts, fields)
  local entry = call('XADD', P .. ':dead', '*', 'id', id, 'why', why, 'cause', cause, 'attempts',
    attempts, 'at', at, unpack(fields, 1, math.min(#fields, 100)))
  call('ZADD', P .. ':dead-letters', string.match(id, '^%d+'), entry)
end

--@ failed
local function failed(answer) return type(answer) == 'table' and answer.err end

--@ highest
-- The highest number of an entry of a stream: a stranger may have appended one, and our own entries
-- continue after it.
local function highest(stream)
  local facts = call('XINFO', 'STREAM', stream)
  for place = 1, #facts, 2 do
    if facts[place] == 'last-generated-id' then
      return tonumber(string.match(facts[place + 1], '^%d+'))
    end
  end
end

--@ first_kept
-- The first event to keep, also if numbering has leapt over a stranger's entry.
local function first_kept()
  local since = meta.events - meta.landed
  if since >= events_kept then return meta.events - events_kept end
  return math.max(meta.leapt - (events_kept - since), 0)
end

--@ append_history
local function append_history()
  local function add_entry()
    local first = meta.events + 1
    set('events', meta.events + #lines)
    return redis.pcall('XADD', P .. ':history', 'MINID', '~', whole(first_kept()),
      whole(first) .. '-0', 'e', table.concat(lines, '\n'))
  end
  if failed(add_entry()) then
    set('leapt', meta.events - #lines)
    set('landed', highest(P .. ':history'))
    set('events', meta.landed)
    add_entry()
  end
end

--@ finish
local function finish(inbox)
  if #lines > 0 then append_history() end
  if is_kept or next(changed) then
    set('now', now)
    local fields = {}
    for field in pairs(changed) do
      fields[#fields + 1] = field
      fields[#fields + 1] = field == 'leader' and leader or whole(meta[field])
    end
    call('HSET', P .. ':meta', unpack(fields))
  end
  return {at, inbox or {}, out}
end
