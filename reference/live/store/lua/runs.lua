-- The latest runs of each job: the script of `gnomon.reference.store.runs`.
--
--   :runs      hash message -> its run, see FACTS
--   :runs:ID   list of the messages of job ID, the latest first; at most RUNS_KEPT
--
-- A run is text: its facts in the order of FACTS, a line each, each empty or a piece of JSON. So the
-- store only joins pieces. A run that a stranger has overwritten is ignored.

local RUNS_KEPT = GNOMON_RUNS_KEPT
local FACTS = {'published', 'attempt', 'who', 'claimed', 'started', 'finished', 'outcome', 'error'}

local function runs_key(id) return P .. ':runs:' .. id end

-- Add a message of a job; `published` is the JSON of what is known of it when it is published.
local function add_run(id, message, published)
  local key = runs_key(id)
  call('HSET', P .. ':runs', message, '"message":' .. message .. ',"published":' .. at .. ','
    .. published .. string.rep('\n', #FACTS - 1))
  if call('LPUSH', key, message) > RUNS_KEPT then
    call('HDEL', P .. ':runs', call('RPOP', key))
  end
end

local function load_run(message)
  local text = call('HGET', P .. ':runs', message)
  if not text then return nil end
  local run, place = {}, 0
  for fact in string.gmatch(text .. '\n', '([^\n]*)\n') do
    place = place + 1
    run[place] = fact
  end
  if place ~= #FACTS then return nil end
  local named = {}
  for number, name in ipairs(FACTS) do named[name] = run[number] end
  return named
end

local function save_run(message, run)
  local values = {}
  for number, name in ipairs(FACTS) do values[number] = run[name] end
  call('HSET', P .. ':runs', message, table.concat(values, '\n'))
end

-- Set facts of an attempt, unless a later attempt is known.
local function update_run(message, attempt, facts)
  local run = load_run(message)
  if not run then return end
  local known = tonumber(string.match(run.attempt, '%d+$') or 0)
  if tonumber(attempt) < known then return end
  if tonumber(attempt) > known then
    for place = 2, #FACTS do run[FACTS[place]] = '' end
    run.attempt = '"attempt":' .. attempt
  end
  for name, value in pairs(facts) do run[name] = value end
  save_run(message, run)
end

local function end_run(message, outcome, why)
  local run = load_run(message)
  if not run then return end
  run.outcome = '"outcome":"' .. outcome .. '"'
  run.error = why and '"error":' .. why or ''
  save_run(message, run)
end

local function delete_runs(id)
  local messages = call('LRANGE', runs_key(id), 0, RUNS_KEPT - 1)
  if #messages > 0 then call('HDEL', P .. ':runs', unpack(messages)) end
  call('DEL', runs_key(id))
end

-- The runs of a job, each as JSON on a line of its own.
local function list_runs(id)
  local lines = {}
  for _, message in ipairs(call('LRANGE', runs_key(id), 0, RUNS_KEPT - 1)) do
    local text = call('HGET', P .. ':runs', message)
    if text then
      lines[#lines + 1] = '{' .. string.gsub(string.gsub(text, '\n+$', ''), '\n+', ',') .. '}'
    end
  end
  return table.concat(lines, '\n')
end

-- --- events of messages, recorded and noted in the run

local function of_attempt(message, name, number, attempt)
  return '"message":' .. message .. ',"server":"' .. name .. '","worker":' .. number
    .. ',"attempt":' .. attempt
end

local function who(name, number) return '"server":"' .. name .. '","worker":' .. number end

local function record_claimed(message, name, number, attempt)
  record('claimed', of_attempt(message, name, number, attempt))
  update_run(message, attempt, {who = who(name, number), claimed = '"claimed":' .. at})
end

local function record_reclaimed(message, name, number, attempt)
  record('reclaimed', of_attempt(message, name, number, attempt))
  update_run(message, attempt, {who = '', claimed = '', started = ''})
end

local function record_lost(message, name, number, attempt)
  record('lost', of_attempt(message, name, number, attempt))
  update_run(message, attempt, {who = who(name, number), outcome = '"outcome":"lost"'})
end

local function record_expired(message)
  record('expired', '"message":' .. message)
  end_run(message, 'expired')
end

local function record_dead_lettered(message, why)
  record('dead_lettered', '"message":' .. message .. ',"why":' .. why)
  end_run(message, 'dead_lettered', why)
end
