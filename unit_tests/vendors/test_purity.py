"""What a stream makes of an item depends on the item alone: a stream that has read nothing makes the same of it."""

import pytest

from unit_tests.vendors.wild import WildCase, answering, wild_cases


@pytest.mark.parametrize("wild", wild_cases(), ids=str)
def test_mapping_reads_nothing_but_its_item(wild: WildCase) -> None:
    with answering(wild, wild.answers) as asked:
        items = list(asked.stream.rows(asked.window))
    assert items
    mapped = [list(asked.stream.usages(item)) for item in items]
    unread = wild.stream()
    assert [list(unread.usages(item)) for item in items] == mapped
    # nor does it change anything: in another order it is still the same
    assert [list(unread.usages(item)) for item in reversed(items)] == mapped[::-1]
