-- The messages that the store keeps, for people: the script of `gnomon.reference.store.kept_messages`.
--
-- A message of a list is a line: its facts as JSON, a tab, and its body without the payload.

--@ kept
-- The functions of this part: a script has at most 200 local variables.
local kept = {}
--@ PAGE
local PAGE = GNOMON_MESSAGES_PAGE
--@ CHUNK
local CHUNK = 100  -- entries read at once: a body may have half a million bytes

--@ kept.without_payload
-- A body without its payload, which is its last field; text in JSON never has a comma before a quote
-- that is not escaped.
function kept.without_payload(body)
  local head = string.match(body, '^(.-),"payload":')
  return head and head .. ',"payload":null}' or body
end

--@ kept.line
function kept.line(state, id, attempts, more, body)
  return '{"id":' .. id .. ',"state":"' .. state .. '","attempts":' .. attempts .. more .. '}\t'
    .. string.gsub(body, '\n', ' ')
end

--@ kept.waiting_line
function kept.waiting_line(id, body)
  local attempts = 0
  if PROFILE == 'durable' then
    local back = call('ZRANGEBYSCORE', P .. ':returned', id, id)[1]
    attempts = back and string.match(back, '%d+$') or 0
  end
  return kept.line('waiting', id, attempts, '', body)
end

--@ kept.held_line
function kept.held_line(worker, id, attempt, body)
  local name, number = string.match(worker, '^(.*)/(%d+)$')
  return kept.line('held', id, attempt, ',"server":"' .. name .. '","worker":' .. number, body)
end

--@ kept.holders
-- The holder of each message: id -> {worker, attempt}.
function kept.holders()
  local all, found = call('HGETALL', P .. ':held'), {}
  for place = 1, #all, 2 do
    local id, attempt = string.match(all[place + 1], '^(%d+) (%d+)$')
    found[id] = {all[place], attempt}
  end
  return found
end

--@ kept.dead_letter
-- The dead letter of an entry of :dead; nil if a stranger has removed it. Our fields come first.
function kept.dead_letter(entry)
  local found = call('XRANGE', P .. ':dead', entry, entry)[1]
  if not found then return nil end
  local fields = {}
  for place = 1, math.min(#found[2], 10), 2 do fields[found[2][place]] = found[2][place + 1] end
  fields.number = string.match(fields.id, '^%d+')
  return fields
end

--@ kept.dead_line
function kept.dead_line(dead, body)
  return kept.line('dead', dead.number, dead.attempts, ',"since":' .. dead.at .. ',"cause":"' .. dead.cause
    .. '","why":' .. quote(dead.why), body)
end

--@ kept.each_waiting
-- Call `take(id, body)` for each waiting message above `after`, in order, until it returns true.
function kept.each_waiting(after, take)
  if PROFILE == 'classic' then
    for _, waiting in ipairs(call('LRANGE', P .. ':backlog', 0, -1)) do
      local id = string.match(waiting, '^%d+')
      if tonumber(id) > tonumber(after)
        and take(id, call('GET', P .. ':message:' .. id) or '', waiting) then return end
    end
    return
  end
  local held, first = kept.holders(), '(' .. after .. '-0'
  while true do
    local entries = call('XRANGE', P .. ':messages', first, '+', 'COUNT', CHUNK)
    for _, entry in ipairs(entries) do
      local id = string.match(entry[1], '^(%d+)%-0$')
      local is_ours = id and string.sub(entry[2][2], 1, #id + 7) == '{"id":' .. id .. ','
      if is_ours and not held[id] and call('SISMEMBER', P .. ':exhausted', id) == 0
        and take(id, entry[2][2]) then return end
    end
    if #entries < CHUNK then return end
    first = '(' .. entries[#entries][1]
  end
end

--@ kept.list_waiting
function kept.list_waiting(after, lines)
  kept.each_waiting(after, function(id, body)
    lines[#lines + 1] = kept.waiting_line(id, kept.without_payload(body))
    lines.last = id
    return #lines == PAGE
  end)
end

--@ kept.list_held
function kept.list_held(after, lines)
  local found, ids = kept.holders(), {}
  for id in pairs(found) do
    if tonumber(id) > tonumber(after) then ids[#ids + 1] = tonumber(id) end
  end
  table.sort(ids)
  for place = 1, math.min(#ids, PAGE) do
    local id = whole(ids[place])
    local worker, attempt = found[id][1], found[id][2]
    lines[place] = kept.held_line(worker, id, attempt, kept.without_payload(held_message(worker, id)))
    lines.last = id
  end
end

--@ kept.body_of
function kept.body_of(dead)
  return dead.cause == 'attempts' and held_message('', dead.number) or ''
end

--@ kept.job_of
-- The id of the job in the body of a message; nil if it has none that can be read.
function kept.job_of(body)
  local quoted = string.match(body, ',"job":(".-"),"revision":')
  local is_read, ids = pcall(cjson.decode, '[' .. (quoted or '') .. ']')
  return is_read and ids[1]
end

--@ kept.list_dead
function kept.list_dead(after, lines)
  local entries = call('ZRANGEBYSCORE', P .. ':dead-letters', '(' .. after, '+inf', 'LIMIT', 0, PAGE)
  for _, entry in ipairs(entries) do
    local dead = kept.dead_letter(entry)
    if dead then
      lines[#lines + 1] = kept.dead_line(dead, kept.without_payload(kept.body_of(dead)))
      lines.last = dead.number
    end
  end
end

--@ LISTS
local LISTS = {waiting = kept.list_waiting, held = kept.list_held, dead = kept.list_dead}

--@ meaning.Messages
function meaning.Messages()
  local state, after = take(), take()
  local lines = {}
  LISTS[state](after, lines)
  reply('MessageList', '"more":' .. (#lines == PAGE and lines.last or 'null'), table.concat(lines, '\n'))
end

--@ kept.find
-- Where message `id` is: its state, and what is known of it there; nil if it is nowhere.
function kept.find(id)
  local entry = call('ZRANGEBYSCORE', P .. ':dead-letters', id, id)[1]
  local dead = entry and kept.dead_letter(entry)
  if dead then return 'dead', dead, entry end
  local holder = kept.holders()[id]
  if holder then return 'held', holder end
  local found, place
  kept.each_waiting(whole(tonumber(id) - 1), function(other, body, where)
    if other == id then found, place = body, where end
    return true
  end)
  if found then return 'waiting', found, place end
end

--@ meaning.MessageById
function meaning.MessageById()
  local id = take()
  local state, what = kept.find(id)
  local text
  if state == 'dead' then
    text = kept.dead_line(what, kept.body_of(what))
  elseif state == 'held' then
    text = kept.held_line(what[1], id, what[2], held_message(what[1], id))
  elseif state == 'waiting' then
    text = kept.waiting_line(id, what)
  end
  reply('MessageList', '"more":null', text)
end

--@ kept.remove_dead
function kept.remove_dead(dead, entry)
  call('XDEL', P .. ':dead', entry)
  call('ZREM', P .. ':dead-letters', entry)
  return call('SREM', P .. ':exhausted', dead.number) == 1
end

--@ kept.remove_waiting
function kept.remove_waiting(id, place)
  if PROFILE == 'classic' then
    call('LREM', P .. ':backlog', 1, place)
    call('DEL', P .. ':message:' .. id)
  else
    call('ZREMRANGEBYSCORE', P .. ':returned', id, id)
    if meta.differs == 1 then remove_passed_over(id) end
    drop_message(id)
  end
end

--@ kept.refuse_held
function kept.refuse_held(id, holder)
  refuse(quote('message ' .. id .. ' is held by ' .. holder[1] .. '; wait until its run has ended'))
end

--@ meaning.DropMessage
function meaning.DropMessage()
  local id = take()
  local state, what, place = kept.find(id)
  if state == 'held' then return kept.refuse_held(id, what) end
  if not state then return refuse(quote('there is no message ' .. id)) end
  if state == 'waiting' then
    kept.remove_waiting(id, place)
  elseif kept.remove_dead(what, place) then
    drop_message(id)
  end
  record_dropped(id)
  reply('Done')
end

--@ meaning.PutBackMessage
function meaning.PutBackMessage()
  local id = take()
  local state, what, place = kept.find(id)
  if state == 'held' then return kept.refuse_held(id, what) end
  if not state then return refuse(quote('there is no message ' .. id)) end
  if state == 'waiting' then return refuse(quote('message ' .. id .. ' waits already')) end
  if what.cause ~= 'attempts' then
    return refuse(quote('message ' .. id .. ' cannot be read, so no server could run it; '
      .. 'it can only be dropped'))
  end
  local job = kept.job_of(kept.body_of(what))
  if job then uncount(job, id) end
  kept.remove_dead(what, place)
  call('ZADD', P .. ':returned', id, id .. ' ' .. what.attempts)
  record_put_back(id)
  reply('Done')
  hand_out()
end

--@ meaning.MessagesOfJob
function meaning.MessagesOfJob()
  local job, is_drop = take(), take() == '1'
  local found = {}
  kept.each_waiting('0', function(id, body, place)
    if string.find(body, ',"job":' .. job .. ',"revision":', 1, true) then
      found[#found + 1] = {id, place}
    end
  end)
  for _, each in ipairs(is_drop and found or {}) do
    kept.remove_waiting(each[1], each[2])
    record_dropped(each[1])
  end
  reply('Number', '"value":' .. #found)
end
