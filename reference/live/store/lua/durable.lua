-- The messages of the durable profile: a stream, read by one consumer group.
--
--   :messages   stream; the id of message n is n-0. Group `workers`; a consumer is a worker.
--   :returned   sorted set of the reclaimed messages: "message attempts", by message
--   :passed     set of the services whose messages were passed over (DLV-7), and for each service
--   :passed:S   list of the messages of service S that were read and passed over, by message
--   :exhausted  set of the messages that are dead after their attempts. They stay in the stream, whose
--               entries cannot be added again, so that they can be put back.

local PROFILE = 'durable'
local STREAM, GROUP = P .. ':messages', 'workers'

--@ expire
local function expire() end

--@ set_messages_back
local function set_messages_back() end

--@ keep_message
-- Append a message with the next number. It and its event begin with that number and what it is `of`.
local function keep_message(of, carried, shown)
  set('published', meta.published + 1)
  local id = whole(meta.published)
  if failed(redis.pcall('XADD', STREAM, id .. '-0', 'm', message_text(id, of, carried))) then
    set('published', highest(STREAM) + 1)
    id = whole(meta.published)
    call('XADD', STREAM, id .. '-0', 'm', message_text(id, of, carried))
  end
  record_published(id, of, shown)
  return id
end

--@ drop_message
local function drop_message(id)
  call('XACK', STREAM, GROUP, id .. '-0')
  call('XDEL', STREAM, id .. '-0')
end

--@ put_aside rare
local function put_aside(id, why, attempts, fields)
  add_dead_letter(id, why, 'unreadable', attempts, fields)
  call('XACK', STREAM, GROUP, id)
  call('XDEL', STREAM, id)
end

--@ claim_known rare
-- The body of a message that was read before, now pending for this worker; nil if it is gone.
local function claim_known(worker, id, attempts)
  -- It is claimed as if it had never been pending: neither how long it has been (the clock may have
  -- been set back since) nor whether it still is (anybody may have acknowledged it) decides.
  call('XACK', STREAM, GROUP, id .. '-0')
  local entry = call('XCLAIM', STREAM, GROUP, worker, 0, id .. '-0', 'FORCE',
    'RETRYCOUNT', attempts + 1)[1]
  if entry then return entry[2][2] end
  record_dead_lettered(id, '"its body is gone from the stream"')
end

--@ read_message
-- The oldest message that nobody has read: its id, attempt and body; nil if there is none.
local function read_message(worker)
  local read = redis.pcall('XREADGROUP', 'GROUP', GROUP, worker, 'COUNT', 1, 'STREAMS', STREAM, '>')
  if not read then return nil end
  if read.err then  -- there is no group yet
    call('XGROUP', 'CREATE', STREAM, GROUP, '0', 'MKSTREAM')
    return read_message(worker)
  end
  local entry = read[1][2][1]
  local id = string.match(entry[1], '^(%d+)%-0$')
  local start = '{"id":' .. (id or '') .. ','
  if id and string.sub(entry[2][2], 1, #start) == start then return id, 1, entry[2][2] end
  put_aside(entry[1], 'nobody here has published it', 0, entry[2])
  return read_message(worker)
end

--@ held_message
local function held_message(_, id)
  local entry = call('XRANGE', STREAM, id .. '-0', id .. '-0')[1]
  return entry and entry[2][2] or ''
end

--@ has_passed_over
local function has_passed_over() return call('EXISTS', P .. ':passed') == 1 end

--@ pass_over
local function pass_over(service, id)
  call('SADD', P .. ':passed', service)
  call('RPUSH', P .. ':passed:' .. service, id)
end

--@ end_passing_over
-- Forget a service of which no message is passed over any more, and that services differ if none is.
local function end_passing_over(service)
  if call('EXISTS', P .. ':passed:' .. service) == 1 then return end
  call('SREM', P .. ':passed', service)
  if not has_passed_over() and call('EXISTS', P .. ':left') == 0 then set('differs', 0) end
end

--@ remove_passed_over
local function remove_passed_over(id)
  for _, service in ipairs(call('SMEMBERS', P .. ':passed')) do
    if call('LREM', P .. ':passed:' .. service, 1, id) == 1 then end_passing_over(service) end
  end
end

--@ take_known_for
-- Take the oldest message that was read before and is not left to others: its id and its attempts so
-- far; nil if there is none.
local function take_known_for(left)
  local id, attempts, from
  for _, back in ipairs(call('ZRANGE', P .. ':returned', 0, -1)) do
    local number, so_far = string.match(back, '^(%d+) (%d+)$')
    if not left or not is_left(left, service_of(held_message('', number))) then
      id, attempts = number, so_far
      break
    end
  end
  for _, service in ipairs(call('SMEMBERS', P .. ':passed')) do
    local oldest = call('LINDEX', P .. ':passed:' .. service, 0)
    if not is_left(left, service) and (not id or tonumber(oldest) < tonumber(id)) then
      id, attempts, from = oldest, 0, service
    end
  end
  if from then
    call('LPOP', P .. ':passed:' .. from)
    end_passing_over(from)
  elseif id then
    call('ZREM', P .. ':returned', id .. ' ' .. attempts)
  end
  return id, attempts
end

--@ next_message_for rare
-- The oldest message that the worker's server does not leave to others (DLV-7). Those that it leaves
-- are passed over once, and then found by their service.
local function next_message_for(worker)
  local left = left_by(worker)
  local id, attempts = take_known_for(left)
  if id then
    local body = claim_known(worker, id, attempts)
    if body then return id, attempts + 1, body end
    return next_message_for(worker)
  end
  while true do
    local read, attempt, body = read_message(worker)
    local service = read and service_of(body)
    if not read or not is_left(left, service) then return read, attempt, body end
    pass_over(service, read)
  end
end

--@ next_message
-- The oldest message that no worker holds: its id, attempt and body; nil if there is none.
local function next_message(worker)
  if meta.differs == 1 then return next_message_for(worker) end
  local back = call('ZPOPMIN', P .. ':returned')[1]
  if not back then return read_message(worker) end
  local id, attempts = string.match(back, '^(%d+) (%d+)$')
  local body = claim_known(worker, id, attempts)
  if body then return id, attempts + 1, body end
  return next_message(worker)
end

--@ has_returned_message
local function has_returned_message() return call('EXISTS', P .. ':returned') == 1 end

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
