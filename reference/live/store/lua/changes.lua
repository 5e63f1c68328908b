-- Creating, changing and listing jobs: the operations of `gnomon.reference.store.jobs` that are rare.

--@ take_definition
-- The pieces of a definition, from the arguments of an operation.
local function take_definition()
  local new = {}
  for _, field in ipairs({'name', 'job_type', 'start', 'repeats', 'ends', 'grace', 'size', 'definition',
    'carried', 'shown', 'expected', 'active', 'written', 'name_taken', 'end_has_passed',
    'limits'}) do new[field] = take() end
  return new
end

--@ resume
-- Continue from now, but give no instant two outcomes (FIRE-9, PUB-1).
local function resume(job)
  local accounted = job.accounted ~= '' and tonumber(job.accounted) + 1 or now
  job.cursor = whole(math.max(now, accounted))
end

--@ define
-- Set a new definition; occurrences before now are not made up (FIRE-8, FIRE-10).
local function define(job, new)
  for field, value in pairs(new) do job[field] = value end
  resume(job)
  local is_ahead = job.accounted == '' or tonumber(job.accounted) < tonumber(job.start)
  if job.job_type == 'one_time' and is_ahead then job.cursor = job.start end
end

--@ set_name
local function set_name(name, id)
  call('HSET', P .. ':names', name, id)
  call('ZADD', P .. ':by-name', 0, name)
end

--@ remove_name
local function remove_name(name)
  call('HDEL', P .. ':names', name)
  call('ZREM', P .. ':by-name', name)
end

--@ reject
local function reject(id, written, fault)
  record('job_rejected', '"job":' .. id .. ',"definition":' .. written .. ',"faults":[' .. fault .. ']')
  refuse(fault)
end

--@ meaning.PutJob
function meaning.PutJob()
  local id, quoted, id_taken = take(), take(), take()
  local new, note = take_definition(), take()
  if job_exists(id) then return reject(quoted, new.written, id_taken) end
  if call('HEXISTS', P .. ':names', new.name) == 1 then
    return reject(quoted, new.written, new.name_taken)
  end
  if new.active == '1' and is_over(new) then
    return reject(quoted, new.written, new.end_has_passed)
  end
  local job = {key = id, id = quoted, revision = '1', published = '0', accounted = ''}
  define(job, new)
  save_job(job)
  save_limits(job)
  set('created', meta.created + 1)
  call('ZADD', P .. ':jobs', whole(meta.created), id)
  call('ZADD', P .. ':due', 0, place_of(job))
  set_name(new.name, id)
  record('job_created', '"job":' .. quoted .. ',"name":' .. quote(new.name) .. ',"definition":'
    .. new.written .. ',"revision":1')
  note_change(job, note)
  accept(job)
end

--@ meaning.EditJob
function meaning.EditJob()
  local job = current()
  local new, note = take_definition(), take()
  if not job then return end
  load_definition(job)
  if new.job_type ~= job.job_type then
    local fault = 'job_type: an edit never changes it; it stays ' .. job.job_type
    return reject(job.id, new.written, quote(fault))
  end
  if new.name ~= job.name and call('HEXISTS', P .. ':names', new.name) == 1 then
    return reject(job.id, new.written, new.name_taken)
  end
  remove_name(job.name)
  set_name(new.name, job.key)
  call('ZREM', P .. ':due', place_of(job))
  define(job, new)
  call('ZADD', P .. ':due', 0, place_of(job))
  job.revision = whole(job.revision + 1)
  save_job(job)
  save_limits(job)
  record('job_edited', '"job":' .. job.id .. ',"name":' .. quote(new.name) .. ',"definition":'
    .. new.written .. ',"revision":' .. job.revision)
  note_change(job, note)
  local place = reserve()
  end_if_done(job)
  fill(place, 'Accepted', '"revision":' .. job.revision)
  report_change(job)
end

--@ meaning.SetActive
function meaning.SetActive()
  local job = current()
  local active, note = take() == '1', take()
  if not job then return end
  if (job.active == '1') == active then
    return reply('Accepted', '"revision":' .. job.revision)
  end
  load_definition(job)
  if active and is_over(job) then return refuse('"its end has passed"') end
  if active and has_ended(job) then return refuse('"the job has had its last occurrence"') end
  if active and job.job_type == 'one_time' and tonumber(job.start) < now then
    return refuse('"its start_date passed while it was inactive"')
  end
  if active then
    resume(job)
  end
  switch(job, active)
  record(active and 'job_activated' or 'job_deactivated',
    '"job":' .. job.id .. ',"revision":' .. job.revision)
  note_change(job, note)
  accept(job)
end

--@ meaning.DeleteJob
function meaning.DeleteJob()
  local job = current()
  if not job then return end
  load_definition(job)
  call('DEL', key_of(job.key))
  for _, hash in ipairs({':progress', ':carried', ':shown'}) do call('HDEL', P .. hash, job.key) end
  call('ZREM', P .. ':jobs', job.key)
  call('ZREM', P .. ':due', place_of(job))
  remove_name(job.name)
  delete_runs(job.key)
  delete_limits(job.key)
  call('DEL', changes_key(job.key), unpublished_key(job.key))
  record('job_deleted', '"job":' .. job.id)
  accept(job)
end

--@ meaning.ExpectJobs
-- Note when jobs are expected to be due next; it only orders the pages for a new leader.
function meaning.ExpectJobs()
  local ids, expected, moved, former = {}, {}, {}, {}
  for place = 1, take_number() do ids[place], expected[place] = take(), take() end
  local jobs = load_jobs(ids)
  for place, id in ipairs(ids) do
    local job = jobs[id]
    if job then
      former[id] = former[id] or place_of(job)
      job.expected = expected[place]
      moved[#moved + 1] = job
    end
  end
  save_progress(moved)
  move_all(jobs, former)
end

--@ page_after
-- The ids of the jobs after a number (`order` is -1), or after a place (-2), and where each is.
local function page_after(order, after, most)
  local ids, numbers = {}, {}
  if order == -2 then
    local first = after == '' and '-' or '(' .. after
    for _, place in ipairs(call('ZRANGEBYLEX', P .. ':due', first, '+', 'LIMIT', 0, most)) do
      ids[#ids + 1] = string.sub(place, 19)
      numbers[#numbers + 1] = quote(place)
    end
    return ids, numbers
  end
  local found = call('ZRANGEBYSCORE', P .. ':jobs', '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0,
    most)
  for place = 1, #found, 2 do
    ids[#ids + 1] = found[place]
    numbers[#numbers + 1] = whole(tonumber(found[place + 1]))
  end
  return ids, numbers
end

--@ meaning.Jobs
function meaning.Jobs()
  local count = take_number()
  if count >= 0 then
    local named = {}
    for place = 1, count do named[place] = take() end
    return deliver(server, asked(), job_list(named))
  end
  local after, page, room = take(), take_number(), take_number()
  local ids, numbers = page_after(count, after, page)
  deliver(server, asked(), job_list(ids, numbers, room, #ids == page and numbers[page] or nil))
end
