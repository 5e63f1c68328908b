-- What every operation stands on: the keys, the time, the numbers that are kept, what is recorded and
-- what is delivered.
--
-- The one idea: a call carries out a batch of operations at one instant. Whatever they record is
-- appended to the history as one entry, whatever is meant for another server goes into that server's
-- inbox, and the asking server is given its own inbox first: so it hears everything in the order in
-- which the store decided it.
--
-- KEYS[1] is the prefix of every key; its hash tag keeps them in one slot.
--   :meta      numbers (below), who leads, and which run of the store this is
--   :history   stream of events, an entry a call; an entry's id is the number of its first event
--   :dead      stream of what could not be read
--   :inbox:S   list of deliveries that server S has not fetched; :bell:S is rung when one comes
-- ARGV: the asking server, how many events the history keeps, then the operations.

local P = KEYS[1]
local call = redis.call
local quote = cjson.encode

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end
local function take_number() return tonumber(take()) end

local server = take()
local keep = take_number()

local NUMBERS = {'now', 'events', 'epoch', 'ends', 'version', 'published', 'waits', 'created',
  'leapt', 'landed'}
local meta, changed = {}, {}
local kept = call('HMGET', P .. ':meta', 'leader', unpack(NUMBERS))
local leader = kept[1] or ''
for number, field in ipairs(NUMBERS) do meta[field] = tonumber(kept[number + 1] or 0) end

local function set(field, value)
  meta[field] = value
  changed[field] = true
end

-- Whole numbers up to 2^53 as they are; the instants that may be larger never become numbers again.
local function whole(number) return string.format('%.0f', number) end

local function set_leader(name)
  leader = name
  changed.leader = true
end

-- A store whose clock was set back stands still until it has caught up.
local now = math.max(GNOMON_TIME(), meta.now)
local at = whole(now)

local lines = {}
local function record(kind, rest)
  lines[#lines + 1] = '{"kind":"' .. kind .. '","at":' .. at .. ',' .. rest .. '}'
end

-- Deliveries: to whom, the operation that is answered, the reply, and the message in it.
local out = {}
local rung = {}
local function deliver(to, operation, reply, body)
  local last = #out
  out[last + 1] = to
  if to == server then
    out[last + 2], out[last + 3], out[last + 4] = operation, reply, body or ''
    return
  end
  out[last + 2], out[last + 3], out[last + 4] = '', '', ''
  call('RPUSH', P .. ':inbox:' .. to, operation .. '\n' .. reply .. '\n' .. (body or ''))
  if not rung[to] then
    rung[to] = true
    if call('LLEN', P .. ':bell:' .. to) == 0 then call('RPUSH', P .. ':bell:' .. to, '1') end
  end
end

-- The operations of this call are named by their number in it.
local number = 0
local function asked() return '#' .. number end
local function answer(type, rest)
  local fields = rest and (',' .. rest) or ''
  return '{"type":"' .. type .. '","now":' .. at .. fields .. '}'
end
local function reply(type, rest, body) deliver(server, asked(), answer(type, rest), body) end

-- A place among the deliveries for a reply that is known only when what it brings about is done.
local function reserve()
  reply('Done')
  return #out
end
local function fill(place, type, rest, body)
  out[place - 1], out[place] = answer(type, rest), body or ''
end

local function failed(answer) return type(answer) == 'table' and answer.err end

-- The highest number that an entry of a stream has had: a stranger may have put something there, and
-- what is ours goes on behind it.
local function highest(stream)
  local facts = call('XINFO', 'STREAM', stream)
  for place = 1, #facts, 2 do
    if facts[place] == 'last-generated-id' then
      return tonumber(string.match(facts[place + 1], '^%d+'))
    end
  end
end

-- The first event that the history keeps, where it has leapt over a stranger's entry or not.
local function first_kept()
  local since = meta.events - meta.landed
  if since >= keep then return meta.events - keep end
  return math.max(meta.leapt - (keep - since), 0)
end

local function append_history()
  local function append()
    local first = meta.events + 1
    set('events', meta.events + #lines)
    return redis.pcall('XADD', P .. ':history', 'MINID', '~', whole(first_kept()),
      whole(first) .. '-0', 'e', table.concat(lines, '\n'))
  end
  if failed(append()) then
    set('leapt', meta.events - #lines)
    set('landed', highest(P .. ':history'))
    set('events', meta.landed)
    append()
  end
end

local function finish(inbox)
  if #lines > 0 then append_history() end
  if next(changed) then
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
