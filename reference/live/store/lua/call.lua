-- One call: the inbox of the asking server, then each operation in turn.

local inbox = call('LPOP', P .. ':inbox:' .. server, 1000)
while position < #ARGV do
  number = number + 1
  local operation = take()
  if not meaning[operation] then
    define_changes()
    define_administration()
  end
  meaning[operation]()
end
return finish(inbox)
