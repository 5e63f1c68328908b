-- Messages from published to completed: the script of `gnomon.reference.store.messages`, function for
-- function. Each profile stores them in its own way.
--
--   :held       hash worker -> "message attempt"
--   :idle       sorted set of the waiting workers, the longest waiting first
--   :claims     hash worker -> "turn done-message done-attempt" of its waiting claim
--   :alive      sorted set of servers, by the instant until which each is considered alive
--   :heard      hash server -> its last heartbeat
--   :processes  hash server -> its latest process
--   :turns      hash worker -> the earliest turn in which it may claim
-- A worker is "server/number".

--@ worker_of
local function worker_of(name, number) return name .. '/' .. number end

--@ starts_with
local function starts_with(text, start) return string.sub(text, 1, #start) == start end

--@ claim_text
local function claim_text(worker, turn, done)
  local number = string.match(worker, '(%d+)$')
  local what = done == '' and 'null' or '[' .. string.gsub(done, ' ', ',') .. ']'
  return '{"type":"Claim","worker":' .. number .. ',"turn":' .. whole(turn) .. ',"done":' .. what .. '}'
end

--@ assignment
local function assignment(id, attempt, body)
  return answer('Assignment', '"attempt":' .. attempt), id .. ' ' .. body
end

--@ assign
-- Assign the oldest message to a worker that waits with that claim; whether there was one.
local function assign(worker, turn, done)
  local id, attempt, body = next_message(worker)
  if not id then return false end
  attempt = whole(attempt)
  call('HSET', P .. ':held', worker, id .. ' ' .. attempt)
  local name, number = string.match(worker, '^(.*)/(%d+)$')
  record_claimed(id, name, number, attempt)
  deliver(name, claim_text(worker, turn, done), assignment(id, attempt, body))
  return true
end

--@ nobody_waits
-- Whether this call has found that no worker waits, and none has begun to wait since.
local nobody_waits = false

--@ let_wait
-- Let a claim wait behind the others; a worker that waits already keeps its place.
local function let_wait(worker, turn, done)
  nobody_waits = false
  set('waits', meta.waits + 1)
  call('ZADD', P .. ':idle', 'NX', whole(meta.waits), worker)
  call('HSET', P .. ':claims', worker, whole(turn) .. ' ' .. done)
end

--@ end_wait
local function end_wait(worker)
  if call('ZREM', P .. ':idle', worker) == 1 then call('HDEL', P .. ':claims', worker) end
end

--@ serve_able rare
-- Assign a message to the worker that has waited longest of those that may take one; whether there was
-- one of each. A server has the same for all its workers.
local function serve_able()
  local tried = {}
  for _, worker in ipairs(call('ZRANGE', P .. ':idle', 0, -1)) do
    local name = string.match(worker, '^(.*)/')
    local turn, done = string.match(call('HGET', P .. ':claims', worker), '^(%d+) (.*)$')
    if not tried[name] and assign(worker, tonumber(turn), done) then
      end_wait(worker)
      return true
    end
    tried[name] = true
  end
  return false
end

--@ serve
-- Assign the oldest message to the worker that has waited longest; whether there was one of each.
local function serve()
  if meta.differs == 1 then return serve_able() end
  local worker = not nobody_waits and call('ZRANGE', P .. ':idle', 0, 0)[1]
  if not worker then
    nobody_waits = true
    return false
  end
  local turn, done = string.match(call('HGET', P .. ':claims', worker), '^(%d+) (.*)$')
  if not assign(worker, tonumber(turn), done) then return false end
  end_wait(worker)
  return true
end

--@ hand_out
local function hand_out()
  while has_returned_message() and serve() do end
end

--@ process_of
local function process_of(name) return tonumber(call('HGET', P .. ':processes', name) or 0) end

--@ leave_to_others rare
-- Note what each server leaves to others; assign what a waiting worker may take now.
local function leave_to_others()
  local left = find_left()
  if not save_left(left) then return end
  set('differs', (next(left) or has_passed_over()) and 1 or 0)
  expire()
  while serve() do end
end

--@ deploy
-- Note which services the asking server has; "-": it does not state them (DLV-7). Those of an earlier
-- process are ignored; 0 names no process.
local function deploy(process, services)
  local known = call('HGET', P .. ':services', server)
  if (known or '-') == services or (process > 0 and process < process_of(server)) then return end
  if services == '-' then
    call('HDEL', P .. ':services', server)
  else
    call('HSET', P .. ':services', server, services)
  end
  leave_to_others()
end

--@ drop_services
-- Leave no message to servers that are not alive.
local function drop_services(names)
  if call('HDEL', P .. ':services', unpack(names)) > 0 then leave_to_others() end
end

--@ dismiss
local function dismiss(name)
  for _, worker in ipairs(call('ZRANGE', P .. ':idle', 0, -1)) do
    if starts_with(worker, name .. '/') then end_wait(worker) end
  end
end

--@ take_from
-- Reclaim what the workers of these servers hold; if `before` is given, in an earlier turn.
local function take_from(names, before)
  local taken = {}
  local held = call('HGETALL', P .. ':held')
  for place = 1, #held, 2 do
    local worker = held[place]
    local is_theirs = names[string.match(worker, '^(.*)/')]
    if is_theirs and (not before or tonumber(call('HGET', P .. ':turns', worker)) < before) then
      local id, attempt = string.match(held[place + 1], '^(%d+) (%d+)$')
      taken[#taken + 1] = {tonumber(id), worker, id, attempt}
    end
  end
  table.sort(taken, function(a, b) return a[1] < b[1] end)
  for _, what in ipairs(taken) do
    call('HDEL', P .. ':held', what[2])
    -- The worker may be running the message: nothing else is assigned to it in this turn.
    call('HINCRBY', P .. ':turns', what[2], 1)
    return_message(what[2], what[3], what[4])
  end
end

--@ begin rare
local function begin(name, process)
  call('HSET', P .. ':processes', name, whole(process))
  dismiss(name)
  take_from({[name] = true})
  hand_out()
end

--@ begin_anew rare
local function begin_anew(name, turn)
  take_from({[name] = true}, turn)
  hand_out()
end

--@ begin_if_new
-- Register a process of the server if it is later than the known one: its Join was lost.
local function begin_if_new(name, process)
  if process > process_of(name) then begin(name, process) end
end

--@ note_life
local function note_life(ttl)
  call('ZADD', P .. ':alive', whole(now + ttl), server)
  call('HSET', P .. ':heard', server, at)
end

--@ set_lives_back
-- Let no heartbeat count beyond a lease from now, to which the clock was set.
local function set_lives_back()
  for _, name in ipairs(call('ZRANGEBYSCORE', P .. ':alive', '(' .. whole(now + meta.ttl), '+inf')) do
    call('ZADD', P .. ':alive', whole(now + meta.ttl), name)
  end
  local heard = call('HGETALL', P .. ':heard')
  for place = 1, #heard, 2 do
    if tonumber(heard[place + 1]) > now then call('HSET', P .. ':heard', heard[place], at) end
  end
end

--@ take_back
local function take_back()
  expire()
  local lapsed = call('ZRANGEBYSCORE', P .. ':alive', '-inf', at)
  if #lapsed == 0 then return end
  local names = {}
  for _, name in ipairs(lapsed) do
    names[name] = true
    call('ZREM', P .. ':alive', name)
    dismiss(name)
  end
  take_from(names)
  drop_services(lapsed)
  hand_out()
end

--@ drop_held
local function drop_held(worker, held)
  call('HDEL', P .. ':held', worker)
  drop_message(string.match(held, '^%d+'))
end

--@ carry_out_claim
local function carry_out_claim(number, turn, done)
  expire()
  local worker = worker_of(server, number)
  local earliest = call('HGET', P .. ':turns', worker)
  if tonumber(call('ZSCORE', P .. ':alive', server) or 0) <= now then return end
  if earliest and turn < tonumber(earliest) then
    local is_late = call('HEXISTS', P .. ':held', worker) + call('HEXISTS', P .. ':claims', worker) > 0
    if not is_late then deliver(server, claim_text(worker, turn, done), answer('Done')) end
    return
  end
  local process, known = math.floor(turn / 4294967296), process_of(server)
  if process < known then return end
  if process > known then
    begin(server, process)
    earliest = call('HGET', P .. ':turns', worker)
  end
  local is_repeated = earliest == whole(turn)
  if not is_repeated then call('HSET', P .. ':turns', worker, whole(turn)) end
  local held = call('HGET', P .. ':held', worker)
  -- The reply to its last claim was lost. What that claim was given, it does not complete.
  if held and (is_repeated or held ~= done) then
    local id, attempt = string.match(held, '^(%d+) (%d+)$')
    deliver(server, claim_text(worker, turn, done), assignment(id, attempt, held_message(worker, id)))
    return
  end
  if held then drop_message(string.match(held, '^%d+')) end
  if assign(worker, turn, done) then return end  -- that has replaced what it held
  if held then call('HDEL', P .. ':held', worker) end
  let_wait(worker, turn, done)
end

--@ claim_again
local function claim_again(number, turn, done)
  local waiting = call('HGET', P .. ':claims', worker_of(server, number))
  if not waiting or tonumber(string.match(waiting, '^%d+')) ~= turn then
    carry_out_claim(number, turn, done)
  end
end

--@ close_turn
-- Ignore claims of this turn, and of earlier ones, from now on.
local function close_turn(worker, turn)
  local earliest = call('HGET', P .. ':turns', worker)
  if not earliest or turn >= tonumber(earliest) then
    call('HSET', P .. ':turns', worker, whole(turn + 1))
    end_wait(worker)
  end
end
