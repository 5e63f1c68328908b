// /// script
// [tool.gnomon]
// debian = ["golang-go", "golang-github-robfig-cron-dev"]
// [[tool.gnomon.suspect]]
// fault = "It accepts empty terms of a list, and a - after *."
// rules = ["JOB-4"]
// cases = ["JOB-4/malformed/06", "JOB-4/malformed/07", "JOB-4/drawn/*"]
// [[tool.gnomon.suspect]]
// fault = "Where Lord Howe changes by half an hour, a day or a first time is left out."
// rules = ["FIRE-5", "META-1"]
// cases = ["FIRE-5/gap-and-fold-elsewhere/*", "FIRE-5/drawn/16"]
// [[tool.gnomon.suspect]]
// fault = "It never returns if it comes upon the day that Apia left out."
// rules = ["FIRE-5"]
// cases = ["FIRE-5/a-day-that-never-was/*"]
// ///

// Faults of robfig/cron, without the adapter.
package main

import (
	"fmt"
	"time"

	"github.com/robfig/cron"
)

func following(definition, zone, asked string) string {
	schedule, err := cron.ParseStandard("CRON_TZ=" + zone + " " + definition)
	if err != nil {
		panic(err)
	}
	after, _ := time.Parse(time.RFC3339, asked)
	found := schedule.Next(after).UTC().Format(time.RFC3339)
	fmt.Println(definition, "in", zone, "asked at", asked, "is due at", found)
	return found
}

func expect(found, expected string) {
	if found != expected {
		panic("expected " + expected)
	}
}

func main() {
	for _, definition := range []string{"1,,2 * * * *", ",1 * * * *", "1 *-/6 * * *"} {
		following(definition, "UTC", "2026-01-01T00:00:00Z")
	}
	// In Lord Howe the clock goes from 02:00 to 02:30 on 6 October, and back on 7 April 2024.
	zone := "Australia/Lord_Howe"
	expect(following("0 0 * * *", zone, "2024-10-05T14:00:00Z"), "2024-10-07T13:00:00Z")
	expect(following("0 0 * * *", zone, "2024-04-06T14:00:00Z"), "2024-04-08T13:30:00Z")
	expect(following("15 2 * * *", zone, "2024-04-06T00:00:00Z"), "2024-04-07T15:45:00Z")
	expect(following("15 2 * * *", zone, "2024-04-06T15:35:00Z"), "2024-04-06T15:45:00Z")

	done := make(chan string)
	go func() { done <- following("0 12 * * FRI", "Pacific/Apia", "2011-12-29T12:00:00Z") }()
	select {
	case found := <-done:
		panic(found)
	case <-time.After(5 * time.Second):
		fmt.Println("0 12 * * FRI in Pacific/Apia: nothing within 5 s")
	}
}
