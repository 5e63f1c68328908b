-- The messages of the classic profile, as the predecessor keeps them (S4, DLV-3): the body is under a
-- key of its own that expires after 15 s, the key is published, and a claim renames it. The body of a
-- claimed message is kept only in case its worker asks again.
--
--   :message:n        the body of message n; :message:n.tmp once it is claimed
--   :to-parallel      channel on which keys are published
--   :backlog          list of "message gone-at", the oldest first
--   :bodies           hash worker -> the body that it holds, in case the reply was lost

local PROFILE = 'classic'
local LIFE = 15 * 1000000

--@ expire
local function expire()
  local oldest = call('LINDEX', P .. ':backlog', 0)
  while oldest do
    local id, gone_at = string.match(oldest, '^(%d+) (%d+)$')
    if tonumber(gone_at) > now then return end
    call('LPOP', P .. ':backlog')
    call('DEL', P .. ':message:' .. id)
    record_expired(id)
    oldest = call('LINDEX', P .. ':backlog', 0)
  end
end

--@ set_messages_back
-- Let no message live longer than one that is published now.
local function set_messages_back()
  local backlog = call('LRANGE', P .. ':backlog', 0, -1)
  call('DEL', P .. ':backlog')
  for _, waiting in ipairs(backlog) do
    local id, gone_at = string.match(waiting, '^(%d+) (%d+)$')
    call('RPUSH', P .. ':backlog', id .. ' ' .. whole(math.min(tonumber(gone_at), now + LIFE)))
  end
end

--@ keep_message
local function keep_message(of, carried, shown)
  set('published', meta.published + 1)
  local id = whole(meta.published)
  record_published(id, of, shown)
  expire()
  local key = P .. ':message:' .. id
  -- A key expires after whole milliseconds by the server's clock, which the store's time may be ahead
  -- of after that was set back; the instant in the backlog decides.
  local life = LIFE + now - reading
  call('SET', key, message_text(id, of, carried), 'PX', whole(math.ceil(life / 1000) + 1))
  call('RPUSH', P .. ':backlog', id .. ' ' .. whole(now + LIFE))
  call('PUBLISH', P .. ':to-parallel', key)
  return id
end

--@ drop_message
local function drop_message() end

--@ has_passed_over
local function has_passed_over() return false end

--@ take_for rare
-- Take the oldest message that the worker's server does not leave to others from the backlog (DLV-7).
local function take_for(worker)
  local left = left_by(worker)
  for _, waiting in ipairs(call('LRANGE', P .. ':backlog', 0, -1)) do
    local body = call('GET', P .. ':message:' .. string.match(waiting, '^%d+'))
    if not is_left(left, service_of(body or '')) then
      call('LREM', P .. ':backlog', 1, waiting)
      return waiting
    end
  end
end

--@ next_message
local function next_message(worker)
  local oldest = meta.differs == 0 and call('LPOP', P .. ':backlog')
    or meta.differs == 1 and take_for(worker)
  if not oldest then return nil end
  local id = string.match(oldest, '^%d+')
  local key = P .. ':message:' .. id
  if failed(redis.pcall('RENAME', key, key .. '.tmp')) then
    record_dead_lettered(id, '"its key is gone"')
    return next_message(worker)
  end
  local body = call('GET', key .. '.tmp')
  call('DEL', key .. '.tmp')
  call('HSET', P .. ':bodies', worker, body)
  return id, 1, body
end

--@ remove_passed_over
local function remove_passed_over() end

--@ has_returned_message
local function has_returned_message() return false end

--@ held_message
local function held_message(worker) return call('HGET', P .. ':bodies', worker) or '' end

--@ bury
local function bury(worker, id, why, attempts)
  add_dead_letter(id, why, 'unreadable', attempts, {'m', held_message(worker)})
end

--@ return_message
local function return_message(worker, id, attempt)
  local from, number = string.match(worker, '^(.*)/(%d+)$')
  record_lost(id, from, number, attempt)
end

--@ count_waiting
local function count_waiting() return call('LLEN', P .. ':backlog') end

--@ is_unfinished
-- Whether a message waits or is held: neither is it completed, nor gone.
local function is_unfinished(id)
  for _, waiting in ipairs(call('LRANGE', P .. ':backlog', 0, -1)) do
    if string.match(waiting, '^%d+') == id then return true end
  end
  for _, held in ipairs(call('HVALS', P .. ':held')) do
    if string.match(held, '^%d+') == id then return true end
  end
  return false
end
