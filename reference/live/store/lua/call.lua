-- One call: the inbox of the asking server, then each operation in turn.

-- A server without memory denies a script only its first write, and only if that is one that may take
-- memory; LPOP is none. So a call first asks for memory, with a write that changes nothing: either the
-- whole call is carried out, or nothing of it. An operator can read without memory. LPOP remains, also
-- for an operator: a replica refuses it, so no former primary answers with what it had.
local READS = {Jobs = true, Changes = true, JobByName = true, RunsOf = true, Overview = true,
  Messages = true, MessageById = true, ResultsOf = true, LastResults = true, OpenRuns = true, ChangesOf = true,
  LatestFaults = true, JobsByName = true, CheckSession = true,
  UnpublishedOf = true}
if server ~= 'operator' or not READS[ARGV[position + 1]] then
  call('SETRANGE', P .. ':memory', 0, '')
end
if reading < meta.now then correct_time() end
local inbox = call('LPOP', P .. ':inbox:' .. server, 1000)
while position < #ARGV do
  number = number + 1
  local operation = take()
  is_kept = is_kept or not READS[operation]
  meaning[operation]()
end
return finish(inbox)
