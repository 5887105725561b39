"""When a consumer stops: a single bad event parks its key, but a bug must not park a province."""

from dataclasses import dataclass

from shared.messaging.store import Tally


class ConsumerStopped(Exception):
    """Too many recent events failed. Nothing of the batch at hand was applied or parked."""


@dataclass(frozen=True, slots=True)
class StopRule:
    """Stops above `share` of the last `window` declared events, but not before more than `least` failed.

    Events that failed themselves count; those held behind them do not, as a long queue says nothing about the code.
    """

    share: float = 0.1
    least: int = 20
    window: int = 1000

    def check(self, tally: Tally) -> None:
        """Raises `ConsumerStopped`."""
        if tally.failed > self.least and tally.failed > self.share * tally.declared:
            raise ConsumerStopped(
                f"{tally.failed:.0f} of the last {tally.declared:.0f} events failed, more than {self.share:.0%}: "
                "repair the handler and restart; parked events then go on with a redrive"
            )
