-- Operations that are rare: questions of people, and the rest of `gnomon.reference.store.servers`.
--
--   :members       hash server -> "process description" of the registered servers
--   :last-process  hash server -> the last process number that it was given
--   :store-runs    set of all runs of the store that a client has known

--@ meaning.JobByName
function meaning.JobByName()
  local id = call('HGET', P .. ':names', take())
  deliver(server, asked(), job_list(id and {id} or {}))
end

--@ meaning.RegisterServer
function meaning.RegisterServer()
  local process, description, started = take(), take(), take()
  if process_of(server) > tonumber(process) then return end
  local before = call('HGET', P .. ':members', server)
  if before and starts_with(before, process .. ' ') then return end
  if before then  -- its process has ended unnoticed
    record('server_crashed', '"server":"' .. server .. '","heard":'
      .. (call('HGET', P .. ':heard', server) or at))
    keep_fault()
  end
  call('HSET', P .. ':members', server, process .. ' ' .. description)
  record('server_started', '"server":"' .. server .. '",' .. started)
end

--@ meaning.ReportUnschedulable
-- A leader reports the jobs that it cannot schedule, and the services that jobs need, as JSON.
function meaning.ReportUnschedulable()
  local epoch, jobs, needed = take_number(), take(), take()
  if leader == server and meta.epoch == epoch and now < meta.ends then
    call('HSET', P .. ':meta', 'unschedulable', whole(epoch) .. ' ' .. jobs, 'needed', needed)
  end
end

--@ forget
-- Forget a server that has left: its process, its turns and its heartbeat.
local function forget(name)
  for _, what in ipairs({':heard', ':reported', ':processes'}) do
    call('HDEL', P .. what, name)
  end
  for _, worker in ipairs(call('HKEYS', P .. ':turns')) do
    if starts_with(worker, name .. '/') then call('HDEL', P .. ':turns', worker) end
  end
  call('ZREM', P .. ':alive', name)
  drop_services({name})
end

--@ meaning.RemoveServer
function meaning.RemoveServer()
  local name, process, event, has_stopped = take(), take(), take(), take() == '1'
  local known = call('HGET', P .. ':members', name)
  if not known or process ~= '0' and not starts_with(known, process .. ' ') then return end
  call('HDEL', P .. ':members', name)
  call('DEL', P .. ':inbox:' .. name, P .. ':notify:' .. name)
  record_reported(event)
  if has_stopped then forget(name) else keep_fault() end
end

--@ meaning.ReportStoreRun
-- A new run of the store may have lost the last writes, or all: then it does not have the run that the
-- client has `known` before. A store that has lost all is another store, by its identity. Epochs,
-- messages and changes of jobs that were numbered in lost writes must not be confused with new ones,
-- so numbering leaps beyond them, and nobody holds the lease. The store cannot count the lost writes:
-- their events are lost too. The clock ensures that no two leaps end at the same number, even if the
-- first leap is lost as well.
function meaning.ReportStoreRun()
  local run, known, leap = take(), take(), take_number()
  local before = call('HGET', P .. ':meta', 'run')
  local has_lost_known = known ~= '' and call('SISMEMBER', P .. ':store-runs', known) == 0
  if before == run and not has_lost_known then return end
  call('SADD', P .. ':store-runs', run, known == '' and run or known)
  call('HSET', P .. ':meta', 'run', run)
  if not before then return end  -- the store is new, or was emptied
  record('writes_lost', '"writes":0,"since":' .. at .. ',"undone":[],"reopened":[]')
  keep_fault()
  set_leader('')
  local milliseconds = math.floor(now / 1000)
  set('epoch', math.max(meta.epoch + leap, milliseconds))
  set('published', math.max(meta.published + leap, milliseconds))
  local version = math.max(meta.version + leap, milliseconds)
  call('HINCRBY', P .. ':meta', 'version-leapt', whole(version - meta.version))
  set('version', version)
  call('DEL', P .. ':watchers')
end

--@ meaning.AgreeSettings
function meaning.AgreeSettings()
  local profile, lease, attempts = take(), take(), take()
  local known = call('HMGET', P .. ':meta', 'profile', 'lease', 'max-attempts')
  if call('ZCOUNT', P .. ':alive', '(' .. at, '+inf') == 0 then known = {known[1]} end
  profile, lease, attempts = known[1] or profile, known[2] or lease, known[3] or attempts
  call('HSET', P .. ':meta', 'profile', profile, 'lease', lease, 'max-attempts', attempts)
  reply('Settings', '"profile":"' .. profile .. '","lease":' .. lease .. ',"max_attempts":' .. attempts)
end

--@ meaning.AgreeSessionKey
-- The secret is kept as JSON.
function meaning.AgreeSessionKey()
  local offered = take()
  local key = call('HGET', P .. ':meta', 'session-key')
  if not key then call('HSET', P .. ':meta', 'session-key', offered) end
  reply('SessionKey', '"key":' .. (key or offered))
end

--@ ended_sessions
local ended_sessions = P .. ':ended-sessions'

--@ meaning.EndSession
-- A session is forgotten after its time, when the next one ends.
function meaning.EndSession()
  local session, lasts = take(), take_number()
  call('ZADD', ended_sessions, whole(now + lasts), session)
  call('ZREMRANGEBYSCORE', ended_sessions, '-inf', at)
  reply('Done')
end

--@ meaning.CheckSession
function meaning.CheckSession()
  local has_ended = call('ZSCORE', ended_sessions, take()) and 'true' or 'false'
  reply('SessionState', '"has_ended":' .. has_ended)
end

--@ meaning.NewProcess
-- After lost writes a running process may have a number that the store does not know it gave.
function meaning.NewProcess()
  local name = take()
  local last = tonumber(call('HGET', P .. ':last-process', name) or 0)
  local process = whole(math.max(last, process_of(name)) + 1)
  call('HSET', P .. ':last-process', name, process)
  reply('Number', '"value":' .. process)
end

--@ meaning.NewJobId
function meaning.NewJobId()
  local id
  repeat id = call('HINCRBY', P .. ':meta', 'last-job', 1)
  until not job_exists(whole(id))
  reply('Number', '"value":' .. whole(id))
end

--@ list_members
local function list_members()
  local names, members = call('HKEYS', P .. ':members'), {}
  table.sort(names)
  for _, name in ipairs(names) do
    local described = string.match(call('HGET', P .. ':members', name), '^%d+ {(.*)$')
    local heard = call('HGET', P .. ':heard', name) or at
    local alive = call('ZSCORE', P .. ':alive', name)
    members[#members + 1] = '{"name":"' .. name .. '","heard":' .. heard .. ',"alive_until":'
      .. (alive and whole(tonumber(alive)) or heard) .. ',' .. described
  end
  return table.concat(members, ',')
end

--@ list_holdings
local function list_holdings()
  local all, found, held = call('HGETALL', P .. ':held'), {}, {}
  for place = 1, #all, 2 do
    local name, number = string.match(all[place], '^(.*)/(%d+)$')
    local message = string.match(all[place + 1], '^%d+')
    found[#found + 1] = {tonumber(message), '{"server":"' .. name .. '","worker":' .. number
      .. ',"message":' .. message .. '}'}
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  for place, holding in ipairs(found) do held[place] = holding[2] end
  return table.concat(held, ',')
end

--@ meaning.Overview
function meaning.Overview()
  local leads = leader ~= '' and now < meta.ends
  local settings = call('HMGET', P .. ':meta', 'profile', 'lease', 'max-attempts', 'unschedulable',
    'version-leapt', 'needed', 'paused-by')
  local epoch, unschedulable = string.match(settings[4] or '', '^(%d+) (.*)$')
  local needed = settings[6] or '[]'
  if not leads or tonumber(epoch) ~= meta.epoch then unschedulable, needed = '[]', '[]' end
  local paused = meta.paused == 0 and 'null'
    or '{"since":' .. whole(meta.paused) .. ',"by":' .. (settings[7] or '""') .. '}'
  reply('ClusterOverview', '"store":' .. whole(meta.store) .. ',"version":' .. whole(meta.version)
    .. ',"changes":' .. whole(meta.version - (settings[5] or 0))
    .. ',"profile":"' .. (settings[1] or PROFILE) .. '","lease_length":' .. (settings[2] or 0)
    .. ',"max_attempts":' .. (settings[3] or GNOMON_MAX_ATTEMPTS)
    .. ',"lease":{"leader":' .. (leads and '"' .. leader .. '"' or 'null')
    .. ',"epoch":' .. whole(meta.epoch) .. ',"until":' .. whole(meta.ends) .. '},"jobs":'
    .. call('ZCARD', P .. ':jobs') .. ',"waiting":' .. count_waiting() .. ',"dead_lettered":'
    .. call('XLEN', P .. ':dead') .. ',"held":[' .. list_holdings() .. '],"members":['
    .. list_members() .. '],"unschedulable":' .. unschedulable .. ',"needed":' .. needed .. ',"paused":' .. paused)
end
