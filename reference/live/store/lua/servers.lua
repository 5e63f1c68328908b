-- What is asked of the store beside the scheduler's own operations: who is there, what has happened,
-- and whether this is still the run of the store that it was.
--
--   :members   hash server -> "process description" of those that have appeared and not left
--   :told      hash server -> the number of the last event that it has told
--   :runs      set of all runs of the store that anybody has known

-- Events come without their opening brace and their `at`. A server numbers what it tells, so that
-- what is told again is not taken down twice; 0 is not a number.
local function note_told(event) lines[#lines + 1] = '{"at":' .. at .. ',' .. event end

function meaning.Tell()
  local first, count = take_number(), take_number()
  local last = first > 0 and tonumber(call('HGET', P .. ':told', server) or 0) or -1
  for place = first, first + count - 1 do
    local event = take()
    if place > last then note_told(event) end
  end
  if first > 0 then call('HSET', P .. ':told', server, whole(math.max(last, first + count - 1))) end
end

-- A server that has not left, and now appears in another process, has crashed; when, nobody saw.
function meaning.Appear()
  local process, description, started = take(), take(), take()
  if process_of(server) > tonumber(process) then return end
  local before = call('HGET', P .. ':members', server)
  if before and starts_with(before, process .. ' ') then return end
  if before then
    record('server_crashed', '"server":"' .. server .. '","heard":'
      .. (call('HGET', P .. ':heard', server) or at))
  end
  call('HSET', P .. ':members', server, process .. ' ' .. description)
  note_told(started)
end

function meaning.Attest()
  reply(process_of(server) > take_number() and 'Superseded' or 'Done')
end

-- Forget a server that has nothing on its way any more; its processes are counted on all the same.
local function forget(name)
  for _, what in ipairs({':heard', ':told', ':processes'}) do
    call('HDEL', P .. what, name)
  end
  for _, worker in ipairs(call('HKEYS', P .. ':turns')) do
    if starts_with(worker, name .. '/') then call('HDEL', P .. ':turns', worker) end
  end
  call('ZREM', P .. ':alive', name)
end

-- A server has left, or was seen to crash.
function meaning.Leave()
  local name, event, has_left = take(), take(), take() == '1'
  if call('HDEL', P .. ':members', name) == 1 then
    call('DEL', P .. ':inbox:' .. name, P .. ':bell:' .. name)
    note_told(event)
    if has_left then forget(name) end
  end
end

-- Another run of the store may have lost the last writes, or all: then it does not know the run that
-- who greets it has `known` before. What was handed out in those writes is not handed out again, nor
-- taken for what is handed out from now on, and nobody leads. How many they were, the store cannot
-- know: it has lost what the history said of them as well. The clock makes sure that no two leaps end
-- at the same number, even if the first is lost as well.
function meaning.Greet()
  local run, known, leap = take(), take(), take_number()
  local before = call('HGET', P .. ':meta', 'run')
  local has_forgotten = known ~= '' and call('SISMEMBER', P .. ':runs', known) == 0
  if before == run and not has_forgotten then return end
  call('SADD', P .. ':runs', run, known == '' and run or known)
  call('HSET', P .. ':meta', 'run', run)
  if not before and not has_forgotten then return end  -- it is new
  if before then record('writes_lost', '"writes":0,"since":' .. at .. ',"undone":[],"reopened":[]') end
  set_leader('')
  local milliseconds = math.floor(now / 1000)
  set('epoch', math.max(meta.epoch + leap, milliseconds))
  set('published', math.max(meta.published + leap, milliseconds))
end

-- What the servers of a cluster have in common. The first says it; the profile stays for good, how
-- long a lease lasts while any server lives.
function meaning.Settle()
  local profile, lease = take(), take()
  local known = call('HMGET', P .. ':meta', 'profile', 'lease')
  if call('ZCOUNT', P .. ':alive', '(' .. at, '+inf') == 0 then known[2] = lease end
  call('HSET', P .. ':meta', 'profile', known[1] or profile, 'lease', known[2] or lease)
  reply('Settings', '"profile":"' .. (known[1] or profile) .. '","lease":' .. (known[2] or lease))
end

-- A process that runs may have a number that the store gave out in writes that it has lost since.
function meaning.NewProcess()
  local last = tonumber(call('HGET', P .. ':last-process', server) or 0)
  local process = whole(math.max(last, process_of(server)) + 1)
  call('HSET', P .. ':last-process', server, process)
  reply('Number', '"value":' .. process)
end

function meaning.NewJob()
  local id
  repeat id = call('HINCRBY', P .. ':meta', 'last-job', 1)
  until call('EXISTS', key_of(whole(id))) == 0
  reply('Number', '"value":' .. whole(id))
end

local function list_members()
  local all, members = call('HGETALL', P .. ':members'), {}
  for place = 1, #all, 2 do
    local name, described = all[place], string.match(all[place + 1], '^%d+ {(.*)$')
    local heard = call('HGET', P .. ':heard', name) or at
    local alive = call('ZSCORE', P .. ':alive', name)
    members[#members + 1] = '{"heard":' .. heard .. ',"alive_until":'
      .. (alive and whole(tonumber(alive)) or heard) .. ',' .. described
  end
  return table.concat(members, ',')
end

local function list_held()
  local all, held = call('HGETALL', P .. ':held'), {}
  for place = 1, #all, 2 do
    local name, number = string.match(all[place], '^(.*)/(%d+)$')
    held[#held + 1] = '{"server":"' .. name .. '","worker":' .. number .. ',"message":'
      .. string.match(all[place + 1], '^%d+') .. '}'
  end
  return table.concat(held, ',')
end

function meaning.Overview()
  local leads = leader ~= '' and now < meta.ends
  local settings = call('HMGET', P .. ':meta', 'profile', 'lease')
  reply('Overview', '"profile":"' .. (settings[1] or 'durable') .. '","lease_length":'
    .. (settings[2] or 0) .. ',"lease":{"leader":' .. (leads and '"' .. leader .. '"' or 'null')
    .. ',"epoch":' .. whole(meta.epoch) .. ',"until":' .. whole(meta.ends) .. '},"jobs":'
    .. call('ZCARD', P .. ':jobs') .. ',"waiting":' .. count_waiting() .. ',"dead_lettered":'
    .. call('XLEN', P .. ':dead') .. ',"held":[' .. list_held() .. '],"members":['
    .. list_members() .. ']')
end
