-- Lists for people: the runs of jobs, and the jobs by name.

--@ RUNS_KEPT
local RUNS_KEPT = GNOMON_RUNS_KEPT

--@ run_of
-- The run of a message as JSON; nil if there is none.
local function run_of(message)
  local text = call('HGET', P .. ':runs', message)
  local published, attempt, who, claimed, started, ending = read_run(text or '')
  return published and '{' .. published .. (attempt == '' and '' or ',"attempt":' .. attempt) .. who
    .. claimed .. started .. ending .. '}'
end

--@ list_runs
-- The runs of messages, each as JSON on a line of its own: the first `most` that are not `gone`.
local function list_runs(messages, most, gone)
  local lines = {}
  for _, message in ipairs(messages) do
    local run = not gone[message] and run_of(message)
    if run then lines[#lines + 1] = run end
    if #lines == most then break end
  end
  return table.concat(lines, '\n')
end

--@ meaning.RunsOf
function meaning.RunsOf()
  local id, missing = take(), take()
  if not job_exists(id) then return refuse(missing) end
  local gone, surplus = {}, call('LRANGE', results_key(id), results_kept, -1)
  for _, message in ipairs(surplus) do gone[message] = true end
  local latest = call('LRANGE', runs_key(id), 0, RUNS_KEPT + #surplus - 1)
  reply('JobRuns', nil, list_runs(latest, RUNS_KEPT, gone))
end

--@ meaning.ResultsOf
function meaning.ResultsOf()
  local id, missing = take(), take()
  if not job_exists(id) then return refuse(missing) end
  reply('JobRuns', nil, list_runs(call('LRANGE', results_key(id), 0, results_kept - 1), results_kept, {}))
end

--@ meaning.ChangesOf
function meaning.ChangesOf()
  local id, missing = take(), take()
  if not job_exists(id) then return refuse(missing) end
  reply('JobChanges', nil, table.concat(call('LRANGE', changes_key(id), 0, -1), '\n'))
end

--@ meaning.UnpublishedOf
function meaning.UnpublishedOf()
  local id, missing = take(), take()
  if not job_exists(id) then return refuse(missing) end
  reply('UnpublishedList', nil, table.concat(call('LRANGE', unpublished_key(id), 0, -1), '\n'))
end

--@ meaning.LatestFaults
function meaning.LatestFaults()
  reply('FaultList', nil, table.concat(call('LRANGE', P .. ':faults', 0, -1), '\n'))
end

--@ meaning.LastResults
function meaning.LastResults()
  local lines = {}
  for place = 1, take_number() do
    local message = call('LINDEX', results_key(take()), 0)
    lines[place] = message and run_of(message) or ''
  end
  reply('LastRuns', nil, table.concat(lines, '\n'))
end

--@ meaning.OpenRuns
function meaning.OpenRuns()
  local lines = {}
  for place = 1, take_number() do
    local message = take()
    local _, _, _, _, _, ending = read_run(call('HGET', P .. ':runs', message) or '')
    lines[place] = ending and not has_result(ending) and run_of(message) or ''
  end
  reply('LastRuns', nil, table.concat(lines, '\n'))
end

--@ meaning.JobsByName
function meaning.JobsByName()
  local is_first, after, most, is_reverse, room = take() == '1', take(), take_number(), take() == '1',
    take_number()
  local key = P .. ':by-name'
  local names
  if is_reverse then
    names = call('ZREVRANGEBYLEX', key, is_first and '+' or '(' .. after, '-', 'LIMIT', 0, most)
  else
    names = call('ZRANGEBYLEX', key, is_first and '-' or '(' .. after, '+', 'LIMIT', 0, most)
  end
  local ids, places = {}, {}
  for place, id in ipairs(read_fields(P .. ':names', names)) do
    ids[place], places[place] = id or '', quote(names[place])
  end
  deliver(server, asked(), job_list(ids, places, room, #names == most and places[most] or nil))
end
