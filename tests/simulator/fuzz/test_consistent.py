"""Names that exist no longer are mended or removed, and a fault that is meant stays."""

from msgspec.structs import replace

from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.fuzz.consistent import consistent
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.commands import (
    CrashServer,
    Create,
    Delete,
    Edit,
    Execute,
    StartServer,
)
from gnomon.specs.recording.model import ClusterSpec, Fixed, JobSpec, Recording, ServiceSpec
from gnomon.specs.recording.values import Plain
from tests.support.worlds import START, definition

FIELDS: dict[str, Plain] = {"job_type": "interval_based", "seconds": 5}
WHOLE = Recording(
    start=START,
    until=START + SECOND,
    cluster=ClusterSpec(servers=2),
    services=(
        ServiceSpec(name="work", duration=Fixed(0), deployed_on=("s1", "s9")),
        ServiceSpec(name="rest", duration=Fixed(0)),
    ),
    jobs=(JobSpec("a", replace(definition("a"), service="gone")),),
    commands=(
        Execute(at=START, job="a"),
        Execute(at=START, job="b"),
        Execute(at=START, job="c"),
        Create(at=START, job="c", set=FIELDS | {"service": "gone"}),
        Edit(at=START, job="c", set={"service": "rest"}),
        CrashServer(at=START, server="s2"),
        CrashServer(at=START, server="s3"),
        StartServer(at=START, server="s2", lacks=("gone", "rest")),
    ),
)


def test_what_is_gone_is_not_named() -> None:
    mended = consistent(WHOLE)
    assert mended.services[0].deployed_on == ("s1",)
    assert mended.jobs[0].definition.service == "work"
    assert mended.commands == (
        Execute(at=START, job="a"),
        Execute(at=START, job="c"),
        Create(at=START, job="c", set=FIELDS | {"service": "work"}),
        Edit(at=START, job="c", set={"service": "rest"}),
        CrashServer(at=START, server="s2"),
        StartServer(at=START, server="s2", lacks=("rest",)),
    )
    assert files.parse(writer.to_toml(mended).encode()) == mended
    assert consistent(mended) == mended


def test_a_service_without_a_name_stays() -> None:
    edit = Edit(at=START, job="a", set={"service": "", "minutes": -1})
    assert consistent(replace(WHOLE, commands=(edit,))).commands == (edit,)


def test_without_services_no_job_is_created_that_needs_one() -> None:
    create, delete = WHOLE.commands[3], Delete(at=START, job="c")
    assert (
        consistent(replace(WHOLE, services=(), jobs=(), commands=(create, delete))).commands == ()
    )
