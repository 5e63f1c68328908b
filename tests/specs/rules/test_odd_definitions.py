"""The rules judge any definition, however odd its values are."""

import pytest

from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import judge

ODD = ["null", "[]", "{}", "0", "true", "1e3", '""', "-1", '"2026-02-30T00:00:00Z"', '"ψ"']
FIELDS = ["name", "job_type", "service", "start_date", "is_active", "extra", "seconds", "repeats",
          "cron_definition", "timezone", "misfire", "grace", "unheard_of"]  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ODD)
def test_no_definition_is_too_odd_to_be_judged(field: str, value: str) -> None:
    odd = f"'{field}={value}'"
    text = f"""
        0s   lease_acquired  s1
        0s   job_created     a {odd if field != "name" else f"{odd} event_name=a"}
        0s   job_rejected    b {odd} faults="x: y"
        5s   job_edited      a {odd if field != "name" else f"{odd} event_name=a"}
        10s  published       1 a name=a job_type=one_time service=report payload=x due=0s
        10s  claimed         1 s1/1
        10s  started         1 s1/1
        10s  invoked         1 s1/1
        10s  finished        1 s1/1
        50s  end
        """
    findings = judge(read_example(text))
    assert all(isinstance(v.what, str) for f in findings.values() for v in f.violations)
