-- What running servers report with each call or beat: the script of `gnomon.reference.store.servers`.
--
--   :reported   hash server -> number of the last event that it has reported

--@ record_reported
-- Events come without their opening brace and their `at`.
local function record_reported(event) lines[#lines + 1] = '{"at":' .. at .. ',' .. event end

--@ meaning.RecordEvents
-- A server numbers the events that it reports; 0 is not a number. An event of a run comes with its
-- message, attempt and worker, and with its ending if it is finished. Events of a run that another
-- store had assigned are left out.
function meaning.RecordEvents()
  local first, store, count = take_number(), take_number(), take_number()
  local is_of_another = store ~= 0 and store ~= meta.store
  local begun  -- the run that has started last, as long as that is not saved
  local last = first > 0 and tonumber(call('HGET', P .. ':reported', server) or 0) or -1
  for number = first, first + count - 1 do
    local event, message = take(), take()
    local is_new, attempt, who, ending = number > last
    if message ~= '' then attempt, who, ending = take(), take(), take() end
    local is_of_run = starts_with(event, '"kind":"invoked"') or starts_with(event, '"kind":"overdue"')
    if is_of_another and (message ~= '' or is_of_run) then
      is_new = false
    end
    if is_new then record_reported(event) end
    if is_new and ending then
      local is_begun = begun and ending ~= '' and begun[1] == message and begun[2] == attempt
      if begun and not is_begun then start_run(unpack(begun)) end
      begun = ending == '' and {message, attempt, who} or nil
      if ending ~= '' then finish_run(message, attempt, who, ending, is_begun) end
    end
  end
  if begun then start_run(unpack(begun)) end
  if first > 0 then
    call('HSET', P .. ':reported', server, whole(math.max(last, first + count - 1)))
  end
end

--@ meaning.CheckProcess
function meaning.CheckProcess()
  reply(process_of(server) > take_number() and 'Superseded' or 'Done')
end
