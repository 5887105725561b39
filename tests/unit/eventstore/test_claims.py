"""Laws of claims: all of an append or nothing, and the same from any beginning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.eventstore.claims import Claim, ClaimChange, Claims, ClaimTaken, Release

NAMES, KEYS, HOLDERS = st.sampled_from("nm"), st.sampled_from("123"), st.sampled_from("ABC")
CHANGES = st.lists(st.builds(Claim, NAMES, KEYS, HOLDERS) | st.builds(Release, NAMES, HOLDERS), max_size=6)


def by_hand(held: dict[tuple[str, str], str], changes: list[ClaimChange]) -> dict[tuple[str, str], str] | None:
    """The rule in its plainest form: the claims after `changes`, None if one of them is refused."""
    after = dict(held)
    for change in changes:
        if isinstance(change, Release):
            after = {at: who for at, who in after.items() if (at[0], who) != (change.name, change.holder)}
        elif after.setdefault((change.name, change.key), change.holder) != change.holder:
            return None
    return after


@given(st.lists(CHANGES, max_size=8))
def test_appends_give_the_claims_of_the_plain_rule_and_a_refused_one_changes_nothing(
    appends: list[list[ClaimChange]],
) -> None:
    claims, expected = Claims(), dict[tuple[str, str], str]()
    for changes in appends:
        after = by_hand(expected, changes)
        if after is None:
            with pytest.raises(ClaimTaken):
                claims.apply(changes)
        else:
            claims.apply(changes)
            expected = after
        assert claims.held() == {Claim(name, key, holder) for (name, key), holder in expected.items()}
        assert Claims(claims.held()).held() == claims.held()
