"""How many tests a run has, and the order of their files."""

MANY = """
import pytest

@pytest.mark.sample(3)
@pytest.mark.parametrize("number", range(50))
def test_many(number): pass

@pytest.mark.full
def test_large(): pass

def test_small(): pass
"""
SLOW = """
import pytest

def test_quick(): pass

@pytest.mark.slow
def test_slow(): pass
"""
QUICK = "def test_quick(): pass\n"


def cases(result) -> set[str]:
    return {test for test in result.passed() if "many[" in test}


def test_a_sample_has_as_many_cases_as_marked_and_the_seed_draws_them(run):
    first, again, other = (
        run(*options, files={"file": MANY})
        for options in (("--sample", "1"), ("--sample", "1", "-n", "2"), ("--sample", "2"))
    )

    assert "file small" in first.passed()
    assert "file large" not in first.passed()
    assert len(cases(first)) == 3
    assert cases(again) == cases(first)
    assert cases(other) != cases(first)


def test_without_a_seed_every_case_runs(run):
    result = run(files={"file": MANY})

    assert len(cases(result)) == 50
    assert {"file small", "file large"} <= set(result.passed())


def test_slow_files_start_first(run):
    result = run("-n", "1", "--dist", "loadfile", files={"a": QUICK, "b": QUICK, "c": SLOW})

    assert result.passed() == ["c quick", "c slow", "a quick", "b quick"]
