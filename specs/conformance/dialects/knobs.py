"""The knobs of a dialect: each way in which schedulers read a cron definition differently.

The one idea: a profile is a setting of an executable model, and not prose. A scheduler *differs as
declared* if the model predicts its answers under the knobs that its adapter declares. At the
defaults, the model is the specification: JOB-4, FIRE-4 and FIRE-5.
"""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

Allowed = Literal["refused", "accepted"]


class Dialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One value for each knob. The first value of a knob is the default, and ours."""

    weekday_numbers: Annotated[
        Literal["sunday-0-7", "sunday-0", "monday-0", "sunday-1"],
        Meta(description="The numbers of the days of the week; sunday-0-7 has two for Sunday."),
    ] = "sunday-0-7"
    day_fields: Annotated[
        Literal[
            "either",
            "either-unless-star",
            "either-unless-every",
            "either-unless-full",
            "both",
            "refused",
        ],
        Meta(
            description="Whether a day must match both day fields, or either one if neither is *; "
            "if neither begins with *; if neither is * or */1; if neither allows every value; or "
            "whether one of them must be *."
        ),
    ] = "either"
    gap: Annotated[
        Literal["after", "shifted", "shifted-first", "skipped"],
        Meta(
            description="When a wall time is due that a change of offset leaves out: at the first "
            "instant after the gap; later by the length of the gap; so, but the first one alone "
            "if there are several; or not at all."
        ),
    ] = "after"
    fold: Annotated[
        Literal["first", "second", "both"],
        Meta(description="Which copies are due of a wall time that a change of offset repeats."),
    ] = "first"
    real_time: Annotated[
        Literal["minute-or-hour", "hour", "never", "unless-single"],
        Meta(
            description="Which of the two fields may begin with * for a job to follow real time "
            "through a change of offset, where gap and fold do not apply; or all jobs do unless "
            "both fields are a single number."
        ),
    ] = "minute-or-hour"
    backward_ranges: Annotated[
        Literal["refused", "wrap", "weekdays-wrap"],
        Meta(
            description="A range that runs backwards, such as FRI-MON; weekdays-wrap: only in the "
            "field day of week."
        ),
    ] = "refused"
    equal_ranges: Annotated[
        Literal["one-value", "whole-field"],
        Meta(description="A range whose ends are equal, such as 5-5."),
    ] = "one-value"
    step_on_number: Annotated[
        Literal["refused", "to-end", "alone"],
        Meta(
            description="A step on a single number, such as 5/15: runs to the end of the field, or "
            "has no effect."
        ),
    ] = "refused"
    large_steps: Annotated[
        Literal[
            "accepted", "refused", "refused-above-size", "refused-above-range", "refused-past-end"
        ],
        Meta(
            description="A step larger than the greatest number of its field; than the number of "
            "its values; than the distance between the ends of its range; or than that from the "
            "start of its range to the end of the field."
        ),
    ] = "accepted"
    range_to_sunday: Annotated[
        Literal["accepted", "refused"],
        Meta(description="A range whose end is Sunday, as SUN or 0, such as FRI-SUN."),
    ] = "accepted"
    steps_on_weekdays: Annotated[
        Literal["accepted", "ranges", "refused"],
        Meta(
            description="A step in the field day of week, such as */2; ranges: only on a range, "
            "such as 1-5/2."
        ),
    ] = "accepted"
    steps_on_names: Annotated[
        Literal["accepted", "ignored"],
        Meta(description="A step on a range of names, such as MON-FRI/2."),
    ] = "accepted"
    names: Annotated[
        Literal["accepted", "weekdays", "refused"],
        Meta(description="Names of months and of days of the week; weekdays: only of the latter."),
    ] = "accepted"
    nicknames: Annotated[
        Literal["accepted", "midnight", "and-every", "not-annually", "refused"],
        Meta(
            description="@daily and the others; midnight: @midnight is accepted as well; "
            "and-every: @every 5m, too, which is due each 5 minutes from when it is asked; "
            "not-annually: all but @annually."
        ),
    ] = "accepted"
    nickname_case: Annotated[
        Literal["any", "lower"], Meta(description="The letters of a nickname.")
    ] = "any"
    star_in_list: Annotated[
        Allowed, Meta(description="A bare * as one term of a list, such as *,5.")
    ] = "refused"
    overlaps: Annotated[
        Literal["accepted", "refused"],
        Meta(description="A list that gives a number twice, such as 1,1 or 1-5,3."),
    ] = "accepted"
    question_mark: Annotated[
        Literal["refused", "any"],
        Meta(description="A ? instead of a day field: any day, as *."),
    ] = "refused"
    last_day: Annotated[
        Allowed, Meta(description="L in the field day of month: the last day of the month.")
    ] = "refused"
    nearest_weekday: Annotated[
        Allowed,
        Meta(description="15W in the field day of month: the working day nearest to that day."),
    ] = "refused"
    nth_weekday: Annotated[
        Literal["refused", "accepted", "and-last"],
        Meta(
            description="1#2 in the field day of week: the second Monday of the month; and-last: "
            "1L is accepted as well, the last Monday."
        ),
    ] = "refused"
    sixth_field: Annotated[
        Literal["refused", "seconds-first", "seconds-last", "year"],
        Meta(description="The meaning of six fields."),
    ] = "refused"
    seventh_field: Annotated[
        Literal["refused", "year"],
        Meta(
            description="The meaning of seven fields: a year after six, which begin with seconds "
            "unless sixth_field is seconds-last."
        ),
    ] = "refused"
    hour_24: Annotated[Allowed, Meta(description="24 as an hour: midnight, as 0.")] = "refused"
    never_due: Annotated[
        Allowed, Meta(description="A definition that can never be due, such as 0 0 30 2 *.")
    ] = "refused"
    malformed: Annotated[
        Literal["refused", "never-due"],
        Meta(description="A field that is not understood: refused, or silently never due."),
    ] = "refused"


DEFAULT = Dialect()
"""The dialect of the specification."""


class ProfileError(ValueError):
    """A profile has an unknown knob or value; the message names it and what is allowed."""


def values_of(knob: str) -> tuple[str, ...]:
    """The values of a knob, the default first."""
    kind = Dialect.__annotations__[knob]
    return get_args(get_args(kind)[0])


KNOBS: dict[str, tuple[str, ...]] = {name: values_of(name) for name in Dialect.__struct_fields__}
"""Every knob with its values, the default first."""


def dialect_of(profile: dict[str, str]) -> Dialect:
    """The dialect with the knobs of `profile`, all others at their defaults. Raises ProfileError.

    >>> dialect_of({"gap": "shifted"}).gap
    'shifted'
    """
    faults = []
    for knob, value in profile.items():
        if knob not in KNOBS:
            faults.append(f"{knob!r} is not a knob; the knobs are {', '.join(KNOBS)}")
        elif value not in KNOBS[knob]:
            faults.append(f"{knob}: {value!r} is not a value; allowed are {', '.join(KNOBS[knob])}")
    if faults:
        raise ProfileError("; ".join(faults))
    return msgspec.convert(profile, Dialect)


def profile_of(dialect: Dialect) -> dict[str, str]:
    """The knobs of `dialect` that are not at their defaults.

    >>> profile_of(Dialect(fold="both"))
    {'fold': 'both'}
    """
    return {
        knob: value for knob in KNOBS if (value := getattr(dialect, knob)) != getattr(DEFAULT, knob)
    }
