-- The latest runs of each job: the script of `gnomon.reference.store.runs`.
--
--   :runs        hash message -> its run: every run that has not ended, and the results
--   :runs:ID     list of the messages of job ID that have a run here, the latest first
--   :results:ID  list of those that have ended, the last result first; the first `results_kept` count
--
-- A run is text of six lines: `published`, `attempt` (a number), `who`, `claimed`, `started` and
-- `ending`. All but `attempt` are empty or pieces of JSON, so that the store only joins them; in JSON
-- the later of two equal fields counts. A run that a stranger has overwritten is ignored.

--@ RESULTS_SPARE
local RESULTS_SPARE = 16  -- deleting several at once is cheaper

--@ runs_key
local function runs_key(id) return P .. ':runs:' .. id end

--@ results_key
local function results_key(id) return P .. ':results:' .. id end

--@ add_run
-- Add a message of a job; `published` is the JSON of what is known of it when it is published.
local function add_run(job, message, published)
  call('HSET', P .. ':runs', message, '"job":' .. job.id .. ',"message":' .. message .. ',"published":'
    .. at .. ',' .. published .. '\n\n\n\n\n')
  call('LPUSH', runs_key(job.key), message)
end

--@ next_line
-- The line of a text that begins at `first`, and where the next one begins; nil if it is the last.
local function next_line(text, first)
  local last = string.find(text, '\n', first, true)
  if last then return string.sub(text, first, last - 1), last + 1 end
end

--@ read_run
-- The lines of a run; nil if a stranger has written it. Patterns are slower.
local function read_run(text)
  local published, attempt, who, claimed, started, place
  published, place = next_line(text, 1)
  if place then attempt, place = next_line(text, place) end
  if place then who, place = next_line(text, place) end
  if place then claimed, place = next_line(text, place) end
  if place then started, place = next_line(text, place) end
  if not place or string.find(text, '\n', place, true) then return nil end
  return published, attempt, who, claimed, started, string.sub(text, place)
end

--@ job_of
-- The id of the job of a run; none if a stranger has written the run.
local function job_of(published)
  local plain = string.match(published, '^"job":"([^"\\]*)","message":')
  if plain then return plain end
  local quoted = string.match(published, '^"job":(".-"),"message":')
  local is_read, ids = pcall(cjson.decode, '[' .. (quoted or '') .. ']')
  return is_read and ids[1]
end

--@ has_result
local function has_result(ending)
  return ending ~= '' and string.match(ending, '^.*,"outcome":(.)') == '"'
end

--@ remove_runs
-- Remove messages from the list of a job's runs. They are usually its last ones, so those are removed
-- with one command, and what stands between them is added again.
local function remove_runs(id, gone)
  local is_gone, rest = {}, {}
  for _, message in ipairs(gone) do is_gone[message] = true end
  local last = call('LRANGE', runs_key(id), -2 * #gone, -1)
  for _, message in ipairs(last) do
    if not is_gone[message] then rest[#rest + 1] = message end
  end
  if #last - #rest == #gone then
    call('LTRIM', runs_key(id), 0, -1 - #last)
    if #rest > 0 then call('RPUSH', runs_key(id), unpack(rest)) end
  else
    for _, message in ipairs(gone) do call('LREM', runs_key(id), -1, message) end
  end
end

--@ trim_results rare
local function trim_results(id)
  local gone = call('LRANGE', results_key(id), results_kept, -1)
  if #gone == 0 then return end
  call('HDEL', P .. ':runs', unpack(gone))
  call('LTRIM', results_key(id), 0, results_kept - 1)
  remove_runs(id, gone)
end

--@ add_result
local function add_result(published, message)
  local id = job_of(published)
  if id and call('LPUSH', results_key(id), message) >= results_kept + RESULTS_SPARE then
    trim_results(id)
  end
end

--@ take_result rare
-- Take the result of a run back, which goes on or has another result; false if the run is gone,
-- because its job has had too many results since.
local function take_result(published, message)
  local id = job_of(published)
  if not id then return true end
  trim_results(id)
  return call('LREM', results_key(id), 1, message) == 1
end

--@ load_run
-- The lines of a run but for `attempt`, empty if the `attempt` is new; nil if a later one is known.
local function load_run(message, attempt)
  local text = call('HGET', P .. ':runs', message)
  if not text then return nil end
  local published, known, who, claimed, started, ending = read_run(text)
  if not published then return nil end
  known = tonumber(known) or 0
  attempt = tonumber(attempt)
  if attempt < known then return nil end
  if attempt > known then
    if has_result(ending) and not take_result(published, message) then return nil end
    return published, '', '', '', ''
  end
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
-- Finish a run; `is_begun` if it has started in this call too.
local function finish_run(message, attempt, who, ending, is_begun)
  local published, _, claimed, started, before = load_run(message, attempt)
  if not published or (has_result(before) and not take_result(published, message)) then return end
  if is_begun then started = ',"started":' .. at end
  save_run(message, attempt, published, who, claimed, started, ',"finished":' .. at .. ending)
  add_result(published, message)
end

--@ end_run
-- End a run without a result, whatever its attempt; `outcome` and `why` are JSON.
local function end_run(message, outcome, why)
  local text = call('HGET', P .. ':runs', message)
  local published, _, _, _, _, ending = read_run(text or '')
  if not published or (has_result(ending) and not take_result(published, message)) then return end
  call('HSET', P .. ':runs', message, text .. ',"outcome":' .. outcome .. ',"error":' .. why)
  if outcome ~= 'null' then add_result(published, message) end
end

--@ delete_runs
local function delete_runs(id)
  local messages = call('LRANGE', runs_key(id), 0, -1)
  for first = 1, #messages, 1000 do
    call('HDEL', P .. ':runs', unpack(messages, first, math.min(first + 999, #messages)))
  end
  call('DEL', runs_key(id), results_key(id))
end

-- --- events of messages, recorded and noted in the run

--@ of_worker
local function of_worker(name, number) return ',"server":"' .. name .. '","worker":' .. number end

--@ message_text
-- The text of a message. Long texts are joined in one step, for Lua hashes each text that it makes.
local function message_text(id, of, carried) return '{"id":' .. id .. ',' .. of .. carried .. '}' end

--@ record_published
local function record_published(id, of, shown)
  lines[#lines + 1] = '{"kind":"published","at":' .. at .. ',"message":' .. id .. ',' .. of
    .. '"server":"' .. server .. '",' .. shown .. '}'
end

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
  if not published or (has_result(ending) and not take_result(published, message)) then return end
  save_run(message, attempt, published, who, claimed, started, ending .. ',"outcome":"lost"')
  add_result(published, message)
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
