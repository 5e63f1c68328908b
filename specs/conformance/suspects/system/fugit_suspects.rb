# /// script
# [tool.gnomon]
# debian = ["ruby", "ruby-fugit"]
# [[tool.gnomon.suspect]]
# fault = "It accepts a step without a range, and letters that are not ASCII."
# rules = ["JOB-4"]
# cases = ["JOB-4/malformed/11", "JOB-4/malformed/21"]
# [[tool.gnomon.suspect]]
# fault = "A step of 0 raises an error in place of refusing."
# rules = ["JOB-4"]
# cases = ["JOB-4/out-of-range/08"]
# [[tool.gnomon.suspect]]
# fault = "A date that no month has is refused even if a day of the week is due."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/either-day-field/09", "FIRE-4/either-day-field/18"]
# [[tool.gnomon.suspect]]
# fault = "*/1 counts as * in the field day of month, and */2 does not."
# rules = ["FIRE-4"]
# cases = ["FIRE-4/day-field-with-a-star/05"]
# ///
# Faults of fugit, without the adapter.
require "fugit"

def following(definition)
  found = Fugit.parse_cron("#{definition} UTC")&.next_time(EtOrbi.parse("2026-01-01T00:00:00Z"))
  puts "#{definition}: #{found || "refused"}"
  found
end

["/5 * * * *", "0 0 * * ſUN"].each { |cron| raise cron unless following(cron) }
["0 0 30 2 3", "0 0 31 4 3"].each { |cron| raise cron if following(cron) }
raise "either day" unless following("0 0 */1 * 3").day == 7  # a Wednesday
raise "either day" unless following("0 0 */2 * 3").day == 3
begin
  following("*/0 * * * *")
rescue ArgumentError, ZeroDivisionError, RuntimeError => error
  puts "*/0 * * * *: #{error.class}: #{error.message}"
else
  raise "*/0 is refused"
end
