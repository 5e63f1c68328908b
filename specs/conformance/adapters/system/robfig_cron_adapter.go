// /// script
// [tool.gnomon]
// levels = ["next"]
// command = ["env", "GO111MODULE=off", "GOPATH=/usr/share/gocode", "go", "run"]
// check = ["sh", "-c", "command -v go && test -d /usr/share/gocode/src/github.com/robfig/cron"]
// debian = ["golang-go", "golang-github-robfig-cron-dev"]
// ///

// Adapter: robfig/cron, which Kubernetes and many programs in Go use.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron"
)

type request struct {
	Seq   int
	Do    string
	Cron  string
	Every float64
	Start time.Time
	Zone  string
	After time.Time
	Count int
}

var profile = map[string]string{
	"weekday_numbers": "sunday-0",
	"gap":             "skipped",
	"fold":            "both",
	"step_on_number":  "to-end",
	"nicknames":       "midnight",
	"nickname_case":   "lower",
	"star_in_list":    "accepted",
	"question_mark":   "any",
	"never_due":       "accepted",
}

var known = []map[string]string{}

func next(asked request) (reply map[string]any) {
	defer func() {
		if fault := recover(); fault != nil {
			reply = map[string]any{"error": fmt.Sprint(fault)}
		}
	}()
	var schedule cron.Schedule
	at := asked.After
	if asked.Every > 0 { // counted from the instant before: that of the creation is the first
		if asked.Start.After(asked.After) {
			return map[string]any{"unsupported": "an interval that begins later"}
		}
		if asked.Start.Nanosecond() != 0 { // it documents that it rounds to seconds
			return map[string]any{"unsupported": "fractions of a second"}
		}
		schedule, at = cron.Every(time.Duration(asked.Every*float64(time.Second))), asked.Start
	} else {
		parsed, err := cron.ParseStandard("CRON_TZ=" + asked.Zone + " " + asked.Cron)
		if err != nil {
			return map[string]any{"refused": err.Error()}
		}
		schedule = parsed
	}
	instants := []string{}
	for len(instants) < asked.Count {
		at = schedule.Next(at)
		if at.IsZero() { // it looks five years ahead
			break
		}
		if at.After(asked.After) {
			instants = append(instants, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return map[string]any{"instants": instants}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		var reply map[string]any
		switch asked.Do {
		case "bye":
			return
		case "hello":
			reply = map[string]any{
				"protocol":       1,
				"implementation": map[string]string{"name": "robfig/cron", "version": "3", "language": "go"},
				"levels":         []string{"next"},
				"definitions":    []string{"cron", "every"},
				"profile":        profile,
				"known":          known,
			}
		case "next":
			reply = next(asked)
		default:
			reply = map[string]any{"unsupported": asked.Do}
		}
		reply["seq"] = asked.Seq
		if err := out.Encode(reply); err != nil {
			panic(err)
		}
	}
}
