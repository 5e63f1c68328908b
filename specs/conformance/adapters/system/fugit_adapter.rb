# /// script
# [tool.gnomon]
# levels = ["next"]
# command = ["ruby"]
# check = ["ruby", "-e", "require 'fugit'"]
# debian = ["ruby", "ruby-fugit"]
# ///
# Adapter: fugit, which rufus-scheduler, sidekiq-cron and solid_queue use.
require "fugit"
require "json"
require "time"

PROFILE = {
  gap: "skipped",
  fold: "both",
  backward_ranges: "wrap",
  step_on_number: "to-end",
  nicknames: "refused",
  star_in_list: "accepted",
  last_day: "accepted",
  nth_weekday: "accepted",
  sixth_field: "seconds-first",
  hour_24: "accepted",
}

KNOWN = []

def instants(request)
  cron = Fugit.parse_cron("#{request["cron"]} #{request["zone"]}")
  return { refused: "parse_cron returned nil" } if cron.nil?
  at = EtOrbi.parse(request["after"])
  found = []
  request["count"].times do
    at = cron.next_time(at)
    break if at.nil?
    found << Time.at(at.to_i).utc.iso8601
  end
  { instants: found }
rescue StandardError => error
  { error: error.full_message(highlight: false, order: :bottom)[-600..] || error.message }
end

$stdout.sync = true
out = $stdout.dup
out.sync = true
$stdout.reopen($stderr) # what a library prints
$stdin.each_line do |line|
  request = JSON.parse(line)
  break if request["do"] == "bye"
  reply =
    case request["do"]
    when "hello"
      implementation = { name: "fugit", version: Fugit::VERSION, language: "ruby" }
      { protocol: 1, implementation:, levels: ["next"], profile: PROFILE, known: KNOWN }
    when "next" then instants(request)
    else { unsupported: request["do"] }
    end
  out.puts JSON.generate({ seq: request["seq"] }.merge(reply))
end
