-- The messages of the durable profile: a stream, read by one consumer group.
--
--   :messages   stream; the id of message n is n-0. Group `workers`; a consumer is a worker.
--   :returned   sorted set of the reclaimed messages: "message attempts", by message
--   :exhausted  set of the messages that are dead after their attempts. They stay in the stream, whose
--               entries cannot be added again, so that they can be put back.

local PROFILE = 'durable'
local STREAM, GROUP = P .. ':messages', 'workers'

--@ expire
local function expire() end

--@ set_messages_back
local function set_messages_back() end

--@ keep_message
-- Append a message with the next number, which its `body` and its `event` lack.
local function keep_message(body, event)
  set('published', meta.published + 1)
  local id = whole(meta.published)
  if failed(redis.pcall('XADD', STREAM, id .. '-0', 'm', '{"id":' .. id .. ',' .. body)) then
    set('published', highest(STREAM) + 1)
    id = whole(meta.published)
    call('XADD', STREAM, id .. '-0', 'm', '{"id":' .. id .. ',' .. body)
  end
  record('published', '"message":' .. id .. ',' .. event)
  return id
end

--@ drop_message
local function drop_message(id)
  call('XACK', STREAM, GROUP, id .. '-0')
  call('XDEL', STREAM, id .. '-0')
end

--@ put_aside
local function put_aside(id, why, attempts, fields)
  add_dead_letter(id, why, 'unreadable', attempts, fields)
  call('XACK', STREAM, GROUP, id)
  call('XDEL', STREAM, id)
end

--@ next_message
-- The oldest message that no worker holds: its id, attempt and body; nil if there is none.
local function next_message(worker)
  local back = call('ZPOPMIN', P .. ':returned')[1]
  if back then
    local id, attempts = string.match(back, '^(%d+) (%d+)$')
    -- It is claimed as if it had never been pending: neither how long it has been (the clock may have
    -- been set back since) nor whether it still is (anybody may have acknowledged it) decides.
    call('XACK', STREAM, GROUP, id .. '-0')
    local entry = call('XCLAIM', STREAM, GROUP, worker, 0, id .. '-0', 'FORCE',
      'RETRYCOUNT', attempts + 1)[1]
    if entry then return id, attempts + 1, entry[2][2] end
    record_dead_lettered(id, '"its body is gone from the stream"')
    return next_message(worker)
  end
  local read = redis.pcall('XREADGROUP', 'GROUP', GROUP, worker, 'COUNT', 1, 'STREAMS', STREAM, '>')
  if not read then return nil end
  if read.err then  -- there is no group yet
    call('XGROUP', 'CREATE', STREAM, GROUP, '0', 'MKSTREAM')
    return next_message(worker)
  end
  local entry = read[1][2][1]
  local id = string.match(entry[1], '^(%d+)%-0$')
  local start = '{"id":' .. (id or '') .. ','
  if id and string.sub(entry[2][2], 1, #start) == start then return id, 1, entry[2][2] end
  put_aside(entry[1], 'nobody here has published it', 0, entry[2])
  return next_message(worker)
end

--@ has_returned_message
local function has_returned_message() return call('EXISTS', P .. ':returned') == 1 end

--@ held_message
local function held_message(_, id)
  local entry = call('XRANGE', STREAM, id .. '-0', id .. '-0')[1]
  return entry and entry[2][2] or ''
end

--@ bury
local function bury(worker, id, why, attempts)
  put_aside(id .. '-0', why, attempts, {'m', held_message(worker, id)})
end

--@ max_attempts
-- The number of attempts of a message before it is dead-lettered, as the servers have agreed.
local function max_attempts()
  local agreed = tonumber(call('HGET', P .. ':meta', 'max-attempts') or '') or 0
  return agreed >= 1 and agreed or GNOMON_MAX_ATTEMPTS
end

--@ return_message
local function return_message(worker, id, attempt)
  local from, number = string.match(worker, '^(.*)/(%d+)$')
  record_reclaimed(id, from, number, attempt)
  if attempt % max_attempts() == 0 then
    local why = 'attempts: ' .. attempt .. '; each server that had it died, or its heartbeat lapsed; '
      .. 'the last was ' .. worker
    add_dead_letter(id, why, 'attempts', attempt, {})
    call('SADD', P .. ':exhausted', id)
    record_dead_lettered(id, quote(why), 'attempts')
  else
    call('ZADD', P .. ':returned', id, id .. ' ' .. attempt)
  end
end

--@ count_waiting
local function count_waiting()
  return call('XLEN', STREAM) - call('HLEN', P .. ':held') - call('SCARD', P .. ':exhausted')
end

--@ is_unfinished
-- Whether a message waits or is held: neither is it completed, nor dead.
local function is_unfinished(id)
  return call('SISMEMBER', P .. ':exhausted', id) == 0
    and #call('XRANGE', STREAM, id .. '-0', id .. '-0') > 0
end
