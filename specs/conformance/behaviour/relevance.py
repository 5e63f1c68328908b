"""Which knobs can make a difference in a scenario.

The one idea: a knob is about something that happens. Where that does not happen, the knob needs not
be tried, and one prediction serves all its values.
"""

from gnomon.specs.conformance.protocol import Job
from gnomon.specs.conformance.tick.scenarios import (
    Advance,
    Create,
    Edit,
    Execute,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
    Store,
)


def relevant_knobs(scenario: Scenario) -> frozenset[str]:
    """The knobs of a behaviour that can make a difference in `scenario`."""
    found = {"polling", "catch_up"}
    jobs = [action.job for action in scenario.actions if isinstance(action, Create | Edit)]
    kinds = {type(action) for action in scenario.actions}
    of_job = set().union(*(_of_job(job) for job in jobs))
    found |= of_job & {"anchor", "first_firing", "minute_matching", "first_cron"}
    found |= of_job & {"one_time_past", "overlap"}
    changed = [one for one in scenario.actions if not isinstance(one, Advance | Step | Store)]
    if len(changed) > 1 or not isinstance(scenario.actions[0], Create):
        found.add("changes")
    if scenario.lag:
        found.add("early_wake")
    if Restart in kinds:
        found |= {"store", "pause"}
        found |= of_job & {"restart_interval", "restart_cron", "one_time_missed", "repeats_count"}
    if Store in kinds:
        found.add("store_outage")
    if Resume in kinds:
        found.add("resume_one_time")
        found |= of_job & {"resume_interval", "resume_cron"}
    if Edit in kinds:
        found |= of_job & {"edit_interval", "edit_cron"}
    if Execute in kinds:
        found.add("on_demand")
    may_end = any(job.at is not None or job.repeats is not None for job in jobs)
    if Execute in kinds and (Pause in kinds or may_end):
        found.add("on_demand_paused")
    if Step in kinds:
        found |= {"clock_noticed", "clock_back"} | (of_job & {"interval_clock"})
    return frozenset(found)


def _of_job(job: Job) -> set[str]:
    found = set()
    if job.every is not None:
        found |= {"anchor", "first_firing", "restart_interval", "resume_interval"}
        found |= {"edit_interval", "interval_clock"}
    elif job.cron is not None:
        found |= {"minute_matching", "first_cron", "restart_cron", "resume_cron"}
        found.add("edit_cron")
    else:
        found |= {"one_time_past", "one_time_missed"}
    if job.takes:
        found.add("overlap")
    if job.repeats is not None:
        found.add("repeats_count")
    return found
