-- Which services the live servers have, and which each of them leaves to others (DLV-7): the script of
-- `gnomon.reference.store.deployed`. A name is a JSON text, as in the body of a message.
--
--   :services  hash server -> the services that it states, a name a line
--   :left      hash server -> the services that it lacks and another has, a line feed around each
-- The number `differs` is 1 while a server leaves anything to others, or a message is passed over; as
-- long as it is 0 no service is compared.

--@ service_of
-- The service in the body of a message; nil if it has none that can be read.
local function service_of(body)
  return string.match(body, ',"job_type":"[a-z_]+","service":(".-"),"payload":')
end

--@ left_by
local function left_by(worker) return call('HGET', P .. ':left', string.match(worker, '^(.*)/')) end

--@ is_left
-- Whether a service is among those that a server leaves to others.
local function is_left(left, service)
  return left and service and string.find(left, '\n' .. service .. '\n', 1, true)
end

--@ find_left
-- What each server leaves to others, by its name; nothing if all have the same services.
local function find_left()
  local all, offered, lists, count = call('HGETALL', P .. ':services'), {}, {}, 0
  for place = 2, #all, 2 do
    if not lists[all[place]] then count = count + 1 end
    lists[all[place]] = true
    for name in string.gmatch(all[place], '[^\n]+') do offered[name] = true end
  end
  local left = {}
  for place = 1, count > 1 and #all or 0, 2 do
    local names = {}
    for name in pairs(offered) do
      if not is_left('\n' .. all[place + 1] .. '\n', name) then names[#names + 1] = name end
    end
    table.sort(names)
    if #names > 0 then left[all[place]] = '\n' .. table.concat(names, '\n') .. '\n' end
  end
  return left
end

--@ save_left
-- Save what each server leaves to others; whether it differs from before.
local function save_left(left)
  local before, fields = call('HGETALL', P .. ':left'), {}
  local is_same = true
  for place = 1, #before, 2 do is_same = is_same and left[before[place]] == before[place + 1] end
  for name, names in pairs(left) do
    fields[#fields + 1] = name
    fields[#fields + 1] = names
  end
  if is_same and #fields == #before then return false end
  call('DEL', P .. ':left')
  if #fields > 0 then call('HSET', P .. ':left', unpack(fields)) end
  return true
end
