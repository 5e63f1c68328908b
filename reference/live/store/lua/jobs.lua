-- The jobs, and how far each has come: the script of `gnomon.reference.store.jobs`, function for function.
--
--   :job:ID     hash of one job; instants are text, since they may be larger than a number can hold
--   :jobs       sorted set of ids in the order of creation
--   :due        sorted set of places: what is expected next, as 18 digits, and then the id
--   :names      hash name -> id
--   :changed    sorted set of ids, also of deleted jobs, by the version of their latest change
--   :watchers   hash server -> the version after which it waits for a change
--
-- `encode` passes the pieces of a job ready to be joined: `definition` is its JSON without braces and
-- without is_active, `carried` the part that a message carries, `shown` that part as events show it.

--@ FIELDS
local FIELDS = {'id', 'name', 'job_type', 'start', 'repeats', 'ends', 'grace', 'size', 'definition', 'carried',
  'shown', 'revision', 'active', 'cursor', 'published', 'accounted', 'expected'}

--@ key_of
local function key_of(id) return P .. ':job:' .. id end

--@ load_job
-- The `fields` of a job, and its revision; nil if there is no job, or something else.
local function load_job(id, fields)
  local values = call('HMGET', key_of(id), 'revision', unpack(fields))
  local revision = values[1] and tonumber(values[1])
  if not revision then return nil end
  local job = {key = id}
  for place = 1, #fields do job[fields[place]] = values[place + 1] or '' end
  job.revision = revision
  return job
end

--@ save_job
local function save_job(job, ...)
  local values = {}
  for _, field in ipairs({...}) do
    local value = job[field]
    values[#values + 1] = field
    values[#values + 1] = type(value) == 'number' and whole(value) or value
  end
  call('HSET', key_of(job.key), unpack(values))
end

--@ place_of
-- The place of a job in the order of what is expected next, for the pages of a new leader.
local function place_of(job) return job.expected .. job.key end

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
  local jobs, gone = {}, {}
  for place, id in ipairs(ids) do
    local values = call('HMGET', key_of(id), 'id', 'revision', 'active', 'definition', 'cursor',
      'published', 'size')
    if values[1] and values[2] and values[6] then
      local cursor = values[5] or ''
      jobs[#jobs + 1] = '{"id":' .. values[1] .. ',"revision":' .. values[2]
        .. ',"definition":{"is_active":' .. (values[3] == '1' and 'true' or 'false') .. ','
        .. (values[4] or '') .. '},"cursor":' .. (cursor == '' and 'null' or cursor) .. ',"published":'
        .. values[6] .. '}'
    else
      gone[#gone + 1] = quote(id)
    end
    if room then
      room = room - (tonumber(values[7] or 0) or 0)
      if room <= 0 then
        more = numbers[place]
        break
      end
    end
  end
  return answer('JobList', '"version":' .. whole(meta.version) .. ',"store":' .. whole(meta.store)
    .. ',"gone":['
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
  job.revision = job.revision + 1
  save_job(job, 'active', 'revision')
end

--@ end_if_done
-- Make a job inactive if no planned occurrence is left (FIRE-3).
local function end_if_done(job)
  if job.active == '1' and has_ended(job) then
    switch(job, false)
    record('job_deactivated', '"job":' .. job.id .. ',"revision":' .. whole(job.revision)
      .. ',"has_ended":true')
    report_change(job)
  end
end

--@ set_jobs_back
-- Set every job back to now: what it was due then or later has had no outcome.
local function set_jobs_back()
  for _, id in ipairs(call('ZRANGE', P .. ':jobs', 0, -1)) do
    local job = call('HMGET', key_of(id), 'accounted', 'cursor')
    local accounted, cursor = tonumber(job[1] or ''), tonumber(job[2] or '')
    if accounted and accounted >= now then
      call('HSET', key_of(id), 'accounted', whole(now - 1))
    end
    if cursor and cursor > now then call('HSET', key_of(id), 'cursor', at) end
  end
end

--@ accept
local function accept(job)
  reply('Accepted', '"revision":' .. whole(job.revision))
  report_change(job)
end

--@ refuse
local function refuse(why) reply('Refused', '"why":' .. why) end

--@ current
-- The job that an operation names, if it is at the named revision; else the operation is refused.
local function current()
  local id, revision, missing = take(), take_number(), take()
  local job = load_job(id, FIELDS)
  if not job then
    refuse(missing)
  elseif job.revision ~= revision then
    refuse(quote('the job is at revision ' .. whole(job.revision) .. ', not ' .. whole(revision)))
    job = nil
  end
  return job
end
