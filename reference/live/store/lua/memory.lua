-- The meaning of each operation: the script of `gnomon.reference.store.memory`. An operation takes its
-- arguments in the order in which `gnomon.reference.live.store.encode` passes them.

local meaning = {}

--@ correct_time rare
-- Correct the store's time if its clock was set back by more than a lease.
local function correct_time()
  local was = meta.now
  if was - reading <= meta.ttl then return end
  now, at = reading, whole(reading)
  set('now', now)
  set('ends', now)
  record('clock_set_back', '"was":' .. whole(was))
  keep_fault()
  set_leader('')
  set_lives_back()
  set_messages_back()
  set_jobs_back()
end

-- --- leading

--@ expire_lease
local function expire_lease()
  if leader ~= '' and now >= meta.ends then
    record('lease_expired', '"server":"' .. leader .. '","epoch":' .. whole(meta.epoch))
    keep_fault()
    set_leader('')
  end
end

--@ lease
local function lease()
  local who = leader == '' and 'null' or '"' .. leader .. '"'
  return answer('Leader', '"server":' .. who .. ',"epoch":' .. whole(meta.epoch) .. ',"until":'
    .. whole(meta.ends) .. ',"version":' .. whole(meta.version) .. ',"store":' .. whole(meta.store))
end

--@ reply_lease
local function reply_lease() deliver(server, asked(), lease()) end

--@ wake_others
-- Report to each other live server that this one has released the lease.
local function wake_others(epoch)
  local names = call('ZRANGEBYSCORE', P .. ':alive', '(' .. at, '+inf')
  table.sort(names)
  for _, name in ipairs(names) do
    if name ~= server then
      deliver(name, '{"type":"Resign","epoch":' .. whole(epoch) .. '}', lease())
    end
  end
end

--@ identify
local function identify()
  if meta.store == 0 then set('store', now) end
end

--@ replace
-- Note what a server knew of the store in whose place this one is (LEAD-1).
local function replace(former, epoch, jobs)
  set('former', math.max(meta.former, tonumber(epoch)))
  record('store_replaced', '"server":"' .. server .. '","former":' .. former .. ',"store":'
    .. whole(meta.store) .. ',"epoch":' .. epoch .. (jobs == '' and '' or ',"jobs":' .. jobs))
  keep_fault()
end

--@ meaning.Campaign
function meaning.Campaign()
  local ttl, process, store = take_number(), take_number(), take_number()
  local former, epoch, jobs, services, claims = take(), take(), take(), take(), take_number()
  if ttl ~= meta.ttl then set('ttl', ttl) end
  identify()
  if store ~= 0 and store ~= meta.store then
    position = position + 3 * claims
    return reply_lease()
  end
  if former ~= '' then replace(former, epoch, jobs) end
  expire_lease()
  if leader == '' then
    set('epoch', math.max(meta.epoch, meta.former) + 1)
    set_leader(server)
    record('lease_acquired', '"server":"' .. server .. '","epoch":' .. whole(meta.epoch))
  end
  if leader == server then set('ends', now + ttl) end
  note_life(ttl)
  reply_lease()
  begin_if_new(server, process)
  deploy(process, services)
  for _ = 1, claims do claim_again(take(), take_number(), take()) end
  take_back()
end

--@ meaning.Resign
function meaning.Resign()
  local epoch = take_number()
  expire_lease()
  local is_released = leader == server and meta.epoch == epoch
  if is_released then
    record('lease_released', '"server":"' .. server .. '","epoch":' .. whole(epoch))
    set_leader('')
  end
  reply_lease()
  if is_released then wake_others(epoch) end
end

-- --- jobs

--@ meaning.Changes
function meaning.Changes() watch(server, take()) end

-- --- publishing

--@ append
local function append(job, revision, due, epoch, cid, on_demand, coalesced)
  local of = '"cid":"' .. cid .. '","job":' .. job.id .. ',"revision":' .. revision .. ',"due":'
    .. due .. ',"epoch":' .. epoch .. ','
  local message = keep_message(of, job.carried, job.shown .. ',"on_demand":' .. on_demand
    .. ',"coalesced":' .. coalesced)
  add_run(job, message, '"cid":"' .. cid .. '","on_demand":' .. on_demand .. ',"due":' .. due)
  serve()
end

--@ meaning.Execute
function meaning.Execute()
  local job = current()
  local cid, extra, shown_extra = take(), take(), take()
  if not job then return end
  reply('Accepted', '"revision":' .. job.revision)
  local carried, shown = job.carried, job.shown
  -- The payload is their last field. In a text of JSON each quote has a backslash before it, so that
  -- only the field is found.
  local function with_payload(part, payload)
    return string.sub(part, 1, string.find(part, ',"payload":', 1, true)) .. '"payload":' .. payload
  end
  if extra ~= '' then
    job.carried = with_payload(carried, extra)
    job.shown = with_payload(shown, shown_extra) .. ',"extra_given":true'
  end
  append(job, job.revision, at, whole(meta.epoch), cid, 'true', 0)
  job.carried, job.shown = carried, shown
end

--@ is_early
-- Whether an instant is still to come; many entries name the same.
local last_due, is_last_early
local function is_early(due)
  if due ~= last_due then last_due, is_last_early = due, tonumber(due) > now end
  return is_last_early
end

--@ refusal
-- Why an entry about a job is refused, or nil.
local function refusal(job, revision, cursor, due, coalesced, skipped)
  if not job then return 'gone' end
  if job.state ~= revision .. ',1,' .. cursor then
    open_job(job)
    return job.active ~= '1' and 'inactive' or job.revision ~= revision and 'revision' or 'cursor'
  end
  if due ~= '' and is_early(due) then return 'early' end
  if job.jitter and is_before_offset(job, due, coalesced, skipped) then return 'early' end
  if skipped == '' and coalesced == '' then return end
  local misfires = skipped ~= '' and skipped or coalesced
  local latest = string.match(misfires, '([^,]+)$')
  if latest and tonumber(latest) + tonumber(open_job(job).grace) >= now then return 'early' end
end

--@ entry_jobs
-- The jobs of the entries that come next in the arguments, by id.
local function entry_jobs(count)
  local ids = {}
  for entry = 1, count do ids[entry] = ARGV[position + 9 * entry - 8] end
  local jobs = load_jobs(ids)
  load_limits(ids, jobs)
  return jobs
end

--@ move_all
-- Move jobs in the order of what is expected next; `former` has their places before: id -> place.
local function move_all(jobs, former)
  local before, now_at = {}, {}
  local function send()
    call('ZREM', P .. ':due', unpack(before))
    call('ZADD', P .. ':due', unpack(now_at))
    before, now_at = {}, {}
  end
  for id, place in pairs(former) do
    local count = #before + 1
    before[count] = place
    now_at[2 * count - 1], now_at[2 * count] = 0, place_of(jobs[id])
    if count == 500 then send() end
  end
  if #before > 0 then send() end
end

--@ meaning.Publish
function meaning.Publish()
  local epoch, before, count = take_number(), take_number(), take_number()
  if now >= meta.ends then expire_lease() end
  local general
  if leader ~= server or meta.epoch ~= epoch then
    general = 'deposed'
  elseif now >= before then
    general = 'late'
  elseif meta.paused ~= 0 then
    general = 'paused'
  end
  local place, term = reserve(), whole(epoch)
  local jobs = general and {} or entry_jobs(count)
  local refusals, moved, former = {}, {}, {}
  for entry = 1, count do
    local id, revision, cursor, due, next_cursor, cid, coalesced, skipped, expected = take_several(9)
    local job = jobs[id]
    local why = general or refusal(job, revision, cursor, due, coalesced, skipped)
    if why then
      refusals[entry] = '"' .. why .. '"'
      local of = due ~= '' and due or string.match(skipped, '^[^,]+') or cursor
      record('publish_refused', '"job":' .. quote(id) .. ',"due":' .. of
        .. ',"epoch":' .. term .. ',"server":"' .. server .. '","why":"' .. why .. '"')
    else
      if job.max_parallel and is_surplus(job, due) then
        refusals[entry] = '"surplus"'
        skip_surplus(job, due, coalesced, skipped)
      else
        local has_misfires = coalesced ~= '' or skipped ~= ''
        local folded = has_misfires and account_for_misfires(job, due, coalesced, skipped) or 0
        if due ~= '' then
          job.published = whole(job.published + 1)
          job.accounted = due
          append(job, revision, due, term, cid, 'false', folded)
          count_message(job)
        end
      end
      set_cursor(job, revision, next_cursor)
      if expected ~= '' then
        former[id] = former[id] or place_of(job)
        job.expected = expected
      end
      moved[#moved + 1] = job
      if (next_cursor == '' or is_limited(job)) and has_ended(open_job(job)) then
        save_progress(moved)  -- whoever waits for changes is sent what is saved
        moved = {}
        end_if_done(job)
      end
    end
  end
  save_progress(moved)
  move_all(jobs, former)
  if next(refusals) then
    for entry = 1, count do refusals[entry] = refusals[entry] or 'null' end
  end
  fill(place, 'Outcomes', '"refusals":[' .. table.concat(refusals, ',') .. ']')
end

-- --- delivering

--@ meaning.Claim
function meaning.Claim() carry_out_claim(take(), take_number(), take()) end

--@ meaning.Complete
function meaning.Complete()
  local worker, turn, what = worker_of(server, take()), take_number(), take()
  local accepted = call('HGET', P .. ':held', worker) == what
  if accepted then drop_held(worker, what) end
  close_turn(worker, turn)
  reply('Completed', '"accepted":' .. (accepted and 'true' or 'false'))
end

--@ meaning.SetAside
function meaning.SetAside()
  local worker, what, why = worker_of(server, take()), take(), take()
  if call('HGET', P .. ':held', worker) == what then
    local id, attempt = string.match(what, '^(%d+) (%d+)$')
    call('HDEL', P .. ':held', worker)
    bury(worker, id, why, attempt)
    record_dead_lettered(id, quote(why))
  end
  reply('Done')
end

--@ meaning.Join
function meaning.Join()
  local process, ttl, turn = take_number(), take_number(), take_number()
  identify()
  note_life(ttl)
  reply('Done')
  if process > process_of(server) then begin(server, process) else begin_anew(server, turn) end
end

--@ meaning.Heartbeat
function meaning.Heartbeat()
  local ttl, process = take_number(), take_number()
  note_life(ttl)
  reply('Done')
  begin_if_new(server, process)
end

--@ meaning.Reclaim
function meaning.Reclaim()
  reply('Done')
  take_back()
end

--@ meaning.Withdraw
function meaning.Withdraw()
  dismiss(server)
  local place, given = reserve(), {}
  for _ = 1, take_number() do
    local number, turn, done = take(), take_number(), take()
    local worker = worker_of(server, number)
    begin_if_new(server, math.floor(turn / 4294967296))
    local earliest = call('HGET', P .. ':turns', worker)
    if not earliest or tonumber(earliest) <= turn + 1 then
      close_turn(worker, turn)
      local held = call('HGET', P .. ':held', worker)
      -- what a claim was assigned, it does not complete
      local is_carried_out = earliest and tonumber(earliest) >= turn
      if held and held == done and not is_carried_out then
        drop_held(worker, held)
      elseif held then
        local id, attempt = string.match(held, '^(%d+) (%d+)$')
        given[#given + 1] = claim_text(worker, turn, done) .. '\t' .. attempt .. '\t'
          .. id .. ' ' .. held_message(worker, id)
      end
    end
  end
  fill(place, 'Withdrawn', nil, table.concat(given, '\n'))
end
