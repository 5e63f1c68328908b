-- One call: the inbox of who asks, then each operation in turn.

local inbox = call('LPOP', P .. ':inbox:' .. server, 1000)
while position < #ARGV do
  number = number + 1
  meaning[take()]()
end
return finish(inbox)
