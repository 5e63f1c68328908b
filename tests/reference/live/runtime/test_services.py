"""Finding services by module, by class, by entry point; and every fault of that."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from time import monotonic_ns

import pytest

from gnomon.reference.live.runtime import demo
from gnomon.reference.live.runtime.services import BadServices, find_services
from gnomon.reference.service import Invocation, Service
from gnomon.reference.store.operations import Message

DEMO = {"demo.input-logger", "demo.sleep", "demo.fail"}
SERVICE = (
    "from gnomon.reference.service import Service\n"
    "from tests.support.sample_services import Derived as Works\n"
)

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes files into a folder on the path; unloads their modules after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def make(name: str, text: str) -> None:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((SERVICE if file.suffix == ".py" else "") + dedent(text), "utf-8")

    yield make
    for module in set(sys.modules) - before:
        del sys.modules[module]


def found_in(*modules: str) -> dict[str, str]:
    """The services beside the demo ones: by name, the class that implements each."""
    services = find_services(modules)
    assert set(services) >= DEMO
    assert all(service.name == name for name, service in services.items())
    return {
        name: f"{service.__module__}.{service.__qualname__}"
        for name, service in services.items()
        if name not in DEMO
    }


def faults_of(*modules: str) -> tuple[str, ...]:
    with pytest.raises(BadServices) as caught:
        find_services(modules)
    assert all("\n" not in fault for fault in caught.value.faults)
    assert str(caught.value) == "; ".join(caught.value.faults)
    return caught.value.faults


# --- services that are found


def test_the_demo_services_are_always_included() -> None:
    assert set(find_services([])) == DEMO


def test_a_module_selects_the_services_that_it_defines(write: Write) -> None:
    write("shop/base.py", "class Imported(Works):\n    name = 'shop.imported'")
    write("shop/__init__.py", "")
    write(
        "shop/reports.py",
        """
        from shop.base import Imported

        class Daily(Works):
            name = "shop.daily"

        class Weekly(Works):
            name = "shop.weekly"

        Alias = Weekly
        """,
    )
    assert found_in("shop.reports") == {
        "shop.daily": "shop.reports.Daily",
        "shop.weekly": "shop.reports.Weekly",
    }
    assert list(found_in("shop.base", "shop.reports", "shop.base")) == [
        "shop.imported",
        "shop.daily",
        "shop.weekly",
    ]


def test_services_in_all_may_be_defined_elsewhere(write: Write) -> None:
    write("parts.py", "class A(Works):\n    name = 'a'\nclass B(Works):\n    name = 'b'")
    write("whole.py", "from parts import A, B\n__all__ = ['A']\n")
    assert found_in("whole") == {"a": "parts.A"}


def test_a_path_can_name_a_class(write: Write) -> None:
    write("pair.py", "class A(Works):\n    name = 'a'\nclass B(Works):\n    name = 'b'")
    assert found_in("pair:B") == {"b": "pair.B"}


def test_a_service_without_a_name_is_named_after_its_class(write: Write) -> None:
    write(
        "nameless.py",
        """
        class Base(Service):
            def before_job(self): pass

        class Named(Base):
            name = "named"
            def handle(self): pass

        class Heir(Named):
            pass
        """,
    )
    assert found_in("nameless") == {"named": "nameless.Named", "nameless.Heir": "nameless.Heir"}
    assert find_services(["nameless"])["nameless.Heir"].name == "nameless.Heir"


def test_a_base_is_skipped_unless_selected_by_its_class(write: Write) -> None:
    write(
        "bases.py",
        """
        from abc import ABC, abstractmethod

        class Base(Service): pass

        class Template(Service, ABC):
            def handle(self): self.work()
            @abstractmethod
            def work(self): ...

        class Middle(Base): pass

        class Real(Template):
            name = "real"
            def work(self): pass

        class Last(Middle):
            name = "last"
            def handle(self): pass
        """,
    )
    assert found_in("bases") == {"real": "bases.Real", "last": "bases.Last"}
    (fault,) = faults_of("bases:Base")
    assert fault.startswith("bases.Base: it has no handle, so it would do nothing; ")
    (fault,) = faults_of("bases:Template")
    assert fault == "bases.Template: it is abstract, so it cannot run; define work"


def test_an_installed_package_offers_services(write: Write) -> None:
    write("offered.py", "class A(Works):\n    name = 'a'\nclass B(Works):\n    name = 'b'")
    write("more.py", "class C(Works):\n    name = 'c'")
    write("offers-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: offers\nVersion: 1.0\n")
    write(
        "offers-1.0.dist-info/entry_points.txt",
        "[gnomon.services]\none = offered:B\nall = more\n",
    )
    assert found_in() == {"c": "more.C", "b": "offered.B"}


# --- faults


def test_a_class_without_handle_is_refused_among_others(write: Write) -> None:
    """Without a name it could be a base, but nothing is derived from it."""
    write(
        "shop.py",
        """
        class Sends(Works):
            name = "sends"

        class Report(Service):
            def run(self): pass

        class Bill(Service):
            async def handel(self): pass

        class Heir(Bill):
            def handle(self): pass

        class Typo(Works):
            def before_cron_job(self): pass
        """,
    )
    assert [fault.partition(";")[0] for fault in faults_of("shop")] == [
        "shop.Report: it has no handle, so it would do nothing",
        "shop.Bill: it has no handle",
        "shop.Typo: before_cron_job is no hook",
    ]


@pytest.mark.parametrize("path", ["", ".", "a-b", "shop.py:", "a:b:c", "a..b", "../shop", "a: b"])
def test_an_invalid_import_path_is_a_fault(path: str) -> None:
    (fault,) = faults_of(path)
    assert fault == f"{path or repr('')}: write package.module or package.module:Class"


def test_a_missing_module_is_a_fault_with_a_remedy(write: Write) -> None:
    write("there.py", "class A(Works):\n    name = 'a'")
    assert faults_of("absent") == (
        "absent: there is no module absent; is the folder that holds it on PYTHONPATH?",
    )
    assert faults_of("there.inside") == (
        "there.inside: there is no module there.inside; is the folder that holds it on PYTHONPATH?",
    )


def test_an_import_that_fails_inside_a_module_is_a_fault(write: Write) -> None:
    write("needs.py", "import not_installed_here")
    (fault,) = faults_of("needs")
    assert fault == ("needs: it imports not_installed_here, which is not there; is that installed?")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero ("),
        ("raise SystemExit('no\\nsettings')", "SystemExit: no settings ("),
        ("def", "SyntaxError: invalid syntax (broken.py, line 3)"),
        ("import os\nos.nothing", "AttributeError: module 'os' has no attribute 'nothing' ("),
    ],
)
def test_a_module_that_raises_is_a_fault_with_its_place(write: Write, text: str, why: str) -> None:
    write("broken.py", text)
    (fault,) = faults_of("broken")
    assert fault.startswith(f"broken: cannot be imported: {why}")
    assert "broken.py, line " in fault


def test_a_module_without_services_is_a_fault(write: Write) -> None:
    write("empty.py", "class NoService: pass")
    (fault,) = faults_of("empty")
    assert fault.startswith("empty: there are no services in it; ")


def test_a_class_that_is_missing_or_no_service_is_a_fault(write: Write) -> None:
    write("pair.py", "class Report(Works):\n    name = 'a'\nclass Other: pass\n")
    assert faults_of("pair:Reprot") == (
        "pair:Reprot: there is no Reprot in it; did you mean Report?",
    )
    (fault,) = faults_of("pair:Other")
    assert fault.startswith("pair:Other: Other is no service; ")
    (fault,) = faults_of("pair:Service")
    assert fault.startswith("pair:Service: Service is no service; ")


def test_a_missing_name_in_all_is_a_fault(write: Write) -> None:
    write("lists.py", "__all__ = ['Gone']")
    assert faults_of("lists") == ("lists: its __all__ names 'Gone', which is not there",)


ANOTHER_SLEEP = (
    "two.S: gnomon.reference.live.runtime.demo.Sleep is called 'demo.sleep', too; "
    "let one of them set another name"
)


def test_two_services_of_one_name_are_a_fault(write: Write) -> None:
    write("one.py", "class A(Works):\n    name = 'same'")
    write("two.py", "class B(Works):\n    name = 'same'\nclass S(Works):\n    name='demo.sleep'")
    assert faults_of("one", "two") == (
        "two.B: one.A is called 'same', too; let one of them set another name",
        ANOTHER_SLEEP,
    )


@pytest.mark.parametrize("name", ["''", "17", "None", "'a\\nb'", "'\\udc80'", "['x']"])
def test_an_invalid_name_is_a_fault(write: Write, name: str) -> None:
    write("named.py", f"class A(Works):\n    name = {name}")
    (fault,) = faults_of("named")
    assert fault.startswith("named.A: name is ")


@pytest.mark.parametrize("threshold", ["1.5", "0", "-1", "True", "None", "'2s'"])
def test_an_invalid_threshold_is_a_fault(write: Write, threshold: str) -> None:
    write("slow.py", f"class A(Works):\n    name = 'a'\n    slow_threshold = {threshold}")
    (fault,) = faults_of("slow")
    assert fault.startswith("slow.A: slow_threshold is ")
    assert fault.endswith("; a whole number of milliseconds from 1")


def test_all_faults_are_reported_at_once(write: Write) -> None:
    write("slow.py", "class A(Works):\n    name = ''\n    slow_threshold = 0")
    assert len(faults_of("absent", "slow", "a:b:c")) == 4


def test_a_fault_of_an_entry_point_names_it(write: Write) -> None:
    write("offers-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: offers\nVersion: 1.0\n")
    write("offers-1.0.dist-info/entry_points.txt", "[gnomon.services]\none = absent:B\n")
    (fault,) = faults_of()
    assert fault.startswith("entry point 'one' of offers: absent:B: there is no module absent; ")


# --- the demo services


def invoked(service: type[Service], payload: str | None) -> str | None:
    """The error of a run with this payload."""
    message = Message(1, "K1", "7", 1, 0, 1, "my job", "one_time", service.name, payload)
    invocation = Invocation(service(message, 1, 0))
    invocation.end(lambda: 0)
    return invocation.error


def test_sleep_takes_the_duration_in_its_payload() -> None:
    began = monotonic_ns()
    assert invoked(demo.Sleep, "30ms") is None
    assert 30_000_000 <= monotonic_ns() - began < 5_000_000_000


@pytest.mark.parametrize("payload", [None, "", "soon", "1.5s", "-1s", "250ms\n"])
def test_sleep_without_a_duration_fails(payload: str | None) -> None:
    error = invoked(demo.Sleep, payload)
    assert error is not None and error.startswith("ValueError: a duration is whole numbers with")


@pytest.mark.parametrize("payload", ["1d1us", "999999999999999999w"])
def test_sleep_refuses_more_than_a_day(payload: str) -> None:
    assert invoked(demo.Sleep, payload) == (
        "ValueError: the duration is too long; at most 1d is slept"
    )


def test_fail_fails_with_its_payload() -> None:
    assert invoked(demo.Fail, "no\nδ") == "Failed: no\nδ"
    assert invoked(demo.Fail, None) == "Failed: as it was asked to"
