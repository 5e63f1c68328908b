-- The jobs, and how far each has come: the script of `gnomon.reference.store.jobs`, function for function.
--
--   :progress   hash id -> how far the job has come, and its limits: PROGRESS, separated by commas
--   :carried    hash id -> the part of its definition that a message carries
--   :shown      hash id -> that part as events show it, if that differs
--   :job:ID     hash of the rest of one job
--   :jobs       sorted set of ids in the order of creation
--   :due        sorted set of places: what is expected next, as 18 digits, and then the id
--   :names      hash name -> id
--   :by-name    sorted set of the names
--   :changed    sorted set of ids, also of deleted jobs, by the version of their latest change
--   :changes:ID list of the changes of job ID as JSON, the latest first: `gnomon.reference.store.job_changes`
--   :watchers   hash server -> the version after which it waits for a change
--
-- Publishing reads and writes many jobs in one call, and of each job only the small records that it
-- needs. Instants are text, since they may be larger than a number can hold; so are revisions.
--
-- `encode` passes the pieces of a job ready to be joined: `definition` is its JSON without braces and
-- without is_active.

--@ FIELDS
local FIELDS = {'name', 'job_type', 'start', 'size', 'definition'}

--@ PROGRESS
-- The parts of a job's progress: `state` (revision, active, cursor), published, accounted, expected,
-- `bounds` (grace, repeats, ends), and the id in quotes. Publishing compares a state, and passes
-- bounds on; whatever needs the values in them opens the job.
local PROGRESS = '^(%d+,[01],%-?%d*),(%d+),(%-?%d*),(%d+),(%d+,%d*,%-?%d*),(".*")$'

--@ key_of
local function key_of(id) return P .. ':job:' .. id end

--@ MINUS
local MINUS = string.byte('-')

--@ read_progress
-- A job without its definition; nil if there is no job, or something else. Its messages carry
-- `carried`, which events show as `shown`.
local function read_progress(id, text, carried, shown)
  local state, published, accounted, expected, bounds, quoted = string.match(text or '', PROGRESS)
  if not state or accounted == '-' or string.byte(bounds, -1) == MINUS then return nil end
  return {key = id, state = state, published = published, accounted = accounted, expected = expected,
    bounds = bounds, id = quoted, carried = carried, shown = shown}
end

--@ open_job
-- Give a job, if there is one, the values in its state and in its bounds; they count from now on.
local function open_job(job)
  if not job or job.revision then return job end
  job.revision, job.active, job.cursor = string.match(job.state, '^(.*),(.*),(.*)$')
  job.grace, job.repeats, job.ends = string.match(job.bounds, '^(.*),(.*),(.*)$')
  return job
end

--@ read_fields
-- The values of some fields of a hash; a call takes only so many arguments at once.
local function read_fields(key, fields)
  if #fields <= 1000 then return #fields > 0 and call('HMGET', key, unpack(fields)) or {} end
  local values = {}
  for first = 1, #fields, 1000 do
    local found = call('HMGET', key, unpack(fields, first, math.min(first + 999, #fields)))
    for place = 1, #found do values[first + place - 1] = found[place] end
  end
  return values
end

--@ load_jobs
-- The jobs of those ids by id, each with what its messages carry.
local function load_jobs(ids)
  local progress = read_fields(P .. ':progress', ids)
  local carried = read_fields(P .. ':carried', ids)
  local shown = call('EXISTS', P .. ':shown') == 1 and read_fields(P .. ':shown', ids) or {}
  local jobs = {}
  for place, id in ipairs(ids) do
    local carries = carried[place] or ''
    jobs[id] = jobs[id] or read_progress(id, progress[place], carries, shown[place] or carries)
  end
  return jobs
end

--@ load_definition
local function load_definition(job)
  local values = call('HMGET', key_of(job.key), unpack(FIELDS))
  for place, field in ipairs(FIELDS) do job[field] = values[place] or '' end
end

--@ save_progress
local function save_progress(jobs)
  for first = 1, #jobs, 1000 do
    local values = {}
    for place = first, math.min(first + 999, #jobs) do
      local job, last = jobs[place], 2 * (place - first + 1)
      if job.revision then
        job.state = job.revision .. ',' .. job.active .. ',' .. job.cursor
        job.bounds = job.grace .. ',' .. job.repeats .. ',' .. job.ends
      end
      values[last - 1] = job.key
      values[last] = job.state .. ',' .. job.published .. ',' .. job.accounted .. ','
        .. job.expected .. ',' .. job.bounds .. ',' .. job.id
    end
    call('HSET', P .. ':progress', unpack(values))
  end
end

--@ save_job
local function save_job(job)
  local values = {}
  for _, field in ipairs(FIELDS) do
    values[#values + 1] = field
    values[#values + 1] = job[field]
  end
  call('HSET', key_of(job.key), unpack(values))
  call('HSET', P .. ':carried', job.key, job.carried)
  if job.shown == job.carried then
    call('HDEL', P .. ':shown', job.key)
  else
    call('HSET', P .. ':shown', job.key, job.shown)
  end
  save_progress({job})
end

--@ job_exists
local function job_exists(id) return call('HEXISTS', P .. ':progress', id) == 1 end

--@ place_of
-- The place of a job in the order of what is expected next, for the pages of a new leader.
local function place_of(job) return job.expected .. job.key end

--@ is_limited
-- Whether a job ends after some occurrences, or at an instant.
local function is_limited(job) return string.sub(job.bounds, -2) ~= ',,' end

--@ set_cursor
-- Set the cursor of an active job of that revision.
local function set_cursor(job, revision, cursor)
  job.state = revision .. ',1,' .. cursor
  if job.revision then job.cursor = cursor end
end

--@ has_ended
local function has_ended(job)
  return job.cursor == '' or (job.repeats ~= '' and tonumber(job.published) >= tonumber(job.repeats))
    or (job.ends ~= '' and tonumber(job.cursor) >= tonumber(job.ends))
end

--@ is_over
-- Whether the end of a job or of a new definition has passed (FIRE-3).
local function is_over(job) return job.ends ~= '' and tonumber(job.ends) <= now end

--@ job_list
-- The jobs of those ids. A page has a number for each, and ends when its `room` (bytes) is used up:
-- then there are more jobs after its last one. `more` is set if there are more jobs anyway.
local function job_list(ids, numbers, room, more)
  local jobs, gone, progress = {}, {}, read_fields(P .. ':progress', ids)
  for place, id in ipairs(ids) do
    local job = open_job(read_progress(id, progress[place]))
    local values = progress[place] and call('HMGET', key_of(id), 'definition', 'size') or {}
    if job then
      jobs[#jobs + 1] = '{"id":' .. job.id .. ',"revision":' .. job.revision
        .. ',"definition":{"is_active":' .. (job.active == '1' and 'true' or 'false') .. ','
        .. (values[1] or '') .. '},"cursor":' .. (job.cursor == '' and 'null' or job.cursor)
        .. ',"published":' .. job.published .. '}'
    elseif progress[place] then
      jobs[#jobs + 1] = '{"id":' .. quote(id) .. ',"revision":"its progress"}'
    elseif id ~= '' then  -- a pause of the cluster counts as a change of a job without an id
      gone[#gone + 1] = quote(id)
    end
    if room then
      room = room - (tonumber(values[2] or 0) or 0)
      if room <= 0 then
        more = numbers[place]
        break
      end
    end
  end
  return answer('JobList', '"version":' .. whole(meta.version) .. ',"store":' .. whole(meta.store)
    .. (meta.paused == 0 and '' or ',"paused":true') .. ',"gone":['
    .. table.concat(gone, ',') .. '],"more":' .. (more or 'null')), table.concat(jobs, '\n')
end

--@ watch
-- Send a server the changed jobs, or let it wait for a change.
local function watch(name, since)
  local ids = call('ZRANGEBYSCORE', P .. ':changed', '(' .. since, '+inf')
  if #ids == 0 then return call('HSET', P .. ':watchers', name, since) end
  deliver(name, '{"type":"Changes","since":' .. since .. '}', job_list(ids))
end

--@ report_change
local function report_change(job)
  set('version', meta.version + 1)
  call('ZADD', P .. ':changed', whole(meta.version), job.key)
  local watching = call('HGETALL', P .. ':watchers')
  if #watching == 0 then return end
  call('DEL', P .. ':watchers')
  local since, names = {}, {}
  for place = 1, #watching, 2 do
    names[#names + 1] = watching[place]
    since[watching[place]] = watching[place + 1]
  end
  table.sort(names)
  for _, name in ipairs(names) do watch(name, since[name]) end
end

--@ switch
-- Make a job active or not; its revision rises.
local function switch(job, active)
  job.active = active and '1' or '0'
  job.revision = whole(job.revision + 1)
  save_progress({job})
end

--@ changes_key
local function changes_key(id) return P .. ':changes:' .. id end

--@ note_change
-- Keep the change of a job, if it has a note: pieces of JSON.
local function note_change(job, note)
  if note == '' then return end
  call('LPUSH', changes_key(job.key), '{"at":' .. at .. ',"revision":' .. job.revision .. ',' .. note .. '}')
  call('LTRIM', changes_key(job.key), 0, GNOMON_CHANGES_KEPT - 1)
end

--@ end_if_done rare
-- Make a job inactive if no planned occurrence is left (FIRE-3).
local function end_if_done(job)
  if job.active == '1' and has_ended(job) then
    switch(job, false)
    record('job_deactivated', '"job":' .. job.id .. ',"revision":' .. job.revision
      .. ',"has_ended":true')
    note_change(job, '"what":"ended","by":"GNOMON_BY_PLAN"')
    report_change(job)
  end
end

--@ set_jobs_back
-- Set every job back to now: what it was due then or later has had no outcome.
local function set_jobs_back()
  for _, id in ipairs(call('ZRANGE', P .. ':jobs', 0, -1)) do
    local job = open_job(read_progress(id, call('HGET', P .. ':progress', id)))
    if job then
      local accounted, cursor = tonumber(job.accounted), tonumber(job.cursor)
      if accounted and accounted >= now then job.accounted = whole(now - 1) end
      if cursor and cursor > now then job.cursor = at end
      save_progress({job})
    end
  end
end

--@ accept
local function accept(job)
  reply('Accepted', '"revision":' .. job.revision)
  report_change(job)
end

--@ refuse
local function refuse(why) reply('Refused', '"why":' .. why) end

--@ current
-- The job that an operation names, if it is at the named revision; else the operation is refused.
local function current()
  local id, revision, missing = take(), take(), take()
  local job = open_job(load_jobs({id})[id])
  if not job then
    refuse(missing)
  elseif job.revision ~= revision then
    refuse(quote('the job is at revision ' .. job.revision .. ', not ' .. revision))
    job = nil
  end
  return job
end
