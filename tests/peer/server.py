"""Starts ministack, with a scheduler that looks every second instead of every ten."""

import ministack.services.scheduler as scheduler

# A private name: the version is pinned.
scheduler._SCHEDULE_TICK_INTERVAL = 1

from ministack.app import main  # noqa: E402

main()
