-- Pausing the whole cluster: the script of `gnomon.reference.store.pause`. The number `paused` is the
-- instant since which the cluster is paused, 0 if it is not; `paused-by` names who has paused it, as JSON.

--@ switch_publishing
-- Note since when the cluster is paused, 0 if it is not, and answer who waits for a change.
local function switch_publishing(kind, since, by)
  record(kind, '"by":' .. by)
  set('paused', since)
  call('HSET', P .. ':meta', 'paused-by', by)
  reply('Done')
  report_change({key = ''})
end

--@ meaning.PauseCluster
function meaning.PauseCluster()
  local by = take()
  if meta.paused ~= 0 then return refuse('"the cluster is paused already"') end
  switch_publishing('cluster_paused', now, by)
end

--@ meaning.ResumeCluster
function meaning.ResumeCluster()
  local by = take()
  if meta.paused == 0 then return refuse('"the cluster is not paused"') end
  switch_publishing('cluster_resumed', 0, by)
end
