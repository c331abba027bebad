"""Values that are frozen for the type checker alone behave as frozen ones do."""

from dataclasses import replace

from taskweir.domain.model import Attempt


def test_values_compare_and_hash_by_their_fields_and_have_no_others() -> None:
    """So they can be keys, and cost no dictionary each."""
    one = Attempt(schedule_time=1, dispatch_time=2)
    assert one == Attempt(1, 2)
    assert hash(one) == hash(Attempt(1, 2))
    assert one != replace(one, dispatch_time=3)
    assert not hasattr(one, "__dict__")
