-- One call: the inbox of the asking server, then each operation in turn.

local inbox = call('LPOP', P .. ':inbox:' .. server, 1000)
while position < #ARGV do
  number = number + 1
  meaning[take()]()
end
return finish(inbox)
