-- The latest runs of each job: the script of `gnomon.reference.store.runs`.
--
--   :runs      hash message -> its run
--   :runs:ID   list of the messages of job ID, the latest first; at most RUNS_KEPT
--
-- A run is text of six lines: `published`, `attempt` (a number), `who`, `claimed`, `started` and
-- `ending`. All but `attempt` are empty or pieces of JSON, so that the store only joins them; in JSON
-- the later of two equal fields counts. A run that a stranger has overwritten is ignored.

local RUNS_KEPT = GNOMON_RUNS_KEPT
--@ RUN
local LINE = '([^\n]*)'
local RUN = '^' .. LINE .. string.rep('\n' .. LINE, 5) .. '$'

--@ runs_key
local function runs_key(id) return P .. ':runs:' .. id end

--@ add_run
-- Add a message of a job; `published` is the JSON of what is known of it when it is published.
local function add_run(id, message, published)
  local key = runs_key(id)
  call('HSET', P .. ':runs', message, '"message":' .. message .. ',"published":' .. at .. ','
    .. published .. '\n\n\n\n\n')
  if call('LPUSH', key, message) > RUNS_KEPT then
    call('HDEL', P .. ':runs', call('RPOP', key))
  end
end

--@ load_run
-- The lines of a run but for `attempt`, empty if the `attempt` is new; nil if a later one is known.
local function load_run(message, attempt)
  local text = call('HGET', P .. ':runs', message)
  if not text then return nil end
  local published, known, who, claimed, started, ending = string.match(text, RUN)
  known = tonumber(known) or 0
  attempt = tonumber(attempt)
  if attempt < known then return nil end
  if attempt > known then return published, '', '', '', '' end
  return published, who, claimed, started, ending
end

--@ save_run
local function save_run(message, attempt, published, who, claimed, started, ending)
  call('HSET', P .. ':runs', message, published .. '\n' .. attempt .. '\n' .. who .. '\n' .. claimed
    .. '\n' .. started .. '\n' .. ending)
end

--@ start_run
local function start_run(message, attempt, who)
  local published, _, claimed, _, ending = load_run(message, attempt)
  if not published then return end
  save_run(message, attempt, published, who, claimed, ',"started":' .. at, ending)
end

--@ finish_run
local function finish_run(message, attempt, who, ending)
  local published, _, claimed, started = load_run(message, attempt)
  if not published then return end
  save_run(message, attempt, published, who, claimed, started, ',"finished":' .. at .. ending)
end

--@ end_run
-- End a run without a result, whatever its attempt; `outcome` and `why` are JSON.
local function end_run(message, outcome, why)
  local text = call('HGET', P .. ':runs', message)
  if not text or not string.match(text, RUN) then return end
  call('HSET', P .. ':runs', message, text .. ',"outcome":' .. outcome .. ',"error":' .. why)
end

--@ delete_runs
local function delete_runs(id)
  local messages = call('LRANGE', runs_key(id), 0, RUNS_KEPT - 1)
  if #messages > 0 then call('HDEL', P .. ':runs', unpack(messages)) end
  call('DEL', runs_key(id))
end

-- --- events of messages, recorded and noted in the run

--@ of_worker
local function of_worker(name, number) return ',"server":"' .. name .. '","worker":' .. number end

--@ record_of
local function record_of(kind, message, who, attempt)
  record(kind, '"message":' .. message .. who .. ',"attempt":' .. attempt)
end

--@ record_claimed
local function record_claimed(message, name, number, attempt)
  local who = of_worker(name, number)
  record_of('claimed', message, who, attempt)
  local published, _, _, started, ending = load_run(message, attempt)
  if published then
    save_run(message, attempt, published, who, ',"claimed":' .. at, started, ending)
  end
end

--@ record_reclaimed
local function record_reclaimed(message, name, number, attempt)
  record_of('reclaimed', message, of_worker(name, number), attempt)
  local published, _, _, _, ending = load_run(message, attempt)
  if published then save_run(message, attempt, published, '', '', '', ending) end
end

--@ record_lost
local function record_lost(message, name, number, attempt)
  local who = of_worker(name, number)
  record_of('lost', message, who, attempt)
  local published, _, claimed, started, ending = load_run(message, attempt)
  if published then
    save_run(message, attempt, published, who, claimed, started, ending .. ',"outcome":"lost"')
  end
end

--@ record_expired
local function record_expired(message)
  record('expired', '"message":' .. message)
  end_run(message, '"expired"', 'null')
end

--@ record_dead_lettered
local function record_dead_lettered(message, why, cause)
  record('dead_lettered', '"message":' .. message .. ',"why":' .. why
    .. (cause and ',"cause":"' .. cause .. '"' or ''))
  end_run(message, '"dead_lettered"', why)
end

--@ record_dropped
local function record_dropped(message)
  record('dropped', '"message":' .. message)
  end_run(message, '"dropped"', 'null')
end

--@ record_put_back
local function record_put_back(message)
  record('put_back', '"message":' .. message)
  end_run(message, 'null', 'null')
end
