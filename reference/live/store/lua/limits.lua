-- Occurrences that the store does not publish: the script of `gnomon.reference.store.limits`.
--
--   :limits   hash id -> the limits of a job that has some: "max_parallel,jitter"
--   :counted  hash id -> the messages that count against the limit, separated by spaces
--   :unpublished:ID  list of the latest occurrences of job ID without a message, as they are in the
--             history; the latest first: `gnomon.reference.store.unpublished`

--@ save_limits
local function save_limits(job)
  if job.limits == '' then
    call('HDEL', P .. ':limits', job.key)
  else
    call('HSET', P .. ':limits', job.key, job.limits)
  end
end

--@ delete_limits
local function delete_limits(id)
  for _, hash in ipairs({':limits', ':counted'}) do call('HDEL', P .. hash, id) end
end

--@ load_limits
-- Give those of the jobs that have limits their `max_parallel` and `jitter`.
local function load_limits(ids, jobs)
  if call('EXISTS', P .. ':limits') == 0 then return end
  local limits = read_fields(P .. ':limits', ids)
  for place, id in ipairs(ids) do
    local job, parallel, jitter = jobs[id], string.match(limits[place] or '', '^(%d*),(%d*)$')
    if job then job.max_parallel, job.jitter = tonumber(parallel), tonumber(jitter) end
  end
end

--@ offset_of
-- How long after an instant its occurrence is published: `gnomon.reference.schedule.jitter`.
local function offset_of(job, due)
  local mixed = 1
  for _, byte in ipairs({string.byte(job.key .. '\n' .. due, 1, -1)}) do
    mixed = (mixed + byte) * 48271 % 2147483647
  end
  local low = (mixed + 1) * 48271 % 2147483647
  return (mixed * 2097152 + low % 2097152) % (job.jitter + 1)
end

--@ is_before_offset rare
-- Whether jitter delays what an entry publishes or counts as a misfire, beyond now (LIMIT-2).
local function is_before_offset(job, due, coalesced, skipped)
  if due ~= '' and tonumber(due) + offset_of(job, due) > now then return true end
  local latest = string.match(skipped ~= '' and skipped or coalesced, '([^,]+)$')
  return latest and tonumber(latest) + offset_of(job, latest) + tonumber(open_job(job).grace) >= now
end

--@ instants
-- Iterates over the instants in a comma-separated list.
local function instants(list) return string.gmatch(list, '[^,]+') end

--@ unpublished_key
local function unpublished_key(id) return P .. ':unpublished:' .. id end

--@ keep_unpublished
-- Keep the last `count` events, which are occurrences of a job without a message, for people.
local function keep_unpublished(job, count)
  if count == 0 then return end
  local kept = math.min(count, GNOMON_UNPUBLISHED_KEPT)
  call('LPUSH', unpublished_key(job.key), unpack(lines, #lines - kept + 1))
  call('LTRIM', unpublished_key(job.key), 0, GNOMON_UNPUBLISHED_KEPT - 1)
end

--@ account_for_misfires
-- How many occurrences were coalesced.
local function account_for_misfires(job, due, coalesced, skipped)
  local before = #lines
  for instant in instants(skipped) do
    record('skipped', '"job":' .. job.id .. ',"due":' .. instant)
    job.accounted = instant
  end
  local folded = 0
  for instant in instants(coalesced) do
    folded = folded + 1
    record('coalesced', '"job":' .. job.id .. ',"due":' .. instant .. ',"into":' .. due)
  end
  keep_unpublished(job, #lines - before)
  return folded
end

--@ count_unfinished
-- How many messages count against the limit of a job: the ids, and their number.
local function count_unfinished(ids, is_checked)
  local unfinished, number = {}, 0
  for id in string.gmatch(ids, '%d+') do
    if not is_checked or is_unfinished(id) then
      number = number + 1
      unfinished[number] = id
    end
  end
  return table.concat(unfinished, ' '), number
end

--@ is_surplus rare
-- Whether a job with a limit has as many unfinished messages as it may have (LIMIT-1).
local function is_surplus(job, due)
  if due == '' then return false end
  local counted, number = count_unfinished(call('HGET', P .. ':counted', job.key) or '')
  if number >= job.max_parallel then
    counted, number = count_unfinished(counted, true)
    if number >= job.max_parallel then return true end
  end
  job.counted = counted
  return false
end

--@ count_message
-- Count the message that was published last against the limit of its job.
local function count_message(job)
  if job.max_parallel then
    call('HSET', P .. ':counted', job.key, job.counted .. ' ' .. whole(meta.published))
  end
end

--@ uncount
-- Do not count a message any more: an operator wants it to run, whatever the limit.
local function uncount(job, message)
  local counted = call('HGET', P .. ':counted', job)
  if not counted then return end
  local others = {}
  for id in string.gmatch(counted, '%d+') do
    if id ~= message then others[#others + 1] = id end
  end
  call('HSET', P .. ':counted', job, table.concat(others, ' '))
end

--@ skip_surplus rare
-- Skip what an entry would publish, and the misfires that it would coalesce into that.
local function skip_surplus(job, due, coalesced, skipped)
  account_for_misfires(job, due, '', skipped)
  local before = #lines
  for instant in instants(coalesced == '' and due or coalesced .. ',' .. due) do
    record('skipped', '"job":' .. job.id .. ',"due":' .. instant .. ',"why":"max_parallel"')
  end
  keep_unpublished(job, #lines - before)
  job.accounted = due
end

